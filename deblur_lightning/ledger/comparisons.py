"""Compares the methods of a study: means with intervals, differences in pairs, and p-values corrected by Holm."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from deblur_lightning.errors import UserError
from deblur_lightning.intervals import Estimate, estimate, holm, p_value
from deblur_lightning.ledger.runs import Runs
from deblur_lightning.ledger.study import PERCEPTUAL, STUDY, Study
from deblur_lightning.ledger.verdicts import collect_values, same_inputs

LOWER_IS_BETTER = ("mse", *PERCEPTUAL)

Means = Mapping[tuple[str, str], Estimate]
"""By set and method."""


@dataclass(frozen=True)
class Comparison:
    """How much one method has more of a metric than another, on the same images and seeds.

    Attributes:
        set_name: the set.
        first: the method with more, or the one that is not compared against.
        second: the other.
        difference: first minus second, with its 95 % interval.
        p: of no difference, corrected by Holm over all comparisons of the metric in the study; nan without variance.
        of: how many comparisons that is.
    """

    set_name: str
    first: str
    second: str
    difference: Estimate
    p: float
    of: int

    @property
    def is_shown(self) -> bool:
        """Whether a difference is shown at the level of 5 %."""
        return self.p < 0.05


def means_of(study: Study, runs: Runs, metric: str) -> Means:
    """The mean of each method on each set.

    Raises:
        UserError: a run is not finished, or lacks the metric.
    """
    return {
        (name, method): estimate(collect_values([runs[method, STUDY, name]], metric)[0], hits=metric == "correct")
        for name in study.sets
        for method in study.methods
    }


def compare(study: Study, runs: Runs, metric: str) -> list[Comparison]:
    """All comparisons of the study.

    Raises:
        UserError: two methods were tested on different inputs.
    """
    found = [(name, *_difference(runs, metric, name, *pair)) for name in study.sets for pair in _pairs(study)]
    corrected = holm([p for *_, p in found])
    return [
        Comparison(name, first, second, difference, p, len(found))
        for (name, first, second, difference, _), p in zip(found, corrected, strict=True)
    ]


def _pairs(study: Study) -> list[tuple[str, str]]:
    if study.against:
        return [(method, study.against) for method in study.methods if method != study.against]
    return list(combinations(study.methods, 2))


def _difference(runs: Runs, metric: str, name: str, first: str, second: str) -> tuple[str, str, Estimate, float]:
    values, columns = collect_values([runs[first, STUDY, name]], metric)
    others, other_columns = collect_values([runs[second, STUDY, name]], metric)
    if not same_inputs(columns, other_columns):
        folders = [runs[method, STUDY, name][0].folder for method in (first, second)]
        cure = "set in the study what their experiments set differently, such as --data.rounding or a blur's border"
        raise UserError(f"{folders[0]} and {folders[1]} were tested on different inputs: {cure}.")
    if values.mean() < others.mean():
        first, second, values, others = second, first, others, values
    difference = values - others
    return first, second, estimate(difference), p_value(difference)


def best_first(methods: list[str], means: Means, set_name: str, metric: str) -> list[str]:
    """``methods`` by their means on a set, the best first."""
    sign = 1 if metric in LOWER_IS_BETTER else -1
    return sorted(methods, key=lambda method: sign * means[set_name, method].mean)
