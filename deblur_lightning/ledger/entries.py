"""Builds a dataclass from an entry of a YAML file, and names fields that are unknown or missing."""

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

from deblur_lightning.errors import UserError

T = TypeVar("T")


def build_entry(kind: type[T], entry: Mapping[str, Any], where: str) -> T:
    """An object of ``kind`` with the fields of ``entry``, lists as tuples.

    Args:
        kind: a dataclass.
        entry: its fields by name.
        where: the file and the place in it, for the error.

    Raises:
        UserError: a field is unknown or missing, or ``entry`` is no mapping.
    """
    if not isinstance(entry, Mapping):
        raise UserError(f"{where}: {entry!r} is no mapping: give it fields, such as {{experiment: srcnn_915}}.")
    known = inspect.signature(kind).parameters
    unknown = sorted(set(map(str, entry)) - set(known))
    missing = [name for name, field in known.items() if field.default is field.empty and name not in entry]
    if unknown or missing:
        fault = f"unknown {', '.join(unknown)}" if unknown else f"no {', '.join(missing)}"
        raise UserError(f"{where}: {fault}: the fields are {', '.join(known)}.")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})
