"""Keeps of a restoration only what the photo supports: blurred again, it must give the photo back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

from deblur_lightning.restoring.tiles import Pixels, Tell, middle, quantise

Values = NDArray[np.floating[Any]]

SUPPORT = 31
"""Side in pixels of the PSF that is fitted: that of the largest blur that the shipped model has learned from."""

BLOCK = 384
"""Side in pixels, at most, of the block in the middle of a cell that its PSF is fitted to."""

ITERATIONS = 200
ROUNDING = 0.5 / 255**2
"""Squared error that 8-bit rounding leaves in a difference of two pixels: the weight of "no blur" in the fit."""

SMOOTHING = 0.7
"""Standard deviation in pixels of the Gaussian that gradients are smoothed by before a PSF is fitted to them: a network
restores the finest detail least, and a fit to it would be of a smaller blur."""

RIDGE = 0.1
"""Weight of the sum of a PSF's squares in its fit, as a share of the gradients' energy: spreads what is uncertain."""

NO_BLUR = 0.85
"""Middle tap of the PSF, fitted with "no blur" in mind, from which on there is none."""

INVERTED = 0.03
"""What a frequency's transfer, squared, must exceed to be inverted rather than left to the network."""

INVERTIBLE = (0.25, 0.45)
"""Share of the change, left unexplained, up to which the PSF is inverted; from the second on it is not."""

WINDOW = 65
"""Side in pixels of the neighbourhood in which what is left unexplained is compared with the change."""

SHARE = (0.6, 0.9)
"""Of the change, what may be left unexplained: up to the first it is made whole, from the second on it is not made."""

UNEXPLAINED = (9 / 255, 18 / 255)
"""The same as a root mean square of levels: more than the noise that the shipped model has learned from."""

OVEREXPOSED = (8 / 255, 16 / 255)
"""The same for how far a white pixel is from being explained: the light was brighter than white, and its blur shows."""

OUTSHONE = (0.6, 1.0)
"""The same for that as a share of the change around: print on white paper, of a PSF not quite known, is no light."""

NEARBY = 21
"""Side in pixels of the neighbourhood whose range of levels bounds the change of a pixel."""

CELL, CELLS = 320, 8
"""Side in pixels, at least, of the cells that have a PSF of their own each, and how many a photo has along a side."""

AT_ONCE = 2
"""Cells, at most, that are worked on at once, since each takes many times the memory of its pixels."""


def keep_supported(before: Pixels, after: Pixels, tell: Tell = lambda count: None) -> Pixels:
    """Keep of the change from ``before`` to ``after`` what ``before`` supports.

    1. The PSF that best leads from ``after`` back to ``before`` is fitted, in each of the overlapping cells that a
       large photo is divided into. ``after``, blurred by it, must be ``before``. Where it nearly is, what is missing is
       sharpened by a regularised inverse of the PSF and added.
    2. Where much is missing, beside the change or beside any noise, less of the change is made, down to none; so too
       around light that was brighter than white, whose blur no picture of it can explain.
    3. No pixel changes by more than the range of levels around it, and its colour cast by no more than the range of
       casts: what is flat stays flat, what is grey stays grey. What is black or white stays so, since only black, or
       only white, can have blurred into it.

    A sharp photo is explained by the PSF of no blur: nothing may be added to it, and what was is taken back.

    Args:
        before: the photo, (H, W, C) uint8 or uint16.
        after: what a network has made of it, of the same shape and type.
        tell: is told the number of pixels as they are done.

    Returns:
        The same shape and type.
    """
    kept = np.empty_like(before)
    rows, columns = (_cells(length) for length in before.shape[:2])
    carried = np.zeros((0, *before.shape[1:]), np.float32)
    with ThreadPoolExecutor(min(AT_ONCE, torch.get_num_threads())) as pool:  # NumPy and SciPy take one thread each
        for (top, bottom), down in zip(rows, _shares(rows), strict=True):
            strip = np.zeros((bottom - top, *before.shape[1:]), np.float32)
            strip[: len(carried)] = carried
            parts = pool.map(partial(_cell, before, after, (top, bottom)), columns)
            for (left, right), across, part in zip(columns, _shares(columns), parts, strict=True):
                strip[:, left:right] += part * (down[:, None] * across)[..., None]
                tell(before.shape[0] * before.shape[1] / (len(rows) * len(columns)))
            following = next((start for start, _ in rows if start > top), bottom)
            kept[top:following] = quantise(strip[: following - top], before.dtype)
            carried = strip[following - top :]
    levels = np.iinfo(before.dtype).max
    return np.where((before == 0) | (before == levels), before, kept)


