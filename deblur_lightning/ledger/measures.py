"""Reads figures of runs from their records, by image and by seed."""

from collections.abc import Sequence

import numpy as np

from deblur_lightning.errors import UserError
from deblur_lightning.fingerprints import alike
from deblur_lightning.ledger.plan import Run
from deblur_lightning.ledger.statistics import Values
from deblur_lightning.records import ScoreRecord, read_scores


def values_of(groups: Sequence[Sequence[Run]], metric: str) -> tuple[Values, tuple[tuple[str, str, str], ...]]:
    """The values of ``metric``, (seeds, images), of trainings side by side.

    Args:
        groups: for each training its runs, one for each seed.
        metric: one of ``claims.METRICS``.

    Returns:
        The values, and for each column the image's place in ``groups``, its name and its input's fingerprint.

    Raises:
        UserError: the seeds were tested on different inputs.
    """
    seeds = min(len(group) for group in groups)
    rows = []
    columns: tuple[tuple[str, str, str], ...] | None = None
    for seed in range(seeds):
        found = [
            ((str(place), image, inputs), value)
            for place, group in enumerate(groups)
            for image, value, inputs in _figures(group[seed], metric)
        ]
        names = tuple(name for name, _ in found)
        if columns is not None and not _same(names, columns):
            raise UserError(f"{groups[0][seed].folder} was tested on other inputs than its first seed: remove it.")
        columns = names
        rows.append([value for _, value in found])
    return np.array(rows, dtype=np.float64), columns or ()


def differences(more: Sequence[Sequence[Run]], less: Sequence[Sequence[Run]], metric: str) -> Values:
    """``metric`` of ``more`` minus that of ``less``, (seeds, images), pair by pair.

    Raises:
        UserError: the two were tested on different inputs.
    """
    first, names = values_of(more, metric)
    second, others = values_of(less, metric)
    if not _same(names, others):
        raise UserError(
            f"{more[0][0].folder} and {less[0][0].folder} were tested on different inputs: they cannot be compared."
        )
    seeds = min(len(first), len(second))
    return first[:seeds] - second[:seeds]


def records_of(run: Run) -> list[ScoreRecord]:
    """The records of the run's one test, sorted by image.

    Raises:
        UserError: there are records of several.
    """
    records = read_scores(run.folder / "scores.csv")
    if len({record.test() for record in records}) > 1:
        raise UserError(f"{run.folder}/scores.csv is of several tests: remove the folder {run.folder}.")
    return sorted(records, key=lambda record: record.image)


def _same(names: tuple[tuple[str, str, str], ...], others: tuple[tuple[str, str, str], ...]) -> bool:
    """Whether the columns are of the same images and inputs."""
    if len(names) != len(others):
        return False
    return all(one[:2] == other[:2] and alike(one[2], other[2]) for one, other in zip(names, others, strict=True))


def _figures(run: Run, metric: str) -> list[tuple[str, float, str]]:
    if metric == "taps_error":
        if (error := run.note().get("taps_error")) is None:
            raise UserError(f"{run.folder} has no taps_error: the claim's metric does not suit its runs.")
        return [("taps", float(error), "")]
    name = "psnr" if metric == "mse" else metric
    found = [(record.image, record.value, record.inputs) for record in records_of(run) if record.metric == name]
    if not found:
        raise UserError(f"{run.folder}/scores.csv has no {name}: the claim's metric does not suit its runs.")
    if metric == "mse":
        return [(image, 10 ** (-value / 10), inputs) for image, value, inputs in found]
    return found
