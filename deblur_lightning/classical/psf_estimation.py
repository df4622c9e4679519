"""Estimates the PSF of a blurred image from its strongest edges, coarse to fine."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from scipy.fft import next_fast_len
from torch import Tensor

from deblur_lightning.functional.fourier import centred_transfer, differences
from deblur_lightning.functional.padding import periodic_pad

SMALLEST = 5
"""Taps a side of the PSF at the coarsest scale, at most; each finer scale has the square root of 2 times as many."""

ITERATIONS = 5
"""At each scale: the edges of the sharp image from the PSF, then the PSF from these edges."""

SPARSITY = 0.13
"""Weight of an edge pixel at the first iteration of a scale, in squared levels, as a multiple of the image's root mean
square gradient: the smallest edge that is kept counts in the data term about as much. It falls by ``DECAY`` from one
iteration to the next, so that finer edges join in."""

DECAY = 1.1
COUPLINGS = [2.0 * 4.0**step for step in range(12)]
"""Of gradients and edges, as multiples of the sparsity: one after the other."""

RIDGE = 0.1
"""Weight of the sum of a PSF's squares, as a share of the edges' mean energy over frequencies."""

FAINT = 0.05
"""Share of a PSF's largest tap below which a tap is taken for noise."""

APART = 0.1
"""Share of a PSF below which taps that touch no others of it are taken for noise."""


@torch.no_grad()
def estimate_psf(blurred: Tensor, size: int) -> Tensor:
    """Estimate the PSF of each image; nothing is known but the image.

    Two steps take turns, from an image so small that its PSF has a few taps up to the full size. The first finds the
    image with few edges that, once blurred, is near the given one: |y - h * x|^2 plus ``SPARSITY`` for each pixel whose
    gradient is not 0, by half-quadratic splitting. Such an image has the strong edges and no detail. The second finds
    the PSF that leads from its gradients to those of the given image, by regularised least squares.

    An image does not say where in its path the camera was: the centre of mass of a PSF is in the middle.

    Source: Xu, Zheng and Jia, Unnatural L0 sparse representation for natural image deblurring, CVPR 2013, with the
    gradients of Cho and Lee, Fast motion deblurring, 2009; the ridge and the splitting's steps are our own.

    Args:
        blurred: (B, H, W) in [0, 1], any floating point, on any device; the mean of the colours of a photograph.
        size: K, an odd number of taps a side, at least 3, that holds the largest PSF looked for.

    Returns:
        (B, K, K) float32, non-negative, of sum 1. For an image without edges it says nothing.
    """
    images = blurred.float()
    psf = _cross(len(images), _scales(size)[0], images.device)
    roughness = _root_mean_square_gradient(images)
    for taps in _scales(size):
        scaled = _resized(images, [max(2, round(length * taps / size)) for length in images.shape[-2:]])
        if psf.shape[-1] != taps:
            psf = _centre(_clean(_resized(psf, [taps, taps])))
        sparsity = SPARSITY * roughness
        for _ in range(ITERATIONS):
            psf = _fit(_edges(scaled, psf, sparsity), scaled, taps)
            sparsity /= DECAY
    return _centre(psf)


def _root_mean_square_gradient(images: Tensor) -> Tensor:
    """Of each image (B, H, W), as (B, 1, 1); never 0."""
    squares = sum(images.diff(dim=axis).square().mean(dim=(-2, -1), keepdim=True) for axis in (-2, -1))
    root: Tensor = torch.as_tensor(squares).sqrt()
    return root.clamp(min=1e-4)


def _scales(size: int) -> list[int]:
    """Taps a side of the PSF from the coarsest scale to the finest: odd numbers."""
    sizes = [size]
    while sizes[-1] > SMALLEST:
        sizes.append(max(3, min(int(sizes[-1] / math.sqrt(2)) | 1, sizes[-1] - 2)))
    return sizes[::-1]


def _cross(count: int, size: int, device: torch.device) -> Tensor:
    """PSFs (B, K, K) to start from: a small blur without a direction."""
    psf = torch.zeros(count, size, size, device=device)
    middle = size // 2
    psf[:, middle, middle - 1 : middle + 2] = 0.2
    psf[:, middle - 1 : middle + 2, middle] = 0.2
    return psf


