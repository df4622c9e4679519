"""Measures the spectra of photographs and noise from a batch."""

import torch
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.functional.convolution import convolve
from deblur_lightning.networks.spectra import MeasuredSpectra


@torch.no_grad()
def measure(spectra: MeasuredSpectra, batch: RestorationBatch, psf: Tensor, valid: Tensor) -> None:
    """Show the sharp images of a batch and their noise, which is what the PSF leaves unexplained of the blurred ones.

    Args:
        spectra: to add to.
        batch: pairs whose crops are larger than the PSF.
        psf: (B, K, K), K odd.
        valid: (B,) bool, which samples count.
    """
    sharp, blurred = batch["sharp"], batch["blurred"]
    reach = psf.shape[-1] // 2
    height, width = sharp.shape[-2:]
    noise = blurred - convolve(sharp.float(), psf.float()).to(blurred)
    inner = noise[..., reach : height - reach, reach : width - reach]  # beyond, the crop's border is unknown
    spectra.show(sharp, inner, valid.to(sharp.dtype))
