"""Keeps of a restoration only what the photo supports: blurred again, it must give the photo back."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

from deblur_lightning.restoring.tiles import Pixels, quantise

Values = NDArray[np.floating[Any]]

SUPPORT = 23
"""Side in pixels of the PSF that is fitted: just above the largest blur that the shipped model has learned from."""

BLOCK, BLOCKS = 384, 3
"""The PSF is fitted to at most 3x3 blocks of this side in pixels, spread evenly over the photo."""

ITERATIONS = 200
ROUNDING = 0.5 / 255**2
"""Squared error that 8-bit rounding leaves in a difference of two pixels: the weight of "no blur" in the fit."""

WINDOW = 33
"""Side in pixels of the neighbourhood in which what is left unexplained is compared with the change."""

SHARE = (0.5, 0.9)
"""Of the change, what may be left unexplained: up to the first it is made whole, from the second on it is not made."""

UNEXPLAINED = (6 / 255, 12 / 255)
"""The same as a root mean square of levels: more than the noise that the shipped model has learned from."""

OVEREXPOSED = (8 / 255, 16 / 255)
"""The same for how far a white pixel is from being explained: the light was brighter than white, and its blur shows."""

NEARBY = 21
"""Side in pixels of the neighbourhood whose range of levels bounds the change of a pixel."""

STRIP = 512
"""Rows that are worked on at a time, so that memory is bounded."""


def keep_supported(before: Pixels, after: Pixels) -> Pixels:
    """Keep of the change from ``before`` to ``after`` what ``before`` supports.

    1. The PSF that best leads from ``after`` back to ``before`` is fitted; ``after``, blurred by it, must be
       ``before``. What is missing is added to ``after`` ("back-projection", Irani and Peleg, 1991).
    2. Where much is missing, beside the change or beside any noise, less of the change is made, down to none; so too
       around light that was brighter than white, whose blur no picture of it can explain.
    3. No pixel changes by more than the range of levels around it, and its colour cast by no more than the range of
       casts: what is flat stays flat, what is grey stays grey. What is black or white stays so, since only black, or
       only white, can have blurred into it.

    A sharp photo is explained by the PSF of no blur, so all that was done to it is taken back.

    Args:
        before: the photo, (H, W, C) uint8 or uint16.
        after: what a network has made of it, of the same shape and type.

    Returns:
        The same shape and type.
    """
    psf = fit_psf(before, after)
    height = len(before)
    overlap = SUPPORT // 2 + max(WINDOW, NEARBY, SUPPORT) // 2
    kept = np.empty_like(before)
    for top in range(0, height, STRIP):
        first, bottom = max(0, top - overlap), min(height, top + STRIP)
        last = min(height, bottom + overlap)
        strip = _supported(_scaled(before[first:last]), _scaled(after[first:last]), psf)
        kept[top:bottom] = quantise(strip[top - first : bottom - first], before.dtype)
    levels = np.iinfo(before.dtype).max
    return np.where((before == 0) | (before == levels), before, kept)


def fit_psf(before: Pixels, after: Pixels) -> Values:
    """The PSF (K, K), non-negative, of sum 1, that blurs ``after`` into ``before``: least squares of their gradients.

    Gradients, whose spectra are flat, let the fit converge (Cho and Lee, "Fast motion deblurring", 2009). Where the
    images say little, it tends to no blur. Solved by accelerated projected gradient (FISTA, Beck and Teboulle, 2009).
    """
    size = SUPPORT
    products, matches = np.zeros((2 * size - 1,) * 2), np.zeros((size,) * 2)
    for sharp, blurred, count in _gradients(before, after):
        shape = [fft.next_fast_len(length + 2 * size) for length in sharp.shape]
        spectrum = fft.rfft2(sharp, shape)
        products += _around(fft.irfft2(np.abs(spectrum) ** 2, shape), size - 1)
        matches += _around(fft.irfft2(spectrum.conj() * fft.rfft2(blurred, shape), shape), size // 2)
        products[size - 1, size - 1] += ROUNDING * count
        matches[size // 2, size // 2] += ROUNDING * count
    return _least_squares(products, matches)


def _gradients(before: Pixels, after: Pixels) -> Iterator[tuple[Values, Values, float]]:
    """Differences along both axes of each channel of each block, faded out at its edges; and their sum of weights."""
    spans = [_spans(length) for length in before.shape[:2]]
    for top, bottom in spans[0]:
        for left, right in spans[1]:
            part = np.s_[top:bottom, left:right]
            blurred, sharp = _scaled(before[part]), _scaled(after[part])
            for axis in (0, 1):
                changes = np.diff(sharp, axis=axis), np.diff(blurred, axis=axis)
                if not changes[0].size:
                    continue
                rows, columns = (np.hanning(length + 2)[1:-1] for length in changes[0].shape[:2])
                weights = np.outer(rows, columns)
                for channel in range(sharp.shape[2]):
                    yield weights * changes[0][..., channel], weights * changes[1][..., channel], (weights**2).sum()


def _spans(length: int) -> list[tuple[int, int]]:
    """Where blocks begin and end along an axis: one for all of a short one."""
    if length <= BLOCK * BLOCKS:
        return [(0, length)]
    starts = [(length - BLOCK) * number // (BLOCKS - 1) for number in range(BLOCKS)]
    return [(start, start + BLOCK) for start in starts]


def _around(circular: Values, reach: int) -> Values:
    """The lags from -reach to reach of a circular correlation."""
    return np.roll(circular, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]


def _least_squares(products: Values, matches: Values) -> Values:
    """Minimise k * products * k / 2 - k * matches over PSFs k, where products depend on the lag alone."""
    size = len(matches)
    psf = np.zeros_like(matches)
    psf[size // 2, size // 2] = 1
    shape = [fft.next_fast_len(3 * size)] * 2
    spectrum = fft.rfft2(products, shape)
    step = 1 / max(float(np.abs(spectrum).max()), np.finfo(np.float64).tiny)
    ahead, momentum = psf, 1.0
    for _ in range(ITERATIONS):
        slope = fft.irfft2(spectrum * fft.rfft2(ahead, shape), shape)[size - 1 : 2 * size - 1, size - 1 : 2 * size - 1]
        last, psf = psf, _nearest_psf(ahead - step * (slope - matches))
        grown = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead, momentum = psf + (momentum - 1) / grown * (psf - last), grown
    return psf


def _nearest_psf(values: Values) -> Values:
    """The nearest array that is non-negative and of sum 1 (Duchi et al., 2008)."""
    ordered = np.sort(values, axis=None)[::-1]
    excess = (np.cumsum(ordered) - 1) / np.arange(1, ordered.size + 1)
    nearest: Values = (values - excess[np.flatnonzero(ordered > excess)[-1]]).clip(min=0)
    return nearest


def _supported(before: Values, after: Values, psf: Values) -> Values:
    """Rules 1 to 3 on (H, W, C) in [0, 1]; beyond the edges nothing is known, and near them the less is believed."""
    change = after - before
    inside = signal.fftconvolve(np.ones_like(before[..., :1]), psf[..., None], mode="same", axes=(0, 1))
    missing = before - signal.fftconvolve(after, psf[..., None], mode="same", axes=(0, 1)) / inside
    known = (2 * inside - 1).clip(0, 1)
    unexplained, made = (_root_mean_square(values, known) for values in (missing, change))
    white = np.where(before == 1, known * missing, 0).max(axis=2)
    believed = (
        _falling(unexplained / made.clip(min=1e-5), *SHARE)
        * _falling(unexplained, *UNEXPLAINED)
        * _falling(ndimage.maximum_filter(white, SUPPORT), *OVEREXPOSED)
    )
    return before + _bounded(believed[..., None] * (change + known * missing), before)


def _root_mean_square(values: Values, weights: Values) -> Values:
    """Over channels and the neighbourhood, (H, W); what lies beyond the edges counts as nought."""
    squares = ndimage.uniform_filter((weights * values**2).mean(axis=2), WINDOW, mode="constant")
    root: Values = np.sqrt(squares.clip(min=0))
    return root


def _falling(values: Values, start: float, stop: float) -> Values:
    """1 up to ``start``, falling to 0 at ``stop``."""
    return ((stop - values) / (stop - start)).clip(0, 1)


def _bounded(change: Values, before: Values) -> Values:
    if before.shape[2] == 3:
        grey = before.mean(axis=2, keepdims=True)
        shift = change.mean(axis=2, keepdims=True)
        change = shift + _within_range(change - shift, before - grey)
    return _within_range(change, before)


def _within_range(change: Values, values: Values) -> Values:
    size = (NEARBY, NEARBY, 1)
    most = ndimage.maximum_filter(values, size) - ndimage.minimum_filter(values, size)
    return change.clip(-most, most)


def _scaled(pixels: Pixels) -> Values:
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
