"""Finds the classes that settings name, and explains why one does not fit."""

import inspect
import re
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, cast, get_type_hints

from lightning.pytorch import LightningDataModule, LightningModule
from torch import nn

from deblur_lightning.errors import UserError

GIVEN = r"Given value: (?:NestedArg\(key='[^']*', val=)?(?:\{'class_path': |Namespace\(class_path=)?'?([\w.]+)"
"""Where a parser's error tells what it was given, the innermost first."""

MISFIT = r"either not accessible or invalid|is abstract|correspond to a subclass|has no attribute|No module named"


def class_named(path: str) -> type:
    """The class of the dotted ``path``, which the parser has accepted."""
    module, _, name = path.rpartition(".")
    return cast(type, getattr(import_module(module), name))


def construct(found: type, *args: Any, **kwargs: Any) -> Any:
    """An object of the class ``found``, for a parser.

    Raises:
        UserError: a class of another library refuses what it is given.
    """
    try:
        return found(*args, **kwargs)
    except (AssertionError, TypeError, ValueError) as error:
        if found.__module__.startswith("deblur_lightning."):  # raises UserError, or is at fault itself
            raise
        raise UserError(f"{found.__name__}: {' '.join(str(error).split())}") from error


def misfit(message: str, keys: str, owners: list[str]) -> str | None:
    """Why the class that ``keys`` names does not do, or None where the parser's ``message`` is of something else.

    Args:
        message: what the parser said.
        keys: the dotted key.
        owners: paths of the classes whose settings they are, the outermost first.
    """
    given = re.search(GIVEN, message)
    if given is None or "." not in given[1] or not re.search(MISFIT, message):
        return None
    told = f"{keys}={given[1]}"
    try:
        found = class_named(given[1])
    except Exception as error:  # whatever a module of the user's raises when it is imported
        reason = " ".join(str(error).split()) or type(error).__name__
        top = Path(given[1].partition(".")[0])
        unfound = isinstance(error, ModuleNotFoundError) and error.name == top.name
        here = unfound and (top.is_dir() or top.with_suffix(".py").is_file())
        elsewhere = "check its name, and that PYTHONPATH has the folder it lies in"
        cure = "begin the command with PYTHONPATH=., so that this folder is searched" if here else elsewhere
        return f"{told} cannot be imported ({reason}): {cure}."
    if inspect.isabstract(found):
        return f"{told} lacks {', '.join(_abstract(found))}: write it into {_short_name(given[1])}."
    if wanted := re.search(r"correspond to a subclass of (\w+)", message):
        kind = accepted_type(keys, owners)
        names = ", ".join(sorted(concrete_names(kind)))
        return f"{told} is no {wanted[1]}: choose from {names}, or extend {wanted[1]}{_to_write(wanted[1], kind)}."
    return None


def _to_write(name: str, kind: Any) -> str:
    """The methods that an extension of the class ``name``, which ``kind`` admits, must have, as words."""
    methods = [method for base in _classes_in(kind) if base.__name__ == name for method in _abstract(base)]
    return f" with its {', '.join(methods)}" if methods else ""


def _abstract(found: type) -> list[str]:
    return sorted(getattr(found, "__abstractmethods__", ()))


def unknown_class(name: str, keys: str, owners: list[str]) -> str:
    """There is no class ``name`` for the setting ``keys`` of the innermost of ``owners``."""
    return f"no class {name!r} for {keys}: {suggestion(name, concrete_names(accepted_type(keys, owners)))}"


def accepted_type(keys: str, owners: list[str]) -> Any:
    """The type of the setting ``keys``."""
    if owners:
        return get_type_hints(vars(class_named(owners[-1]))["__init__"]).get(_short_name(keys))
    return {"model": LightningModule, "data": LightningDataModule}.get(keys)


def concrete_names(base: Any) -> list[str]:
    """The classes of this package that ``base``, a class, several or a list of them, admits.

    A setting typed as any ``nn.Module`` alone is meant for a network.
    """
    bases: set[type] = set(_classes_in(base)) - {type(None)}
    room = "deblur_lightning.networks." if bases == {nn.Module} else "deblur_lightning."
    names: list[str] = []
    if len(bases) > 1:
        bases -= {nn.Module}
    waiting: list[type] = []
    for each in bases:
        waiting += each.__subclasses__()
    while waiting:
        candidate = waiting.pop()
        waiting += candidate.__subclasses__()
        shown = candidate.__module__.startswith(room) and not candidate.__name__.startswith("_")
        if shown and not inspect.isabstract(candidate):
            names.append(candidate.__name__)
    return names


def suggestion(name: str, known: Iterable[str], everything: bool = True) -> str:
    """The nearest of ``known`` to ``name``; where none is near, all of them, if ``everything`` is to be told."""
    choices = sorted(set(known))
    close = get_close_matches(name, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if everything and choices:
        return f"choose from {', '.join(choices)}."
    return "deblur SUBCOMMAND --help lists them."


def _classes_in(kind: Any) -> list[type]:
    inner = getattr(kind, "__args__", None)
    if inner is None:
        return [kind] if isinstance(kind, type) else []
    return [found for part in inner for found in _classes_in(part)]


def _short_name(path: str) -> str:
    return path.rsplit(".", 1)[-1]
