"""Computes the figure of a claim from finished runs, and judges the claim by it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from deblur_lightning.errors import UserError
from deblur_lightning.fingerprints import alike
from deblur_lightning.intervals import Estimate, estimate
from deblur_lightning.ledger.claims import NOTED, Claim
from deblur_lightning.ledger.run_files import Image
from deblur_lightning.ledger.runs import Run

HOLDS: Final = "holds"
FAILS: Final = "does not hold"
OPEN: Final = "undecided"
Ruling = Literal["holds", "does not hold", "undecided"]
PER_CENT = ("correct", "confidence", "late_change")
ERRORS = ("mse", "taps_error")
UNITS = dict.fromkeys(("psnr", "psnr_gain", "psnr_blurred"), " dB") | dict.fromkeys(PER_CENT, " %")
Arms = Mapping[str, Sequence[Run]]
"""By training, its finished runs, in the order of their seeds."""
Columns = list[tuple[str, Image]]
"""For each column of a table of values: which training, and which image."""


def measure(claim: Claim, arms: Arms, looks: int = 1) -> Estimate:
    """The figure of ``claim``.

    Args:
        claim: the claim.
        arms: its runs.
        looks: how often it may be measured as seeds are added.

    Raises:
        UserError: the runs lack the metric, or were not tested on the same inputs.
    """
    values, columns = collect_values([arms[name] for name in claim.runs], claim.metric)
    if claim.minus:
        others, other_columns = collect_values([arms[name] for name in claim.minus], claim.metric)
        if not same_inputs(columns, other_columns):
            first, second = (arms[names[0]][0].folder for names in (claim.runs, claim.minus))
            raise UserError(f"{first} and {second} were tested on different inputs: they cannot be compared.")
        seeds = min(len(values), len(others))
        values = values[:seeds] - others[:seeds]
    if claim.same_images and len(values) > 1:
        return replace(estimate(values.mean(axis=1, keepdims=True), looks=looks), images=values.shape[1])
    return estimate(values, hits=claim.metric == "correct" and not claim.minus, looks=looks)


def collect_values(groups: Sequence[Sequence[Run]], metric: str) -> tuple[NDArray[np.float64], Columns]:
    """``metric`` of several trainings, side by side: values (seeds, images), and what each column is.

    Args:
        groups: for each training its runs, one for each seed.
        metric: one of ``claims.METRICS``.

    Raises:
        UserError: a run lacks the metric, or the seeds were tested on different inputs.
    """
    rows: list[list[float]] = []
    columns: Columns = []
    for number, runs in enumerate(zip(*groups, strict=False)):
        scores = [_scores_of(run, metric) for run in runs]
        names = [(str(place), image) for place, (images, _) in enumerate(scores) for image in images]
        if number and not same_inputs(names, columns):
            raise UserError(f"{runs[0].folder} was tested on other inputs than its first seed: remove it.")
        columns = names
        rows.append([value for _, values in scores for value in values])
    return np.array(rows, dtype=np.float64), columns


def same_inputs(columns: Columns, others: Columns) -> bool:
    """Whether two tables of values are of the same test images, and of the same inputs of each."""
    return len(columns) == len(others) and all(
        (place, name) == (other_place, other_name) and alike(inputs, other_inputs)
        for (place, (name, inputs)), (other_place, (other_name, other_inputs)) in zip(columns, others, strict=True)
    )


def _scores_of(run: Run, metric: str) -> tuple[Sequence[Image], Sequence[float]]:
    """The images, sorted by name, and the score of each."""
    result = run.result()
    if metric in NOTED:
        if (figure := result.note.get(metric)) is None:
            raise UserError(f"{run.folder} has no {metric}: the claim's metric does not suit its runs.")
        return [(metric, "")], [float(figure)]
    if result.tests > 1:
        raise UserError(f"{run.folder}/scores.csv is of several tests: remove the folder {run.folder}.")
    name = "psnr" if metric == "mse" else metric
    if name not in result.values:
        raise UserError(f"{run.folder}/scores.csv has no {name}: the claim's metric does not suit its runs.")
    found = sorted(zip(*result.values[name], strict=True), key=lambda pair: pair[0][0])
    return [image for image, _ in found], [10 ** (-v / 10) if metric == "mse" else v for _, v in found]


@dataclass(frozen=True)
class Verdict:
    """A ruling.

    Attributes:
        ruling: one of three.
        reason: why, in words.
        straddles: whether the claim is undecided because its interval straddles an end of the range.
    """

    ruling: Ruling
    reason: str
    straddles: bool = False


def judge(claim: Claim, measured: Estimate, reduced: bool, real: bool) -> Verdict:
    """Compare a measured interval with the range of the claim.

    Args:
        claim: the claim with its range.
        measured: the mean and its interval.
        reduced: whether the runs were trained less than the report's; the claim then fails only where the range is
            missed by more than the slack.
        real: whether the runs used the data set that the claim is about, not a substitute.
    """
    if claim.real_only and not real:
        return Verdict(OPEN, "the data that it is about are not here, and their substitute says nothing about them.")
    low = -math.inf if claim.at_least is None else claim.at_least
    high = math.inf if claim.at_most is None else claim.at_most
    wanted = describe_range(claim)
    if not all(map(math.isfinite, (measured.mean, measured.low, measured.high))):
        return Verdict(OPEN, f"its scores are not all finite numbers; {wanted} is needed.")
    if low <= measured.low and measured.high <= high:
        return Verdict(HOLDS, f"all of the interval is {wanted}, as the claim needs.")
    slack = claim.slack if reduced else 0.0
    if measured.high < low - slack or measured.low > high + slack:
        return Verdict(FAILS, f"none of the interval is {wanted}, as the claim needs.")
    if measured.high < low or measured.low > high:
        return Verdict(OPEN, f"the interval is not {wanted}, but misses by less than a longer training may be worth.")
    return Verdict(OPEN, f"only a part of the interval is {wanted}, as the claim needs.", straddles=True)


def describe_range(claim: Claim) -> str:
    """The range in words, such as "at least 1.00 dB"."""
    ends = {"at least": claim.at_least, "at most": claim.at_most}
    words = [f"{word} {format_figure(end, claim)}" for word, end in ends.items() if end is not None]
    return " and ".join(words)


def name_non_finite(value: float) -> str:
    """Words for NaN and infinities, which JSON cannot hold."""
    if math.isnan(value):
        return "not a number"
    return "infinite" if value > 0 else "minus infinite"


def format_figure(value: float, claim: Claim) -> str:
    """A value of the claim's metric with its unit, and with a sign where it is a difference."""
    return format_metric(value, claim.metric, is_difference=bool(claim.minus))


def format_metric(value: float, metric: str, is_difference: bool = False) -> str:
    """A value of a metric with its unit, and with a sign where it is a gain or a difference."""
    if not math.isfinite(value):
        return name_non_finite(value)
    unit = UNITS.get(metric, "")
    signed = "+" if is_difference or metric.endswith("gain") else ""
    if metric in PER_CENT:
        return f"{100 * value:{signed}.2f}{' points' if is_difference else unit}"
    if metric in ERRORS:
        return f"{value:{signed}.2g}"
    return f"{value:{signed}.{2 if unit else 3}f}{unit}"
