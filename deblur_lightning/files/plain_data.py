"""Checks of data that come from outside: plain values only, of bounded size."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

DEEPEST, MOST = 64, 100_000
"""Levels and values of a structure."""

LONGEST = 10_000
"""Characters of a text."""

LARGEST = 2**63
"""Whole numbers are below it, so that each is a number to floating point too."""

SHOWN = 200


def leaves(structure: Any) -> Iterator[Any]:
    """All values in nested dicts, lists and tuples that are none themselves; a value met twice counts twice.

    Raises:
        ValueError: levels or values beyond any use.
    """
    waiting, count = [(structure, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if depth > DEEPEST or count > MOST:
            raise ValueError(f"it has more than {DEEPEST} levels or {MOST} values")
        if isinstance(value, Mapping):
            waiting += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list | tuple):
            waiting += [(inner, depth + 1) for inner in value]
        else:
            yield value


def check_plain(structure: Any, largest: float = LARGEST) -> None:
    """Refuse what holds anything but texts, truth values, None and finite numbers in lists and dicts.

    Args:
        structure: what a file says.
        largest: bound of whole numbers, either way.

    Raises:
        ValueError: naming what is there instead.
    """
    for value in leaves(structure):
        if type(value) is int and abs(value) >= largest:
            raise ValueError("it holds a number beyond any use")
        if type(value) is float and not math.isfinite(value):
            raise ValueError(f"it holds {value}, which is no number")
        if type(value) is str and len(value) > LONGEST:
            raise ValueError(f"it holds a text of {len(value)} characters")
        if value is not None and type(value) not in (bool, int, float, str):
            raise ValueError(f"it holds a {type(value).__name__}")


def parse_json(text: str | bytes) -> Any:
    """What ``text`` says.

    Raises:
        ValueError: it is no JSON, or holds what ``check_plain`` refuses.
    """
    try:
        structure = json.loads(text)
    except RecursionError as error:
        raise ValueError("it has too many levels") from error
    check_plain(structure)
    return structure


def text_keys(structure: Any) -> dict[str, Any]:
    """``structure`` itself, where it is a dict whose keys are texts.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(structure, dict) or not all(isinstance(key, str) for key in structure):
        raise ValueError(f"it holds {type(structure).__name__} where names and values should be")
    return structure


def first_line(error: Exception) -> str:
    """What an error says first, or what kind it is."""
    return (str(error).splitlines() or [type(error).__name__])[0].strip(" .:")


def printable(value: Any) -> str:
    """``value`` for a message: of one line, with nothing that a terminal would obey, cut off where it is long."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except ValueError:  # more digits than Python prints
        text = type(value).__name__
    text = "".join(character if character.isprintable() else "?" for character in text[: SHOWN + 1])
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
