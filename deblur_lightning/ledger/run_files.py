"""Reads the files in a run's folder as plain data; a damaged file raises an error of one line."""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from deblur_lightning.errors import UserError
from deblur_lightning.files.moved_names import with_names_of_today
from deblur_lightning.intervals import half_width
from deblur_lightning.ledger.claims import NOTED
from deblur_lightning.records import ScoreRecord, read_scores

MOST_BYTES = 1_000_000
"""Limit for a configuration or a note; the usual size is a hundredth of it."""
MOST_NUMBER = 1e18
NOTE_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "arguments": list,
    "parameters": int,
    "macs": int,
    "test": list,
    "taps_error": (int, float),
    "late_change": (int, float),
    "seconds": (int, float),
    "commit": str,
    "machine": str,
}

GAN_LOSSES = ("train/loss_generator", "train/loss_discriminator")

Image = tuple[str, str]
"""Name of a test image, and fingerprint of its input."""


@dataclass(frozen=True)
class RunResult:
    """The scores of the last test of a run, and its note.

    Attributes:
        folder: folder of the run.
        tests: number of tests in ``scores.csv``; the scores of several must not be mixed.
        protocol: name of the metrics' protocol.
        inverse_crime: whether the blur was circular, noiseless and unrounded, as of no photograph.
        values: by metric the images and the score of each, as ordered in the file.
        note: content of ``run.json``: arguments; where known test, parameters, macs, taps_error, late_change,
            seconds, commit, machine.
    """

    folder: Path
    tests: int
    protocol: str
    inverse_crime: bool
    values: Mapping[str, tuple[tuple[Image, ...], tuple[float, ...]]]
    note: Mapping[str, Any]

    @property
    def images(self) -> int:
        """Number of test images."""
        return len({name for images, _ in self.values.values() for name, _ in images})

    def mean(self, metric: str) -> float | None:
        """The mean over images, to four decimals; None where there is no such metric."""
        if metric not in self.values:
            return None
        _, values = self.values[metric]
        return round(sum(values) / len(values), 4)

    def half_width(self, metric: str) -> float | None:
        """Half of the 95 % interval of the mean over images, to four decimals; None where there is none."""
        if metric not in self.values:
            return None
        half = half_width(self.values[metric][1])
        return round(half, 4) if math.isfinite(half) else None


def read_result(folder: Path, note: Mapping[str, Any]) -> RunResult:
    """The result of the run in ``folder``, whose note has been read.

    Raises:
        UserError: ``scores.csv`` cannot be read, or is damaged or empty.
    """
    path = folder / "scores.csv"
    records = read_scores(path)
    if not records:
        raise UserError(f"{path} has no scores: test the run again.")
    last = records[-1]
    by_metric: dict[str, list[ScoreRecord]] = {}
    for record in records:
        if record.test() == last.test():
            by_metric.setdefault(record.metric, []).append(record)
    shared: dict[tuple[Image, ...], tuple[Image, ...]] = {}  # most metrics have the same images: keep these once
    values = {}
    for metric, found in by_metric.items():
        images = tuple((record.image, record.inputs) for record in found)
        values[metric] = (shared.setdefault(images, images), tuple(record.value for record in found))
    tests = len({record.test() for record in records})
    return RunResult(folder, tests, last.protocol, last.inverse_crime, values, note)


def read_settings(path: Path) -> dict[str, Any]:
    """The content of a run's ``config.yaml``; empty where there is no such file.

    Raises:
        UserError: the file cannot be read, or is no mapping.
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
        UserError: there is something else than a mapping.
    """
    node: Any = tree
    for key in keys:
        node = node.get(key)
        if node is None:
            return {}
        if not isinstance(node, dict):
            raise UserError(f"{key!r} in config.yaml is no mapping.")
    return dict(node)


def read_note(path: Path) -> dict[str, Any]:
    """What ``deblur reproduce`` wrote about a run into ``run.json``; empty where there is no such file.

    Raises:
        UserError: the file cannot be read, or a field has the wrong type or size.
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
        if not _is_valid(name, note[name]):
            raise UserError(f"{path}: {name} is not valid.")
    return note


def _is_valid(name: str, value: Any) -> bool:
    if not isinstance(value, NOTE_FIELDS[name]):
        return False
    # an infinite error of the taps is a result (they diverged); a size or time that is no number is damage
    return not isinstance(value, int | float) or name in NOTED or 0 <= value < MOST_NUMBER


def read_losses(path: Path, columns: Sequence[str] = ("train/loss", "train/mse")) -> dict[int, float]:
    """The finite training losses in a ``metrics.csv``, by step; empty where there is no such file.

    Args:
        path: the file.
        columns: names of columns; of each row the first that has a value is taken.

    Raises:
        UserError: the file cannot be read, or a row is damaged.
    """
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            losses = dict(_losses(csv.DictReader(file), columns))
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({_first_line(error)}).") from error
    return {step: loss for step, loss in losses.items() if math.isfinite(loss)}


def _losses(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterable[tuple[int, float]]:
    for row in rows:
        if value := next(filter(None, map(row.get, columns)), None):
            yield int(row["step"]), float(value)


def late_change(paths: Iterable[Path]) -> float | None:
    """How much a GAN's losses change late in its training.

    For each loss, the means over the third and the fourth quarter of its logged values are compared.

    Args:
        paths: the ``metrics.csv`` of the training and of its continuations, in order.

    Returns:
        The change of the generator's loss or of the discriminator's, whichever is greater, relative to the third
        quarter; None where the losses are not both logged at least four times.

    Raises:
        UserError: a file cannot be read, or a row is damaged.
    """
    changes, files = [], list(paths)
    for name in GAN_LOSSES:
        losses: dict[int, float] = {}
        for path in files:
            losses |= read_losses(path, (name,))
        if len(losses) < 4:
            return None
        *_, third, fourth = np.array_split([losses[step] for step in sorted(losses)], 4)
        changes.append(abs(float(fourth.mean() / third.mean()) - 1))
    return max(changes)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path} has more than {MOST_BYTES / 1e6:.0f} MB.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
