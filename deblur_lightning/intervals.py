"""Means with 95 % confidence intervals: over images, over seeds and images, and of shares of hits."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

TAIL = 0.975
"""Probability below the upper end of a 95 % interval."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and images.

    Attributes:
        mean: mean of all values.
        low: lower end of the 95 % interval; the mean itself where there is a single value.
        high: upper end of it.
        seeds: number of trainings.
        images: number of test images.
    """

    mean: float
    low: float
    high: float
    seeds: int
    images: int

    @property
    def caveat(self) -> str:
        """A sentence on the variance that the interval does not include; empty where it includes all."""
        single = [kind for kind, count in (("seed", self.seeds), ("image", self.images)) if count == 1]
        unknown = {"seed": "training", "image": "images"}
        return " ".join(f"One {kind}: the interval holds no variance of {unknown[kind]}." for kind in single)


def estimate(values: NDArray[np.float64], hits: bool = False) -> Estimate:
    """The mean of ``values`` and its interval.

    Args:
        values: (seeds, images), in any unit.
        hits: whether the values are 1 (hit) and 0 (miss). For a single seed the interval is then ``share_interval``:
            by ``half_width``, ten hits of ten would have an interval of no width.
    """
    seeds, images = values.shape
    mean = float(values.mean())
    if values.size == 1:
        return Estimate(mean, mean, mean, seeds, images)
    if hits and seeds == 1 and math.isfinite(mean):
        low, high = share_interval(int(values.sum()), images)
        return Estimate(mean, low, high, seeds, images)
    half = half_width(values)
    return Estimate(mean, mean - half, mean + half, seeds, images)


def half_width(values: ArrayLike) -> float:
    """Half of the 95 % interval of the mean of ``values``, (N,) or, for S seeds that met the same images, (S, N).

    For N values this is Student's interval: t(N - 1) s / sqrt(N), where s is the standard deviation.

    For seeds and images, each value is modelled as the sum of a general mean, an effect of its seed, an effect of its
    image and a rest, all random (a crossed design with two random effects). Let a be the half width of Student's
    interval of the seeds' means, and b that of the images' means. The result is sqrt(a^2 + b^2): Banerjee, "Approximate
    confidence interval for linear functions of means of k-populations", Sankhya 22 (1960). For normal values it covers
    at least 95 % with any number of seeds; Satterthwaite's degrees of freedom cover 88 % with two. The rest is counted
    twice.

    A single seed, or a single image, shows no variance of its kind; the interval does not include that variance then.

    Returns:
        Half of the interval, in the unit of the values; nan for a single value, and where a value is not finite.
    """
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if table.size == 1 or not np.isfinite(table).all():
        return math.nan
    return math.hypot(*(_student(table.mean(axis=axis)) for axis in (0, 1)))


def _student(values: np.ndarray) -> float:
    """Half of Student's interval of N values; 0 for a single one."""
    if values.size == 1:
        return 0.0
    return float(special.stdtrit(values.size - 1, TAIL) * values.std(ddof=1) / math.sqrt(values.size))


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, after ``hits`` of ``count`` trials.

    Wilson's score interval (Journal of the American Statistical Association 22, 1927). It has a width even where all
    or none were hits: for ten of ten it is .722 to 1.
    """
    square = float(special.ndtri(TAIL)) ** 2
    share = hits / count
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = math.sqrt(square * (share * (1 - share) / count + square / (4 * count**2))) / (1 + square / count)
    return max(0.0, middle - half), min(1.0, middle + half)
