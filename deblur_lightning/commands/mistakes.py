"""Turns the errors of parsers and libraries into one line that says what to do."""

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml
from lightning.fabric.utilities.exceptions import MisconfigurationException

from deblur_lightning.commands.classes import class_named, misfit, suggestion, unknown_class
from deblur_lightning.commands.experiment.lost_loader import lost_loader
from deblur_lightning.commands.shortages import origin_of, shortage
from deblur_lightning.commands.strict_yaml import refuse_repeated_keys  # from here on jsonargparse refuses them too
from deblur_lightning.errors import UserError
from deblur_lightning.files.plain_data import printable
from deblur_lightning.lightning_internals import failed_in_restoring

LISTS = ("Sequence", "list", "tuple")
LONGEST_VALUE = 60
TRIED_AS_ANY_CALLBACK = r"(?<=\n)\s+- Problem with given class_path 'lightning.Callback'"
"""What a parser adds to the mistake in a callback's settings."""
BESIDE = "a class takes class_path and init_args, and nothing beside them: move what is beside into init_args."


def one_line(error: BaseException) -> str | None:
    """What to tell the user of ``error``, or None where it is no mistake of theirs."""
    for cause in causes_of(error):
        if isinstance(cause, UserError):
            return message_of(cause)
        if line := shortage(cause):
            return line
    if isinstance(error, RuntimeError) and str(error).startswith("Error(s) in loading state_dict"):
        first = (str(error).splitlines()[1:] or [""])[0].strip().rstrip(".")
        return f"the checkpoint does not fit the configuration's model ({first}): give the run's own config.yaml."
    if failed_in_restoring(error):
        return f"the checkpoint is damaged, or of another version ({_first(error)}): give another --ckpt_path."
    # Lightning checks its arguments by ``ValueError``
    refused = isinstance(error, ValueError) and origin_of(error).startswith("lightning.")
    if isinstance(error, MisconfigurationException) or refused:
        return " ".join(str(error).split())
    return lost_loader(error)


def message_of(error: UserError) -> str:
    """What it says; from a loader's worker it comes with the worker's traceback."""
    return str(error).rsplit("UserError: ", 1)[-1].strip()


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """``error``, what it was raised from, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _first(error: BaseException) -> str:
    return printable((str(error).splitlines() or [""])[0] or type(error).__name__)


def explain(message: str, arguments: Sequence[str], known_keys: Iterable[str]) -> str:
    """Name the culprit and the cure of a parser's error.

    Args:
        message: what the parser said, of any number of lines.
        arguments: what it had to parse.
        known_keys: every dotted key of the subcommand.
    """
    message = re.split(TRIED_AS_ANY_CALLBACK, message)[0]
    keys = ".".join(re.findall(r'Parser key "([^"]+)"', message))
    classes = re.findall(r"Problem with given class_path '([^']+)'", message)
    if found := re.search(r"Option '([\w.]+)' is not accepted", message):
        return _unknown_setting(found[1], classes[-1:])
    if found := re.search(r"Subcommand '\w+' does not accept option '([^']+)'", message):
        return _unknown_key(found[1], known_keys)
    if found := re.search(r"unrecognized arguments: --([^\s=]+)", message):
        return _unknown_key(found[1], known_keys)
    if found := re.search(r"Expected a dot import path string: (\S+)", message):
        return unknown_class(found[1], keys, classes[-1:])
    if found := re.search(r"Problems parsing config: (.+)", message, re.DOTALL):
        return f"{_broken_yaml(arguments)} is not valid YAML ({' '.join(found[1].split())}): mend that place."
    if found := re.search(r"arguments are required: (.+)", message):
        if not classes:
            return "no experiment: give one with --config; deblur experiments lists them."
        return f"{_short_name(classes[-1])} needs {found[1]}: give {', '.join(_arguments(keys, found[1]))}."
    innermost = re.split(r"(?<=\n)(\s*Given value: .+)\n", message[max(message.rfind("Parser key"), 0) :])
    if "Not a valid subclass" in message and not _kinds("".join(innermost[:2])):
        return f"{keys}: {BESIDE}"
    return misfit(message, keys, classes[:1]) or _wrong_value(keys, "".join(innermost[:2]))


def _broken_yaml(arguments: Sequence[str]) -> str:
    for path in (Path(argument.rpartition("=")[2]) for argument in arguments):
        try:
            refuse_repeated_keys(path.read_text() if path.is_file() else "")
        except yaml.YAMLError:
            return str(path)
    return "a configuration"


def _unknown_setting(name: str, classes: list[str]) -> str:
    if name == "class_path":
        return BESIDE
    if not classes or classes[0] in ("lightning.LightningDataModule", "lightning.LightningModule"):
        return f"there is no class yet that has {name!r}: an experiment comes first, what is laid over it after it."
    known = [key for key in inspect.signature(class_named(classes[0])).parameters if key != "self"]
    return f"{_short_name(classes[0])} has no setting {name!r}: {suggestion(name, known)}"


def _unknown_key(key: str, known_keys: Iterable[str]) -> str:
    return f"no setting {key!r}: {suggestion(key, known_keys, everything=False)}"


def _wrong_value(keys: str, message: str) -> str:
    kinds = _kinds(message)
    if not kinds:
        return " ".join(message.split())
    got = re.findall(r"Got value: (.+)", message)
    given = re.findall(r"Given value: (?:NestedArg\(key='[^']*', val=)?(.+?)\)?$", message, re.MULTILINE)
    value = (got + given + ["something else"])[0]
    return f"{keys}={_short(value)} does not fit: {_short_name(keys)} takes {' or '.join(kinds)}."


def _kinds(message: str) -> list[str]:
    """What a parser's ``message`` says would be accepted."""
    kinds = {}
    for expected in re.findall(r"Expected a (.+)", message):
        kind = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", expected.partition(" Got value: ")[0])
        kind = kind.replace("typing.", "").rstrip(".")
        kind = re.sub(r"^tuple with (\d+) elements$", r"a list of \1", kind)
        kinds[{"int": "a whole number", "float": "a number"}.get(kind, "a list" if kind in LISTS else kind)] = True
    kinds.pop("NoneType", None)
    return list(kinds)


def _short_name(path: str) -> str:
    return path.rsplit(".", 1)[-1]


def _arguments(keys: str, names: str) -> list[str]:
    return [f"--{keys}.{name}" for name in names.split(", ")]


def _short(value: str) -> str:
    value = value.strip("'")
    return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}..."