def _resized(images: Tensor, size: list[int]) -> Tensor:
    if list(images.shape[-2:]) == size:
        return images
    resized: Tensor = F.interpolate(images[:, None], size=size, mode="bicubic", antialias=True)[:, 0]
    return resized


def _edges(blurred: Tensor, psf: Tensor, sparsity: Tensor) -> Tensor:
    """The image with few edges that, blurred by ``psf``, is near ``blurred``: (B, H, W)."""
    height, width = blurred.shape[-2:]
    wide = periodic_pad(blurred, psf.shape[-1] // 2 + 2)
    size = (wide.shape[-2], wide.shape[-1])
    otf = centred_transfer(psf, size)
    steps = differences(size, wide)
    roughness = sum(step.abs() ** 2 for step in steps)
    spectrum = torch.fft.rfft2(wide)
    data, power = otf.conj() * spectrum, otf.abs() ** 2
    for multiple in COUPLINGS:
        gradients = [torch.fft.irfft2(step * spectrum, s=size) for step in steps]
        is_edge = sum(gradient**2 for gradient in gradients) >= 1 / multiple
        wanted = sum(
            step.conj() * torch.fft.rfft2(gradient * is_edge) for step, gradient in zip(steps, gradients, strict=True)
        )
        coupling = multiple * sparsity
        spectrum = (data + coupling * wanted) / (power + coupling * roughness)
    found: Tensor = torch.fft.irfft2(spectrum, s=size)[..., :height, :width]
    return found


def _fit(sharp: Tensor, blurred: Tensor, size: int) -> Tensor:
    """The PSFs (B, K, K) that lead from the gradients of ``sharp`` to those of ``blurred``, (B, H, W)."""
    shape = [next_fast_len(length + size, real=True) for length in blurred.shape[-2:]]
    inside = _fade(blurred.shape[-2], size, blurred)[:, None] * _fade(blurred.shape[-1], size, blurred)
    energy = torch.zeros((), device=blurred.device)
    joint = torch.zeros((), device=blurred.device)
    for axis in (-2, -1):
        gaps = (0, int(axis == -1), 0, int(axis == -2))
        from_, to = (torch.fft.rfft2(F.pad(image.diff(dim=axis), gaps) * inside, s=shape) for image in (sharp, blurred))
        energy = energy + from_.abs() ** 2
        joint = joint + from_.conj() * to
    ridge = RIDGE * energy.mean(dim=(-2, -1), keepdim=True) + torch.finfo(torch.float32).tiny
    middle = size // 2
    psf = torch.fft.irfft2(joint / (energy + ridge), s=shape).roll((middle, middle), dims=(-2, -1))
    return _clean(psf[..., :size, :size])


def _fade(length: int, size: int, like: Tensor) -> Tensor:
    """1 within an image and falling to 0 at its edges, across which light came from what is not seen: (length,)."""
    place = torch.arange(length, device=like.device, dtype=like.dtype)
    return (torch.minimum(place + 1, length - place) / size).clamp(max=1)


def _clean(psf: Tensor) -> Tensor:
    """Drop negative taps, faint ones and small groups apart from the rest; of sum 1."""
    psf = psf.clamp(min=0)
    taps = torch.where(psf < FAINT * psf.amax(dim=(-2, -1), keepdim=True), 0, psf).double().cpu().numpy()
    for one in taps:
        groups, count = ndimage.label(one, structure=[[1] * 3] * 3)
        for group in range(1, count + 1):
            within = groups == group
            if one[within].sum() < APART * one.sum():
                one[within] = 0
        if not one.any():
            one[len(one) // 2, len(one) // 2] = 1
    return torch.from_numpy(taps / taps.sum(axis=(-2, -1), keepdims=True)).to(psf)


def _centre(psf: Tensor) -> Tensor:
    """Move each PSF, by cubic splines, so that its centre of mass is in the middle; what leaves the square is lost."""
    moved = []
    for one in psf.double().cpu().numpy():
        for _ in range(3):  # since what a spline has below 0 is cut off
            off = [len(one) // 2 - place for place in ndimage.center_of_mass(one)]
            one = ndimage.shift(one, off).clip(min=0)
            one /= one.sum()
        moved.append(one)
    return torch.from_numpy(np.stack(moved)).to(psf)
