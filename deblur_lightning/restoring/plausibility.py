"""Decides whether a restoration is plausible, by restoring the photo at half its size too."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deblur_lightning.restoring.tiles import Pixels, quantise

PART = 2048
"""Pixels a side of the part of a photo, its middle, that is looked at."""

NOTICED = 2 / 255
"""Root mean square of the half-size photo's change below which there is nothing to doubt."""

STRONGER = 1.2
"""How many times as much the half-size photo must be changed as the photo for its blur to be called too large."""

AGREEING = 0.2
"""Correlation of the two changes from which on they say the same."""


def is_plausible(before: Pixels, after: Pixels, restore: Callable[[Pixels], Pixels]) -> bool:
    """Whether ``after`` is a restoration of ``before`` and not the work of a network that has mistaken the blur.

    At half the size a blur is half as large. A network that has learned from all blurs up to some size changes the
    half-size photo less, or in the same direction; where it changes it far more and in another direction, the blur is
    beyond what it has learned from.

    Args:
        before: (H, W, C) uint8 or uint16.
        after: of the same shape and type.
        restore: restores any such image.
    """
    if min(before.shape[:2]) < 2:
        return True
    small, changed = halve(before), halve(after)
    asked = restore(quantise(small, np.dtype(np.uint16))) / np.float32(65535) - small
    change = changed - small
    product, own, other = (float(np.mean(a * b)) for a, b in ((change, asked), (change, change), (asked, asked)))
    too_large = other > max(NOTICED**2, STRONGER**2 * own)
    return not too_large or product >= AGREEING * (own * other) ** 0.5


def halve(pixels: Pixels) -> NDArray[np.float32]:
    """The middle of an image at half its size, (h, w, C) in [0, 1]: means of 2x2 pixels."""
    height, width = _middle_size(pixels)
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    part = pixels[top : top + height, left : left + width].astype(np.float32) / np.iinfo(pixels.dtype).max
    means: NDArray[np.float32] = part.reshape(height // 2, 2, width // 2, 2, -1).mean(axis=(1, 3))
    return means


def half_size(pixels: Pixels) -> int:
    """How many pixels ``halve`` makes of an image."""
    height, width = _middle_size(pixels)
    return height * width // 4


def _middle_size(pixels: Pixels) -> tuple[int, int]:
    height, width = (min(PART, length) // 2 * 2 for length in pixels.shape[:2])
    return height, width