def _cells(length: int) -> list[tuple[int, int]]:
    """Where cells begin and end along an axis: of one length, overlapping by a quarter; one for all of a short one."""
    cell = max(CELL, length // CELLS)
    if length <= cell * 1.25:
        return [(0, length)]
    count = -(-(length - cell) // (cell * 3 // 4)) + 1
    starts = [(length - cell) * number // (count - 1) for number in range(count)]
    return [(start, start + cell) for start in starts]


def _shares(cells: list[tuple[int, int]]) -> list[Values]:
    """Of each cell at each of its pixels along an axis: 1, falling to 0 across overlaps; they add up to 1."""
    last = cells[-1][1]
    heights, total = [], np.zeros(last)
    for start, stop in cells:
        pixels = np.arange(start, stop) + 0.5
        before = pixels - start if start else np.full(stop - start, np.inf)
        height = np.minimum(before, stop - pixels if stop < last else np.inf).clip(max=(stop - start) / 4)
        heights.append(height)
        total[start:stop] += height
    return [
        (height / total[start:stop]).astype(np.float32) for height, (start, stop) in zip(heights, cells, strict=True)
    ]


def _cell(before: Pixels, after: Pixels, rows: tuple[int, int], columns: tuple[int, int]) -> Values:
    """What is kept in a cell, (h, w, C) in [0, 1], by a PSF of its own."""
    height, width = before.shape[:2]
    (top, bottom), (left, right) = rows, columns
    reach = SUPPORT // 2 + max(WINDOW, NEARBY, SUPPORT) // 2
    y0, y1 = max(0, top - reach), min(height, bottom + reach)
    x0, x1 = max(0, left - reach), min(width, right + reach)
    psf = fit_psf(before[top:bottom, left:right], after[top:bottom, left:right])
    part = _keep_supported_values(to_unit_range(before[y0:y1, x0:x1]), to_unit_range(after[y0:y1, x0:x1]), psf)
    return part[top - y0 : bottom - y0, left - x0 : right - x0]


def fit_psf(before: Pixels, after: Pixels) -> Values:
    """The PSF (K, K), non-negative, of sum 1, that blurs ``after`` into ``before``: least squares of their gradients.

    Gradients, whose spectra are flat, let the fit converge (Cho and Lee, "Fast motion deblurring", 2009). A first fit
    tends to no blur where the images say little; if it finds none, there is none. Else they are smoothed and fitted
    again, as evenly as they allow. Solved by accelerated projected gradient (FISTA, Beck and Teboulle, 2009).
    """
    size = SUPPORT
    half = size // 2
    products, matches = np.zeros((2, 2 * size - 1, 2 * size - 1)), np.zeros((2, size, size))
    total = 0.0
    for sharp, blurred, count in _gradients(middle(before, BLOCK), middle(after, BLOCK)):
        shape = [fft.next_fast_len(length + 2 * size) for length in sharp.shape]
        spectrum = fft.rfft2(sharp, shape)
        energy, joint = np.abs(spectrum) ** 2, spectrum.conj() * fft.rfft2(blurred, shape)
        for number, weight in enumerate((1.0, _smoothing(shape))):
            products[number] += _around(fft.irfft2(weight * energy, shape), size - 1)
            matches[number] += _around(fft.irfft2(weight * joint, shape), half)
        total += count
    products[0, size - 1, size - 1] += ROUNDING * total
    matches[0, half, half] += ROUNDING * total
    psf = _least_squares(products[0], matches[0])
    if psf[half, half] >= NO_BLUR:
        return psf
    products[1, size - 1, size - 1] *= 1 + RIDGE
    return _least_squares(products[1], matches[1])


def _smoothing(shape: list[int]) -> Values:
    """The squared transfer of the Gaussian that gradients are smoothed by."""
    down, right = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])
    smoothing: Values = np.exp(-((2 * np.pi * SMOOTHING) ** 2) * (down**2 + right**2))
    return smoothing


def _gradients(before: Pixels, after: Pixels) -> Iterator[tuple[Values, Values, float]]:
    """Differences along both axes of each channel, faded out at the edges; and their sum of weights."""
    blurred, sharp = to_unit_range(before), to_unit_range(after)
    for axis in (0, 1):
        changes = np.diff(sharp, axis=axis), np.diff(blurred, axis=axis)
        if not changes[0].size:
            continue
        rows, columns = (np.hanning(length + 2)[1:-1] for length in changes[0].shape[:2])
        weights = np.outer(rows, columns)
        for channel in range(sharp.shape[2]):
            yield weights * changes[0][..., channel], weights * changes[1][..., channel], (weights**2).sum()


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


def _keep_supported_values(before: Values, after: Values, psf: Values) -> Values:
    """Rules 1 to 3 on (H, W, C) in [0, 1]; beyond the edges nothing is known, and near them the less is believed."""
    change = after - before
    inside = signal.fftconvolve(np.ones_like(before[..., :1]), psf[..., None], mode="same", axes=(0, 1))
    missing = before - signal.fftconvolve(after, psf[..., None], mode="same", axes=(0, 1)) / inside
    known = (2 * inside - 1).clip(0, 1)
    unexplained, made = (_root_mean_square(values, known) for values in (missing, change))
    share = unexplained / made.clip(min=1e-5)
    inverted = _falling(share, *INVERTIBLE)[..., None]
    change += inverted * _invert(known * missing, psf)
    white = np.where(before == 1, known * missing, 0).max(axis=2)
    lacking = ndimage.maximum_filter(white, SUPPORT)
    overexposed = _rising(lacking, *OVEREXPOSED) * _rising(lacking / made.clip(min=1e-5), *OUTSHONE)
    believed = _falling(share, *SHARE) * _falling(unexplained, *UNEXPLAINED) * (1 - overexposed)
    return before + _bound(believed[..., None] * change, before)


def _invert(values: Values, psf: Values) -> Values:
    """What the PSF has blurred into ``values``, (H, W, C), at the frequencies that it lets through; else nothing."""
    size = len(psf)
    shape = [fft.next_fast_len(length + 2 * size, real=True) for length in values.shape[:2]]
    transfer = fft.rfft2(np.roll(np.pad(psf, [(0, length - size) for length in shape]), (-(size // 2),) * 2, (0, 1)))
    inverse = (transfer.conj() / (np.abs(transfer) ** 2 + INVERTED)).astype(np.complex64)
    spectrum = inverse[..., None] * fft.rfft2(values, shape, axes=(0, 1))
    found: Values = fft.irfft2(spectrum, shape, axes=(0, 1))[: values.shape[0], : values.shape[1]]
    return found


def _root_mean_square(values: Values, weights: Values) -> Values:
    """Over channels and the neighbourhood, (H, W); what lies beyond the edges counts as nought."""
    squares = ndimage.uniform_filter((weights * values**2).mean(axis=2), WINDOW, mode="constant")
    root: Values = np.sqrt(squares.clip(min=0))
    return root


def _falling(values: Values, start: float, stop: float) -> Values:
    """1 up to ``start``, falling to 0 at ``stop``."""
    return ((stop - values) / (stop - start)).clip(0, 1)


def _rising(values: Values, start: float, stop: float) -> Values:
    """0 up to ``start``, rising to 1 at ``stop``."""
    return 1 - _falling(values, start, stop)


def _bound(change: Values, before: Values) -> Values:
    if before.shape[2] == 3:
        grey = before.mean(axis=2, keepdims=True)
        shift = change.mean(axis=2, keepdims=True)
        change = shift + _within_range(change - shift, before - grey)
    return _within_range(change, before)


def _within_range(change: Values, values: Values) -> Values:
    size = (NEARBY, NEARBY, 1)
    most = ndimage.maximum_filter(values, size) - ndimage.minimum_filter(values, size)
    return change.clip(-most, most)


def to_unit_range(pixels: Pixels) -> Values:
    """(H, W, C) uint8 or uint16 as float32 in [0, 1]."""
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
