"""Total-variation deconvolution (Rudin, Osher and Fatemi, 1992)."""

from typing import final

import numpy as np
import torch
from skimage.restoration import denoise_tv_chambolle

from deblur_lightning.classical.base import ClassicalFilter, Plane
from deblur_lightning.functional.fourier import centred_transfer

ROUNDS = 12
DENOISING_STEPS = 30  # of each round; the next goes on from its result
COUPLING = 30.0  # between the two halves, in units of the weight; it decides the speed, not the answer


@final
class TotalVariation(ClassicalFilter):
    """Least |y - h * x|^2 / 2 + strength times the sum of |gradient of x|.

    By splitting (Wang, Yang, Yin and Zhang, 2008, with multipliers): in turn a division in frequency that fits the
    data, and scikit-image's denoising that flattens.

    Args:
        weights: candidates for the strength.
    """

    def __init__(self, weights: tuple[float, ...] = (3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)) -> None:
        super().__init__("weights", weights)

    def restore(self, plane: Plane, psf: Plane, strength: float) -> Plane:
        coupling = COUPLING * strength
        otf = centred_transfer(torch.from_numpy(psf), (plane.shape[0], plane.shape[1])).numpy()
        data, power = otf.conj() * np.fft.rfft2(plane), np.abs(otf) ** 2
        flat, difference = plane, np.zeros_like(plane)
        for _ in range(ROUNDS):
            spectrum = (data + coupling * np.fft.rfft2(flat - difference)) / (power + coupling)
            fitted = np.fft.irfft2(spectrum, s=plane.shape)
            flat = denoise_tv_chambolle(  # type: ignore[no-untyped-call]
                fitted + difference, weight=1 / COUPLING, max_num_iter=DENOISING_STEPS
            )
            difference = difference + fitted - flat
        return flat
