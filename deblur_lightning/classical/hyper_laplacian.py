"""Deconvolution with a hyper-Laplacian prior on differences (Krishnan and Fergus, NIPS 2009)."""

from typing import final

import torch
from torch import Tensor

from deblur_lightning.classical.base import ClassicalFilter, Plane
from deblur_lightning.functional.fourier import centred_transfer, differences

POWER = 2 / 3  # of the differences: photographs' follow exp(-c |d|^a) with a between .5 and .8
COUPLINGS = tuple(2 ** (1.5 * step) for step in range(8))
"""From 1 to 1448; the paper stops at 256, the validation photographs gain by going on."""
NEWTON_STEPS = 4  # towards a shrunk difference: it is off by 4 millionths at most


@final
class HyperLaplacian(ClassicalFilter):
    """Aims at the least |y - h * x|^2 / 2 + strength times the sum of |d|^(2/3) over the differences d of neighbours.

    Total variation has the power 1 and lowers every edge. The power 2/3 hardly depends on the height of an edge. The
    sum is not convex, so it is minimised by half-quadratic splitting: each difference is shrunk by itself, then a
    division in frequency fits the image to the data and to the shrunk differences. The weight of these grows from step
    to step.

    Args:
        weights: candidates for the strength.
    """

    def __init__(
        self, weights: tuple[float, ...] = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    ) -> None:
        super().__init__("weights", weights)

    def restore(self, plane: Plane, psf: Plane, strength: float) -> Plane:
        restored: Plane = deconvolve(torch.from_numpy(plane), torch.from_numpy(psf), strength).numpy()
        return restored


def deconvolve(planes: Tensor, psf: Tensor, strength: float) -> Tensor:
    """As ``HyperLaplacian.restore``, for planes (..., H, W) that have one PSF (K, K) in common, on any device."""
    size = (planes.shape[-2], planes.shape[-1])
    otf = centred_transfer(psf.to(planes), size)
    spectrum = torch.fft.rfft2(planes)
    data, power = otf.conj() * spectrum, otf.abs() ** 2
    steps = differences(size, planes)
    roughness = sum(step.abs() ** 2 for step in steps)
    for coupling in COUPLINGS:
        wanted = torch.zeros_like(spectrum)
        for step in steps:
            difference = torch.fft.irfft2(step * spectrum, s=size)
            wanted += step.conj() * torch.fft.rfft2(shrink(difference, 1 / coupling))
        pull = strength * coupling
        spectrum = (data + pull * wanted) / (power + pull * roughness)
    restored: Tensor = torch.fft.irfft2(spectrum, s=size)
    return restored


def shrink(values: Tensor, weight: float) -> Tensor:
    """The least weight |w|^(2/3) + (w - v)^2 / 2 for each value v: 0 where v is small, else somewhat nearer to 0.

    Source: Zuo and others, A generalized iterated shrinkage algorithm for non-convex sparse coding, ICCV 2013.

    Args:
        values: of any shape.
        weight: above 0.

    Returns:
        Of the same shape.
    """
    least = (2 * weight * (1 - POWER)) ** (1 / (2 - POWER))  # what is not 0 is at least this
    threshold = least + weight * POWER * least ** (POWER - 1)
    size = values.abs().clamp(min=threshold)
    root = size ** (1 / 3)  # of w, and from above the greatest of those of u^4 - |v| u + 2/3 weight
    for _ in range(NEWTON_STEPS):
        cube = root * root * root
        root = root - (root * (cube - size) + POWER * weight) / (4 * cube - size)
    return torch.where(values.abs() > threshold, (root * root * root).copysign(values), 0)
