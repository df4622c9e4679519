"""Deconvolution with a hyper-Laplacian prior on differences (Krishnan and Fergus, NIPS 2009)."""

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from deblur_lightning.classical.base import ClassicalFilter, Plane
from deblur_lightning.functional.fourier import centred_transfer

POWER = 2 / 3  # of the differences: photographs' follow exp(-c |d|^a) with a between .5 and .8
COUPLINGS = tuple(2 ** (1.5 * step) for step in range(8))
"""From 1 to 1448; the paper stops at 256, the validation photographs gain by going on."""
NARROWINGS = 5  # of what is known of a shrunk difference, each at least to a third


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
        otf = centred_transfer(torch.from_numpy(psf), (plane.shape[0], plane.shape[1])).numpy()
        spectrum = np.fft.rfft2(plane)
        data, power = otf.conj() * spectrum, np.abs(otf) ** 2
        steps = _differences(plane.shape)
        roughness = sum(np.abs(step) ** 2 for step in steps)
        for coupling in COUPLINGS:
            wanted = np.zeros_like(spectrum)
            for step in steps:
                difference = np.fft.irfft2(step * spectrum, s=plane.shape)
                wanted += step.conj() * np.fft.rfft2(shrink(difference, 1 / coupling))
            pull = strength * coupling
            spectrum = (data + pull * wanted) / (power + pull * roughness)
        restored: Plane = np.fft.irfft2(spectrum, s=plane.shape)
        return restored


def shrink(values: Plane, weight: float) -> Plane:
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
    size = np.maximum(np.abs(values), threshold)
    narrowed = size
    for _ in range(NARROWINGS):
        narrowed = size - weight * POWER * narrowed ** (POWER - 1)
    result: Plane = np.where(np.abs(values) > threshold, np.sign(values) * narrowed, 0)
    return result


def _differences(size: tuple[int, ...]) -> list[NDArray[np.complex128]]:
    """The transfer functions of "the next pixel less this", downwards and to the right: (H, 1) and (1, W // 2 + 1)."""
    down = np.fft.fftfreq(size[0])[:, None]
    right = np.fft.rfftfreq(size[1])[None]
    return [np.exp(2j * np.pi * frequency) - 1 for frequency in (down, right)]
