"""Makes the paths in a run's settings absolute, so that a later command finds them from any folder."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

from jsonargparse import Namespace

from deblur_lightning.commands.classes import class_named


def make_absolute(settings: Any) -> None:
    """Replace, in place, each relative path by the one that it means in the present folder.

    Paths are the arguments of classes that are annotated as ``Path``, alone or among others, or as lists of it.

    Args:
        settings: classes with their arguments, in mappings and lists, as the command line has understood them.
    """
    tree = vars(settings) if isinstance(settings, Namespace) else settings
    if isinstance(tree, list):
        for part in tree:
            make_absolute(part)
    elif isinstance(tree, dict):
        for part in tree.values():
            make_absolute(part)
        if "class_path" in tree and "init_args" in tree:
            _locate(class_named(tree["class_path"]), tree["init_args"])


def _locate(taking: Callable[..., Any], arguments: Namespace | dict[str, Any]) -> None:
    given = vars(arguments) if isinstance(arguments, Namespace) else arguments
    try:
        hints = get_type_hints(taking.__init__ if isinstance(taking, type) else taking)  # type: ignore[misc]
    except NameError:  # a name that is imported for type checkers alone
        return
    for name in given:
        if _of_paths(hints.get(name)):
            given[name] = _absolute(given[name])


def _of_paths(kind: Any) -> bool:
    return kind is Path or any(map(_of_paths, get_args(kind)))


def _absolute(value: Any) -> Any:
    if isinstance(value, list):
        return [_absolute(part) for part in value]
    return str(Path(os.path.expanduser(value)).absolute()) if isinstance(value, str | Path) else value
