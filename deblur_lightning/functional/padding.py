"""Padding for FFTs, which take an image as periodic: without it they leave traces at the edges."""

import math

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from deblur_lightning.functional.fourier import centred_transfer, radius

SMOOTHNESS = 0.01
"""Of the padding: the noise-to-signal ratio at one cycle per pixel; it is proportional to f^2."""


def periodic_pad(image: Tensor, margin: int) -> Tensor:
    """Pad images to the right and below so that they are periodic, without a jump.

    The reflection at each edge fades into the reflection at the opposite edge.

    Args:
        image: (..., H, W), of any size.
        margin: half of the smallest width of the padding, in pixels.

    Returns:
        (..., H + G, W + G'), of a size with fast FFTs, with the image at its top left.
    """
    for axis in (-2, -1):
        length = image.shape[axis]
        gap = next_fast_len(length + 2 * margin, real=True) - length
        place = torch.arange(gap, device=image.device)
        after, before = (
            image.index_select(axis, _reflect(start + place, length)).movedim(axis, -1) for start in (length, -gap)
        )
        share = (0.5 + 0.5 * torch.cos(math.pi * (place + 1) / (gap + 1))).to(image.dtype)
        image = torch.cat([image, (before + share * (after - before)).movedim(-1, axis)], dim=axis)
    return image


def pad_for_deconvolution(blurred: Tensor, psf: Tensor, steps: int = 16) -> Tensor:
    """Pad blurred images to the right and below as if a periodic scene had been blurred.

    The padding comes from the likeliest smooth scene that, once blurred, agrees with the image's pixels. A filter in
    frequency then causes no ringing at the edges. For blurs that are not symmetric, this gains decibels if there is
    little noise.

    Source: the aim is that of Liu and Jia, Reducing boundary artifacts in image deconvolution, ICIP 2008.

    Args:
        blurred: (B, C, H, W) in [0, 1], of any size; float32 or float64.
        psf: (B, K, K), K odd, centred on the middle tap.
        steps: of conjugate gradients; 0 takes the padding of ``periodic_pad``, deconvolved and blurred again.

    Returns:
        (B, C, H + G, W + G'), of a size with fast FFTs, with ``blurred`` unchanged at its top left.
    """
    height, width = blurred.shape[-2:]
    with torch.autocast(blurred.device.type, enabled=False):
        wide = periodic_pad(blurred, psf.shape[-1] + 8)
        size = (wide.shape[-2], wide.shape[-1])
        otf = centred_transfer(psf.to(wide.dtype), size)[:, None]
        known = wide.new_zeros(size)
        known[:height, :width] = 1
        ratio = SMOOTHNESS * radius(size, wide.device).to(wide.dtype) ** 2
        mean = wide.mean(dim=(-2, -1), keepdim=True)  # subtracted, since float32 is more exact near 0
        scene = _likeliest_scene(wide - mean, known, otf, ratio, steps)
        return torch.where(known > 0, wide, _filter(scene, otf) + mean)


def _likeliest_scene(wide: Tensor, known: Tensor, otf: Tensor, ratio: Tensor, steps: int) -> Tensor:
    """Minimise |y - h * x|^2, summed where ``known`` is 1, plus the sum of ratio |X|^2, by conjugate gradients.

    The preconditioner is the inverse for the case that all pixels are known, and its solution is the start.
    """

    def normal_operator(image: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(image)
        seen = torch.fft.rfft2(known * torch.fft.irfft2(spectrum * otf, s=size))
        result: Tensor = torch.fft.irfft2(seen * otf.conj() + spectrum * ratio, s=size)
        return result

    size = wide.shape[-2:]
    nearly_inverse = 1 / (otf.abs() ** 2 + ratio)
    scene = _filter(wide, otf.conj() * nearly_inverse)
    residual = _filter(known * wide, otf.conj()) - normal_operator(scene)
    direction = conditioned = _filter(residual, nearly_inverse)
    for _ in range(steps):
        change, before = normal_operator(direction), _dot(residual, conditioned)
        stride = before / _dot(direction, change)
        scene, residual = scene + stride * direction, residual - stride * change
        conditioned = _filter(residual, nearly_inverse)
        direction = conditioned + _dot(residual, conditioned) / before * direction
    return scene


def _reflect(place: Tensor, length: int) -> Tensor:
    """Where each ``place`` lies on an axis of ``length`` pixels that is mirrored again and again at its ends."""
    period = max(2 * (length - 1), 1)
    place = place % period
    return torch.minimum(place, period - place)


def _filter(image: Tensor, response: Tensor) -> Tensor:
    result: Tensor = torch.fft.irfft2(torch.fft.rfft2(image) * response, s=image.shape[-2:])
    return result


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """The dot product of each plane, (B, C, 1, 1), kept above 0 so that it can divide."""
    return (one * other).sum(dim=(-2, -1), keepdim=True).clamp(min=torch.finfo(one.dtype).tiny)
