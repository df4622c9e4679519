"""Padding for FFTs, which take an image as periodic: without it they leave traces at the edges."""

import math

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from deblur_lightning.functional.fourier import centred_transfer, radius

SMOOTHNESS = 0.01
"""Of what is made up: the ratio of noise to signal at one cycle for each pixel, below it falling with f^2."""


def periodic_pad(image: Tensor, margin: int) -> Tensor:
    """Continue images to the right and below until they are periodic, without a jump anywhere.

    Each edge's reflection goes on outwards and fades into the opposite edge's.

    Args:
        image: (..., H, W), of any size.
        margin: half of the least width of what is added, in pixels.

    Returns:
        (..., H + G, W + G'), of a size that FFTs are fast for, with the image at its top left.
    """
    for axis in (-2, -1):
        length = image.shape[axis]
        gap = next_fast_len(length + 2 * margin, real=True) - length
        place = torch.arange(gap, device=image.device)
        after, before = (
            image.index_select(axis, _reflected(start + place, length)).movedim(axis, -1) for start in (length, -gap)
        )
        share = (0.5 + 0.5 * torch.cos(math.pi * (place + 1) / (gap + 1))).to(image.dtype)
        image = torch.cat([image, (before + share * (after - before)).movedim(-1, axis)], dim=axis)
    return image


def pad_for_deconvolution(blurred: Tensor, psf: Tensor, steps: int = 16) -> Tensor:
    """Continue blurred images to the right and below as if a periodic scene had been blurred.

    A blurred image tells something of what lay beyond its edges. The likeliest smooth scene is sought that, blurred,
    agrees with the image's own pixels; blurred it surrounds them. A filter in frequency that is then applied rings
    from no edge, which for blurs that are not symmetric is worth decibels where there is little noise.

    Source: the aim is that of Liu and Jia, Reducing boundary artifacts in image deconvolution, ICIP 2008.

    Args:
        blurred: (B, C, H, W) in [0, 1], of any size; float32 or float64.
        psf: (B, K, K), K odd, centred on the middle tap.
        steps: of conjugate gradients; 0 leaves ``crossfaded`` surroundings, blurred once more.

    Returns:
        (B, C, H + G, W + G'), of a size that FFTs are fast for, with ``blurred`` unchanged at its top left.
    """
    height, width = blurred.shape[-2:]
    with torch.autocast(blurred.device.type, enabled=False):
        wide = periodic_pad(blurred, psf.shape[-1] + 8)
        size = (wide.shape[-2], wide.shape[-1])
        otf = centred_transfer(psf.to(wide.dtype), size)[:, None]
        known = wide.new_zeros(size)
        known[:height, :width] = 1
        ratio = SMOOTHNESS * radius(size, wide.device).to(wide.dtype) ** 2
        mean = wide.mean(dim=(-2, -1), keepdim=True)  # left out, for float32's sake
        scene = _likeliest_scene(wide - mean, known, otf, ratio, steps)
        return torch.where(known > 0, wide, _filtered(scene, otf) + mean)


def _likeliest_scene(wide: Tensor, known: Tensor, otf: Tensor, ratio: Tensor, steps: int) -> Tensor:
    """Least |y - h * x|^2, summed where ``known`` is 1, plus the sum of ratio |X|^2, by conjugate gradients.

    They are preconditioned by the inverse for the case that all is known, from whose answer they start.
    """

    def weighed(image: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(image)
        seen = torch.fft.rfft2(known * torch.fft.irfft2(spectrum * otf, s=size))
        result: Tensor = torch.fft.irfft2(seen * otf.conj() + spectrum * ratio, s=size)
        return result

    size = wide.shape[-2:]
    nearly_inverse = 1 / (otf.abs() ** 2 + ratio)
    scene = _filtered(wide, otf.conj() * nearly_inverse)
    residual = _filtered(known * wide, otf.conj()) - weighed(scene)
    direction = conditioned = _filtered(residual, nearly_inverse)
    for _ in range(steps):
        change, before = weighed(direction), _dot(residual, conditioned)
        stride = before / _dot(direction, change)
        scene, residual = scene + stride * direction, residual - stride * change
        conditioned = _filtered(residual, nearly_inverse)
        direction = conditioned + _dot(residual, conditioned) / before * direction
    return scene


def _reflected(place: Tensor, length: int) -> Tensor:
    """The pixels of an axis that lie at ``place`` when mirrored at its outermost ones, again and again."""
    period = max(2 * (length - 1), 1)
    place = place % period
    return torch.minimum(place, period - place)


def _filtered(image: Tensor, response: Tensor) -> Tensor:
    result: Tensor = torch.fft.irfft2(torch.fft.rfft2(image) * response, s=image.shape[-2:])
    return result


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """(B, C, 1, 1), above 0 also where nothing is left to improve."""
    return (one * other).sum(dim=(-2, -1), keepdim=True).clamp(min=torch.finfo(one.dtype).tiny)
