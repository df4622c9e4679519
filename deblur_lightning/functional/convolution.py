"""Convolution of each image of a batch with its own PSF, by the fastest of four exact ways."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor

Border = Literal["reflect", "circular", "zero"]
"""What a blur sees beyond an image's edge: the image mirrored at its outermost pixels, its opposite edge, or black.

"reflect" replaces the real scene where there are no more pixels. The others are for the reports' experiments:
inverting a circular blur by FFTs is an inverse crime.
"""

_SEPARABLE_TO = 3e-7  # the PSF's taps are rounded, the products of two profiles are not
_FFT_FROM = 27  # taps a side; on CPUs a direct sum is faster below it
_SPARSE_SHARE = 0.12  # of the taps; a straight line has fewer from about 18 pixels on
_PORTION_PIXELS = 700_000
_GROUPS = 16
_SPARSE_PIXELS = 128 * 128  # in smaller images a call for each tap takes longer than its pixels


def convolve(image: Tensor, psf: Tensor, border: Border = "reflect") -> Tensor:
    """Convolve each image with its own PSF, in float32 whatever the surrounding autocast.

    A true convolution: an impulse becomes the PSF, not its mirror image. Gaussians and boxes are separable, a line in a
    large image is a sum of a few shifted copies, a large PSF is fastest by FFTs, and for the rest the direct sum is
    fastest: that is kornia's ``filter2d``. The results differ by less than 1e-6.

    Args:
        image: (B, C, H, W) float32, at least as large as the PSF.
        psf: (B, K, K) float32, K odd, centred on the middle tap; best on the CPU, whatever the image's device.
        border: what lies beyond the image's edges.

    Returns:
        (B, C, H, W) float32.
    """
    with torch.autocast(image.device.type, enabled=False):
        way, kernels = _fastest(image, psf)
        count = _portion(image, psf.shape[-1] // 2, way)
        if count >= len(image):
            return way(pad(image, psf.shape[-1] // 2, border), *kernels)
        result = torch.empty_like(image, memory_format=torch.contiguous_format)
        for start in range(0, len(image), count):
            part = slice(start, start + count)
            wide = pad(image[part], psf.shape[-1] // 2, border)
            result[part] = way(wide, *(kernel[part] for kernel in kernels))
        return result


def _fastest(image: Tensor, psf: Tensor) -> tuple[Callable[..., Tensor], tuple[Tensor, ...]]:
    """The fastest function for these padded images, and its kernels, (B, ...) each."""
    if (profiles := _profiles(psf)) is not None:
        down, right = (profile.to(image.device, non_blocking=True) for profile in profiles)
        return _separably, (down, right)
    if _is_sparse(image, psf):
        return _by_taps, (psf,)
    psf = psf.to(image.device, non_blocking=True)
    return (_by_fft if psf.shape[-1] >= _FFT_FROM else _directly), (psf,)


def _portion(image: Tensor, reach: int, way: Callable[..., Tensor]) -> int:
    """How many images to convolve at a time.

    On a CPU the functions that are bound by memory are up to twice as fast if the images fit its caches. Grouped
    convolutions are fastest with multiples of 16.
    """
    if image.device.type != "cpu" or way not in (_separably, _by_taps):
        return len(image)
    least = 1 if way is _by_taps else _GROUPS
    channels, height, width = image.shape[1:]
    fitting = _PORTION_PIXELS // (channels * (height + 2 * reach) * (width + 2 * reach))
    return max(1, fitting // least) * least


def _profiles(psf: Tensor) -> tuple[Tensor, Tensor] | None:
    """Two (B, K) whose outer products are the PSFs, or None. Only PSFs on the CPU are examined: others mean waiting."""
    if psf.device.type != "cpu":
        return None
    exact = psf.double()
    down, right = exact.sum(dim=2), exact.sum(dim=1)
    separable = torch.allclose(down[:, :, None] * right[:, None], exact, rtol=_SEPARABLE_TO, atol=1e-9)
    return (down.float(), right.float()) if separable else None


def _separably(wide: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Convolve along the columns by (B, K) profiles, then along the rows."""
    return _directly(_directly(wide, down[:, :, None]), right[:, None])


def _directly(wide: Tensor, kernel: Tensor) -> Tensor:
    """Convolve (B, C, H + I - 1, W + J - 1) with (B, I, J) kernels."""
    from kornia.filters import filter2d  # half a second, which other commands need not wait for

    blurred: Tensor = filter2d(wide, kernel, padding="valid", behaviour="conv")
    return blurred


def _by_fft(wide: Tensor, psf: Tensor) -> Tensor:
    lost = psf.shape[-1] - 1
    height, width = wide.shape[-2:]
    size = [next_fast_len(length, real=True) for length in (height, width)]
    spectrum = torch.fft.rfft2(wide, s=size) * torch.fft.rfft2(psf, s=size)[:, None]
    planes: Tensor = torch.fft.irfft2(spectrum, s=size)
    return planes[..., lost:height, lost:width].contiguous()


def _is_sparse(image: Tensor, psf: Tensor) -> bool:
    if image.device.type != "cpu" or psf.device.type != "cpu" or image.shape[-2:].numel() < _SPARSE_PIXELS:
        return False
    return int(psf.count_nonzero()) < _SPARSE_SHARE * psf.numel()


def _by_taps(wide: Tensor, psf: Tensor) -> Tensor:
    """Add shifted copies of each image, one for each tap that is not zero."""
    wide = wide.contiguous()
    batch, channels, rows, columns = wide.shape
    size = (channels, rows - psf.shape[-1] + 1, columns - psf.shape[-1] + 1)
    strides = (rows * columns, columns, 1)
    result = wide.new_zeros(batch, *size)
    kernel = psf.flip(-1, -2)
    places = kernel.nonzero()
    weights = kernel[tuple(places.T)].tolist()
    for (sample, row, column), weight in zip(places.tolist(), weights, strict=True):
        start = wide.storage_offset() + sample * wide.stride(0) + row * columns + column
        result[sample].add_(wide.as_strided(size, strides, start), alpha=weight)
    return result


def pad(image: Tensor, width: int, border: Border) -> Tensor:
    """Surround (B, C, H, W) images by ``width`` pixels on every side."""
    if not width:
        return image
    return F.pad(image, (width,) * 4, mode="constant" if border == "zero" else border)
