"""95 % intervals for means over images, for means over seeds and images, and for shares of hits."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

TAIL = 0.975
"""Of Student's and the normal distribution, up to the upper end of a 95 % interval."""


def half_width(values: ArrayLike) -> float:
    """Half of the 95 % interval of the mean of ``values``, (N,) or, for S seeds that met the same images, (S, N).

    Of N values it is Student's: t(N - 1) s / sqrt(N), with s the standard deviation. With seeds, a value is taken as
    the sum of the general mean, what its seed adds, what its image adds, and a rest, all drawn at random (the crossed
    design of two random effects). Seeds' means and images' means then each have an interval of Student's, of halves a
    and b, and the whole has a half of sqrt(a^2 + b^2): Banerjee, "Approximate confidence interval for linear functions
    of means of k-populations", Sankhya 22 (1960). That covers 95 % at least however few seeds there are (where values
    are normal), which Satterthwaite's degrees of freedom do not: 88 % with two. The rest is counted twice.

    A single seed, or a single image, tells nothing of its kind's variance, which is then not in the interval.

    Returns:
        In the unit of the values; nan for a single value, and where one is not finite.
    """
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if table.size == 1 or not np.isfinite(table).all():
        return math.nan
    return math.hypot(*(_student(table.mean(axis=axis)) for axis in (0, 1)))


def _student(values: np.ndarray) -> float:
    """Half of Student's interval of N values; 0 for one, which has no variance to tell of."""
    if values.size == 1:
        return 0.0
    return float(special.stdtrit(values.size - 1, TAIL) * values.std(ddof=1) / math.sqrt(values.size))


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of which ``hits`` of ``count`` were seen.

    Wilson's score interval (Journal of the American Statistical Association 22, 1927), which has a width also where
    all or none were hits: ten of ten are .722 to 1.
    """
    square = float(special.ndtri(TAIL)) ** 2
    share = hits / count
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = math.sqrt(square * (share * (1 - share) / count + square / (4 * count**2))) / (1 + square / count)
    return max(0.0, middle - half), min(1.0, middle + half)
