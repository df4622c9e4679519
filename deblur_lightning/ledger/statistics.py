"""Means over seeds and images with their 95 % intervals."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deblur_lightning.intervals import half_width, share_interval

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and images.

    Attributes:
        mean: of all values.
        low: lower end of the 95 % interval; the mean itself where there is a single value.
        high: its upper end.
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
        """What the interval holds no variance of, in a sentence; empty where it holds all."""
        single = [kind for kind, count in (("seed", self.seeds), ("image", self.images)) if count == 1]
        unknown = {"seed": "training", "image": "images"}
        return " ".join(f"One {kind}: the interval holds no variance of {unknown[kind]}." for kind in single)


def estimate(values: Values, hits: bool = False) -> Estimate:
    """The mean of ``values``, (seeds, images), with the interval of ``intervals.half_width``.

    Args:
        values: in any unit.
        hits: whether they are hits and misses, 1 and 0; of a single seed the interval is ``intervals.share_interval``,
            since ten hits of ten scatter as little as one.
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
