"""Restores a photo from the PSF that its edges show, where another estimate of it is the same."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from deblur_lightning.classical import hyper_laplacian
from deblur_lightning.classical.psf_estimation import estimate_psf
from deblur_lightning.functional.padding import pad_for_deconvolution
from deblur_lightning.restoring.data_consistency import BLOCK, NO_BLUR, SUPPORT, Values, fit_psf, to_unit_range
from deblur_lightning.restoring.tiles import Pixels, Tell, Tiling, middle, quantise, restore_in_tiles

FEWEST = 3 * SUPPORT
"""Pixels a side, at least, of a photo whose PSF is estimated."""

AGREEING = (0.88, 0.92)
"""Correlation of two PSFs that were found apart: up to the first nothing is believed, from the second on everything."""

EXPLAINED = (1.3, 1.5)
"""How many times as much of the photo the network must leave unexplained as the PSF does: likewise."""

CUT_OFF = (0.01, 0.02)
"""Share of the PSF in the outermost taps of its square, from the second on of which the blur is larger than that."""

SETTLED = (0.4, 0.6)
"""By how much the network changes the photo without the blur, as a share of what that has changed: up to the first it
finds nothing more to do, from the second on it finds artefacts."""

STRENGTH = 5e-4
"""Of the hyper-Laplacian prior."""

PADDING_STEPS = 4
TILING = Tiling(tile=1024, overlap=2 * SUPPORT)
"""How a photo is cut up: FFTs of a part need less memory."""


class UniformBlur(NamedTuple):
    """A blur that is the same all over a photo.

    Attributes:
        psf: (K, K) float64, non-negative, of sum 1.
        belief: from 0 to 1.
    """

    psf: NDArray[np.float64]
    belief: float


def find_uniform_blur(before: Pixels, after: Pixels, restore: Callable[[Pixels], Pixels]) -> UniformBlur | None:
    """Estimate the PSF of a photo, and how far to believe it.

    Two PSFs found apart must be the same: those of the photo's halves, or the one of its middle and the one that leads
    from the network's restoration to the photo. Where an estimate is of noise, or the blur differs from place to place,
    they are not. The PSF must fit into its square, and explain the photo better than what the network has made of it.
    Last, a photo that a PSF fits may still be no convolution, such as a frame of a compressed video: the network must
    find the photo without the blur to be sharp.

    Args:
        before: the photo, (H, W, C) uint8 or uint16.
        after: what a network has made of it, of the same shape and type.
        restore: the network, for any such image.

    Returns:
        None where there is no blur, or nothing to believe.
    """
    if min(before.shape[:2]) < FEWEST:
        return None
    blurred, psf_of_network = middle(before, BLOCK), fit_psf(before, after)
    if psf_of_network[SUPPORT // 2, SUPPORT // 2] >= NO_BLUR:
        return None
    psf = _estimate(blurred)
    agreement = _correlation(psf, psf_of_network)
    if agreement < AGREEING[1]:
        agreement = max(agreement, _correlation(*(_estimate(half) for half in _halves(before))))
    belief = _rising(agreement, *AGREEING)
    belief *= 1 - _rising(1 - psf[1:-1, 1:-1].sum(), *CUT_OFF)
    if not belief:
        return None
    own = deconvolve(blurred, psf)
    unexplained = _unexplained(blurred, middle(after, BLOCK), psf_of_network)
    belief *= _rising(unexplained / max(_unexplained(blurred, own, psf), 1e-6), *EXPLAINED)
    if not belief:
        return None
    belief *= 1 - _rising(_distance(restore(own), own) / max(_distance(own, blurred), 1e-6), *SETTLED)
    return UniformBlur(psf, belief) if belief else None


def apply(blur: UniformBlur, before: Pixels, after: Pixels, tell: Tell = lambda count: None) -> Pixels:
    """Take the blur out of a photo, as far as it is believed; for the rest, what a network has made of the photo stays.

    Args:
        blur: of the photo.
        before: the photo, (H, W, C) uint8 or uint16.
        after: what a network has made of it, or the photo itself.
        tell: is told the number of pixels as they are done.

    Returns:
        Of the same shape and type.
    """
    own = deconvolve(before, blur.psf, tell)
    for top in range(0, len(own), BLOCK):  # since floating point takes four times the memory
        part = np.s_[top : top + BLOCK]
        share = np.float32(blur.belief)
        own[part] = quantise(share * to_unit_range(own[part]) + (1 - share) * to_unit_range(after[part]), own.dtype)
    return own


def deconvolve(before: Pixels, psf: NDArray[np.float64], tell: Tell = lambda count: None) -> Pixels:
    """A photo (H, W, C) without the blur of its PSF, by a hyper-Laplacian prior; the same shape and type."""
    kernel = torch.from_numpy(psf).float()

    def restore(tile: Tensor, tell: Tell) -> Tensor:
        height, width = tile.shape[-2:]
        wide = pad_for_deconvolution(tile[None], kernel[None], PADDING_STEPS)[0]
        return hyper_laplacian.deconvolve(wide, kernel, STRENGTH)[:, :height, :width]

    return restore_in_tiles(before, restore, TILING, tell)


def _halves(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """The middles of the halves of (H, W, C), cut across the longer side."""
    first, second = np.array_split(pixels, 2, axis=0 if pixels.shape[0] > pixels.shape[1] else 1)
    return middle(first, BLOCK), middle(second, BLOCK)


def _estimate(pixels: Pixels) -> NDArray[np.float64]:
    """The PSF of (H, W, C)."""
    grey = to_unit_range(pixels).mean(axis=2)
    psf: NDArray[np.float64] = estimate_psf(torch.from_numpy(grey)[None], SUPPORT)[0].double().numpy()
    return psf


def _correlation(first: Values, second: Values) -> float:
    """Of two PSFs, where they lie best upon each other; 1 is the same."""
    size = [2 * length for length in first.shape]
    spectra = (np.fft.rfft2(psf, size) for psf in (first, second))
    one, other = spectra
    products = np.fft.irfft2(one.conj() * other, size)
    return float(products.max() / np.sqrt((first**2).sum() * (second**2).sum()))


def _unexplained(before: Pixels, after: Pixels, psf: Values) -> float:
    """The root mean square of what the restored photo, blurred again, lacks; in levels of [0, 1], without the edges."""
    again = signal.fftconvolve(to_unit_range(after), psf[..., None], mode="same", axes=(0, 1))
    missing = to_unit_range(before) - again
    reach = len(psf) // 2
    return float(np.sqrt(np.square(missing[reach:-reach, reach:-reach]).mean()))


def _distance(first: Pixels, second: Pixels) -> float:
    """The root mean square of the difference, in levels of [0, 1]."""
    return float(np.sqrt(np.square(to_unit_range(first) - to_unit_range(second)).mean()))


def _rising(value: float, start: float, stop: float) -> float:
    return min(1.0, max(0.0, (value - start) / (stop - start)))
