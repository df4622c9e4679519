"""Settings of nested classes, each parsed once.

jsonargparse parses a class's settings three or four times, and with each time all that they nest: a blur in linear
light in a chain in a mixture would be parsed a hundred times. What comes out depends on what goes in alone, so it is
remembered: ``nafnet_photographs.yaml`` is read in a sixth of the time.
"""

import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from copy import deepcopy
from typing import Any

import jsonargparse._typehints
from jsonargparse import Namespace

NAME = "adapt_class_type"
PARSER: Any = jsonargparse._typehints  # not public; a version without the function parses as often as it will


@contextmanager
def parsed_once() -> Iterator[None]:
    """Within it, jsonargparse parses equal settings of a class once."""
    parse, known = getattr(PARSER, NAME, None), dict[Hashable, Any]()
    if parse is None:
        yield
        return

    def remembered(value: Any, serialize: bool, instantiate: bool, options: dict[str, Any], **more: Any) -> Any:
        before = more.get("prev_val")
        other_class = isinstance(before, Namespace) and before.get("class_path") != value.get("class_path")
        try:
            asked = frozen([value, options, more, _state()])
        except TypeError:  # an object in place of its settings
            asked = None
        if asked is None or serialize or instantiate or other_class:  # the other class's settings are removed too
            return parse(value, serialize, instantiate, options, **more)
        if asked not in known:
            known[asked] = deepcopy(parse(value, serialize, instantiate, options, **more))
        return deepcopy(known[asked])

    setattr(PARSER, NAME, remembered)
    try:
        yield
    finally:
        setattr(PARSER, NAME, parse)


def frozen(value: Any) -> Hashable:
    """``value``, made of settings, such that only equal ones of the same types are equal.

    Raises:
        TypeError: it holds another object.
    """
    if isinstance(value, dict | Namespace):
        members = value if isinstance(value, dict) else vars(value)
        return type(value).__name__, tuple((key, frozen(member)) for key, member in members.items())
    if isinstance(value, list | tuple | set | frozenset):
        return type(value).__name__, tuple(frozen(member) for member in value)
    if isinstance(value, type | str | int | float | None):  # 1, 1.0 and True are equal, 0.0 and -0.0 too
        return type(value).__name__, value if isinstance(value, type) else repr(value)
    raise TypeError(f"{type(value).__name__} is no setting")


def _state() -> list[Any]:
    """What the parser does differently by circumstances: its switches, and the folder that paths begin in."""
    switches = [(kept.name, value) for kept, value in copy_context().items() if isinstance(value, bool | str | None)]
    return [os.getcwd(), sorted(switches, key=str)]
