"""Estimates blur and noise from a photo alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deblur_lightning.restoring.tiles import Pixels

FINE, COARSE = 1.0, 2.0
"""Standard deviations in pixels of the two Gaussians whose derivatives are compared at edges."""

DIRECTIONS = 4
STRONGEST = 0.02  # share of the pixels that count as edges
TIED = 1e-3  # slopes that differ by a smaller share are equal: last bits choose no edge
FEWEST = 30  # edge pixels in a direction that a median is taken of
LARGEST = 2048  # pixels a side of the part, the middle, that is looked at
SMALLEST = 16
SECOND = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]], np.float32)
"""A difference that flat parts, ramps and straight edges along the axes leave at zero; white noise grows 6 times."""


class Estimate(NamedTuple):
    """What a photo looks like.

    Attributes:
        blur: standard deviation in pixels of the Gaussian that softens edges as much, in the direction where they are
            softest; about 0.5 for a sharp photo. A motion of L pixels is as much as L / sqrt(12).
        noise: standard deviation in units of 1/255.
    """

    blur: float
    noise: float


def estimate(pixels: Pixels) -> Estimate | None:
    """Estimate blur and noise of (H, W, C) uint8 or uint16; None for a photo that is too small or shows no edge."""
    if min(pixels.shape[:2]) < SMALLEST:
        return None
    top, left = (max(0, (length - LARGEST) // 2) for length in pixels.shape[:2])
    part = pixels[top : top + LARGEST, left : left + LARGEST]
    grey = part.astype(np.float32).mean(axis=2) * (255 / np.iinfo(pixels.dtype).max)
    blur = blur_of(grey)
    return (
        None if blur is None else Estimate(blur, noise_of(part.astype(np.float32) * (255 / np.iinfo(part.dtype).max)))
    )


def blur_of(grey: NDArray[np.float32]) -> float | None:
    """The softness of edges in (H, W), levels 0 to 255; None where there are none.

    A step of unit height blurred by s has a slope of 1 / sqrt(2 pi (s^2 + a^2)) under a Gaussian's derivative of
    width a; two widths tell s, whatever the height (after Zhuo and Sim, "Defocus map estimation from a single image",
    2011, with derivatives in place of their second blur).
    """
    fine, angle = _slopes(grey, FINE)
    coarse, _ = _slopes(grey, COARSE)
    edge = _ridges(fine, angle) & (fine > max(0.5, (1 - TIED) * float(np.quantile(fine, 1 - STRONGEST))))
    ratio = (fine[edge] / coarse[edge].clip(min=1e-6)) ** 2
    variance = (COARSE**2 - ratio * FINE**2) / (ratio - 1).clip(min=1e-3)
    softness = np.sqrt(variance.clip(min=0))
    which = np.round(angle[edge] / (np.pi / DIRECTIONS)).astype(int) % DIRECTIONS
    medians = [np.median(softness[which == k]) for k in range(DIRECTIONS) if (which == k).sum() >= FEWEST]
    return float(max(medians)) if medians else None


def noise_of(pixels: NDArray[np.float32]) -> float:
    """Standard deviation of white noise in (H, W, C): the median absolute value of a second difference.

    Source: Immerkaer, "Fast noise variance estimation", 1996, with Donoho's median in place of the mean.
    """
    detail = np.stack([ndimage.convolve(pixels[..., c], SECOND)[1:-1, 1:-1] for c in range(pixels.shape[2])])
    return float(np.median(np.abs(detail)) / 0.6745 / 6)


def _slopes(grey: NDArray[np.float32], width: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Strength and direction of the gradient of (H, W)."""
    down = ndimage.gaussian_filter(grey, width, order=(1, 0))
    right = ndimage.gaussian_filter(grey, width, order=(0, 1))
    return np.hypot(down, right), np.arctan2(down, right)


def _ridges(slope: NDArray[np.float32], angle: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where ``slope`` is greatest along its own direction: the middle of edges."""
    down, right = np.indices(slope.shape, dtype=np.float32)
    step_down, step_right = np.sin(angle), np.cos(angle)
    beside = [
        ndimage.map_coordinates(slope, (down + sign * step_down, right + sign * step_right), order=1, mode="nearest")
        for sign in (1, -1)
    ]
    ridge: NDArray[np.bool_] = slope >= (1 - TIED) * np.maximum(*beside)
    return ridge
