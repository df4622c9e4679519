"""Says in numbers and words which blur was taken out of a photo."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deblur_lightning.restoring.data_consistency import BLOCK, NO_BLUR, Values, fit_psf
from deblur_lightning.restoring.tiles import Pixels

FAINT = 0.1
"""Share of a PSF's largest tap below which a tap says nothing: fits leave faint ones everywhere."""

ROUND = 0.6
"""Width of a PSF across its longest direction, as a share of its length, from which on it has no direction."""

SHARP = "sharp already, or without the detail that would tell"


class BlurShape(NamedTuple):
    """The extent of a PSF.

    Attributes:
        length: of the straight motion with the same spread, in pixels; 1 is no blur.
        direction: in degrees from 0 to 180, anti-clockwise from the horizontal; None where it is about as wide as long.
    """

    length: float
    direction: float | None

    def __str__(self) -> str:
        way = "in all directions" if self.direction is None else f"in direction {self.direction:.0f} degrees"
        return f"blur of about {self.length:.0f} pixels {way}"


def shape_of(psf: Values) -> BlurShape:
    """The shape of a PSF (K, K), non-negative, from its second moments: a straight motion of L pixels has length L."""
    taps = np.where(psf >= FAINT * psf.max(), psf, 0)
    taps /= taps.sum()
    down, right = np.indices(taps.shape)
    down, right = down - (taps * down).sum(), right - (taps * right).sum()
    mixed = float((taps * down * right).sum())
    spreads, axes = np.linalg.eigh([[float((taps * right**2).sum()), mixed], [mixed, float((taps * down**2).sum())]])
    width, length = (math.sqrt(12 * max(0.0, float(spread)) + 1) for spread in spreads)
    if width >= ROUND * length:
        return BlurShape(length, None)
    return BlurShape(length, math.degrees(math.atan2(-axes[1, 1], axes[0, 1])) % 180)


def removed_psf(before: Pixels, after: Pixels) -> NDArray[np.float64] | None:
    """The PSF (K, K) that leads from a restored photo back to the photo, where that has changed most; None for no blur.

    Args:
        before: the photo, (H, W, C) uint8 or uint16.
        after: its restored version, of the same shape and type; ``before`` itself if the photo was left as it is.
    """
    if after is before:
        return None
    top, left = _most_changed(before, after)
    psf = fit_psf(before[top : top + BLOCK, left : left + BLOCK], after[top : top + BLOCK, left : left + BLOCK])
    middle = len(psf) // 2
    return None if psf[middle, middle] >= NO_BLUR else psf.astype(np.float64)


def _most_changed(before: Pixels, after: Pixels) -> tuple[int, int]:
    """Where the block begins that has changed most."""
    places = [(top, left) for top in _starts(before.shape[0]) for left in _starts(before.shape[1])]

    def change(place: tuple[int, int]) -> float:
        part = np.s_[place[0] : place[0] + BLOCK, place[1] : place[1] + BLOCK]
        return float(np.square(after[part].astype(np.float32) - before[part]).sum())

    return max(places, key=change)


def _starts(length: int) -> range:
    return range(0, max(1, length - BLOCK // 2), BLOCK)
