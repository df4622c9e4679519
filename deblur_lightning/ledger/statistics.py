"""Means and their intervals by a bootstrap that draws seeds and images anew."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95

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


def estimate(values: Values, name: str) -> Estimate:
    """The mean of ``values``, (seeds, images), with the percentile interval of 2,000 resamples (Efron, 1979).

    Seeds and images are drawn anew independently of each other, as all seeds met the same images. The draws depend on
    ``name`` and the shape alone: the same values give the same interval.
    """
    seeds, images = values.shape
    mean = float(values.mean())
    if values.size == 1:
        return Estimate(mean, mean, mean, seeds, images)
    draws = np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])))
    means = np.empty(RESAMPLES)
    for place in range(RESAMPLES):
        of_seeds = np.bincount(draws.integers(seeds, size=seeds), minlength=seeds)
        of_images = np.bincount(draws.integers(images, size=images), minlength=images)
        means[place] = of_seeds @ values @ of_images / (seeds * images)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(mean, float(low), float(high), seeds, images)
