"""Means with 95 % confidence intervals: over images, over seeds and images, and of shares of hits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

ERROR = 0.05
"""Probability that a 95 % interval misses."""
_LEAST_P = 1e-9


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and images.

    Attributes:
        mean: mean of all values.
        low: lower end of the 95 % interval; the mean itself where there is a single value.
        high: upper end of it.
        seeds: number of trainings.
        images: number of test images.
        looks: how often the figure may be looked at as seeds are added; the intervals of all looks together are 95 %.
    """

    mean: float
    low: float
    high: float
    seeds: int
    images: int
    looks: int = 1

    @property
    def caveat(self) -> str:
        """Sentences on the variance that the interval does not include, and on repeated looks; empty without either."""
        single = [kind for kind, count in (("seed", self.seeds), ("image", self.images)) if count == 1]
        unknown = {"seed": "training", "image": "images"}
        sentences = [f"One {kind}: the interval holds no variance of {unknown[kind]}." for kind in single]
        if self.looks > 1:
            sentences.append(f"Seeds are added up to {self.looks - 1} times; the interval is wider for it.")
        return " ".join(sentences)


def estimate(values: NDArray[np.float64], hits: bool = False, looks: int = 1) -> Estimate:
    """The mean of ``values`` and its interval.

    Args:
        values: (seeds, images), in any unit.
        hits: whether the values are 1 (hit) and 0 (miss). For a single seed the interval is then ``share_interval``:
            by ``half_width``, ten hits of ten would have an interval of no width. No end lies beyond 0 or 1.
        looks: how often the figure may be looked at; see ``half_width``.
    """
    seeds, images = values.shape
    mean = float(values.mean())
    if values.size == 1:
        return Estimate(mean, mean, mean, seeds, images, looks)
    if hits and seeds == 1 and math.isfinite(mean):
        low, high = share_interval(int(values.sum()), images, looks)
        return Estimate(mean, low, high, seeds, images, looks)
    half = half_width(values, looks)
    low, high = mean - half, mean + half
    if hits and math.isfinite(mean):
        low, high = max(0.0, low), min(1.0, high)
    return Estimate(mean, low, high, seeds, images, looks)


def half_width(values: ArrayLike, looks: int = 1) -> float:
    """Half of the 95 % interval of the mean of ``values``, (N,) or, for S seeds that met the same images, (S, N).

    For N values this is Student's interval: t(N - 1) s / sqrt(N), where s is the standard deviation.

    For seeds and images, each value is modelled as the sum of a general mean, an effect of its seed, an effect of its
    image and a rest, all random (a crossed design with two random effects). Let a be the half width of Student's
    interval of the seeds' means, and b that of the images' means. The result is sqrt(a^2 + b^2): Banerjee, "Approximate
    confidence interval for linear functions of means of k-populations", Sankhya 22 (1960). For normal values it covers
    at least 95 % with any number of seeds; Satterthwaite's degrees of freedom cover 88 % with two. The rest is counted
    twice.

    A single seed, or a single image, shows no variance of its kind; the interval does not include that variance then.

    Args:
        values: (N,) or (S, N).
        looks: number of times, fixed beforehand, that the figure may be looked at as values are added, until it decides
            a question. Each interval then misses with a probability of 5 % / ``looks`` (Bonferroni's inequality), so
            that the first that decides, whichever it is, is wrong with one of at most 5 %.

    Returns:
        Half of the interval, in the unit of the values; nan for a single value, and where a value is not finite.
    """
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if table.size == 1 or not np.isfinite(table).all():
        return math.nan
    return math.hypot(*(_student(table.mean(axis=axis), _tail(looks)) for axis in (0, 1)))


def p_value(values: ArrayLike) -> float:
    """Two-sided p-value of the hypothesis that the mean of ``values``, (N,) or (S, N), is 0.

    It is the probability of error at which the interval of ``half_width`` would just reach 0; for N values alone this
    is Student's t-test.

    Returns:
        From 0 to 1; nan for a single value, and where a value is not finite.
    """
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if table.size == 1 or not np.isfinite(table).all():
        return math.nan
    distance = abs(float(table.mean()))

    def excess(error: float) -> float:
        return math.hypot(*(_student(table.mean(axis=axis), 1 - error / 2) for axis in (0, 1))) - distance

    if excess(_LEAST_P) <= 0 or distance == 0:
        return 0.0 if distance else 1.0
    return float(optimize.brentq(excess, _LEAST_P, 1.0, xtol=1e-12))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of several hypotheses, corrected so that any of them is rejected wrongly in at most 5 % of cases at .05.

    Those that are nan stay so, and are not counted.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979).
    """
    known = [place for place, p in enumerate(p_values) if not math.isnan(p)]
    corrected, highest = [math.nan] * len(p_values), 0.0
    for rank, place in enumerate(sorted(known, key=lambda place: p_values[place])):
        highest = max(highest, min(1.0, (len(known) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def _tail(looks: int) -> float:
    """Probability below the upper end of the interval."""
    return 1 - ERROR / looks / 2


def _student(values: np.ndarray, tail: float) -> float:
    """Half of Student's interval of N values; 0 for a single one."""
    if values.size == 1:
        return 0.0
    return float(special.stdtrit(values.size - 1, tail) * values.std(ddof=1) / math.sqrt(values.size))


def share_interval(hits: int, count: int, looks: int = 1) -> tuple[float, float]:
    """The 95 % interval of a share, after ``hits`` of ``count`` trials; ``looks`` as in ``half_width``.

    Wilson's score interval (Journal of the American Statistical Association 22, 1927). It has a width even where all
    or none were hits: for ten of ten it is .722 to 1.
    """
    square = float(special.ndtri(_tail(looks))) ** 2
    share = hits / count
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = math.sqrt(square * (share * (1 - share) / count + square / (4 * count**2))) / (1 + square / count)
    return max(0.0, middle - half), min(1.0, middle + half)
