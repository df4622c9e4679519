"""Reads the files of a run's folder as data, and says in one line what is wrong with one."""

import csv
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from deblur_lightning.errors import UserError
from deblur_lightning.files.moved_names import with_names_of_today

MOST_BYTES = 1_000_000
"""Of a configuration or a note; ours have a hundredth of that."""
MOST_NUMBER = 1e18
NOTE_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "arguments": list,
    "parameters": int,
    "macs": int,
    "taps_error": (int, float),
    "seconds": (int, float),
    "commit": str,
    "machine": str,
}


def read_settings(path: Path) -> dict[str, Any]:
    """A run's ``config.yaml``; empty where there is none.

    Raises:
        UserError: it cannot be read, or is no mapping.
    """
    if not path.is_file():
        return {}
    try:
        settings = yaml.safe_load(_text(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is no YAML ({_first_line(error)}).") from error
    if not isinstance(settings, dict):
        raise UserError(f"{path} is no mapping.")
    renamed: dict[str, Any] = with_names_of_today(settings)
    return renamed


def branch(tree: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The mapping below ``keys`` of a configuration; empty where there is none.

    Raises:
        UserError: something else is there.
    """
    found: Any = tree
    for key in keys:
        found = found.get(key)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise UserError(f"{key!r} in config.yaml is no mapping.")
    return dict(found)


def read_note(path: Path) -> dict[str, Any]:
    """What ``deblur reproduce`` notes of a run beside its scores; empty where there is none.

    Raises:
        UserError: it cannot be read, or a field of it is not what is written there.
    """
    if not path.is_file():
        return {}
    try:
        note = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON ({_first_line(error)}).") from error
    if not isinstance(note, dict):
        raise UserError(f"{path} is no mapping.")
    for name in NOTE_FIELDS.keys() & note.keys():
        if not _sound(name, note[name]):
            raise UserError(f"{path}: {name} is not what is noted there.")
    return note


def _sound(name: str, value: Any) -> bool:
    if not isinstance(value, NOTE_FIELDS[name]):
        return False
    # taps that have diverged are a result, a size or a time that is no number is damage
    return not isinstance(value, int | float) or name == "taps_error" or 0 <= value < MOST_NUMBER


def read_losses(path: Path) -> dict[int, float]:
    """Training loss by step of a ``metrics.csv``, where it is finite; empty where there is no such file.

    Raises:
        UserError: it cannot be read, or a row is damaged.
    """
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            found = dict(_losses(csv.DictReader(file)))
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({_first_line(error)}).") from error
    return {step: loss for step, loss in found.items() if math.isfinite(loss)}


def _losses(rows: Iterable[Mapping[str, Any]]) -> Iterable[tuple[int, float]]:
    for row in rows:
        if value := row.get("train/loss") or row.get("train/mse"):
            yield int(row["step"]), float(value)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path} has more than {MOST_BYTES / 1e6:.0f} MB.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
