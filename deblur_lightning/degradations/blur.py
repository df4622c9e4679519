"""The base class of blurs that are a convolution with one PSF."""

from abc import abstractmethod
from typing import get_args

import torch
from torch import Tensor

from deblur_lightning.degradations.base import Degradation, DegradedBatch
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import Border, convolve


class Blur(Degradation):
    """Convolves each image with a PSF drawn for it.

    Args:
        psf_size: K, odd, taps on each side.
        border: what lies beyond the edges. With "reflect" the pixels that depend on it are the ``margin``; with
            the other borders they belong to the experiment, and the margin is 0.

    Raises:
        UserError: an unknown border.
    """

    def __init__(self, psf_size: int, border: Border) -> None:
        super().__init__()
        if border not in get_args(Border):
            raise UserError(f"{type(self).__name__} border={border!r}: choose from {', '.join(get_args(Border))}.")
        self.border: Border = border
        self.psf_size = self.smallest = psf_size
        self.margin = psf_size // 2 if border == "reflect" else 0

    @abstractmethod
    def psf(self, draws: Draws) -> Tensor:
        """The PSFs of ``draws``: (B, K, K) float32, non-negative, sum 1, centred, on the draws' device."""

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        self.check(sharp)
        psf = self.psf(draws)
        known = torch.ones(len(psf), dtype=torch.bool, device=psf.device)
        return DegradedBatch(convolve(sharp, psf, self.border), psf, known)

    def check(self, sharp: Tensor) -> None:
        """Raise a ``UserError`` if the images are smaller than the PSF."""
        height, width = sharp.shape[-2:]
        if min(height, width) < self.smallest:
            raise UserError(
                f"An image of {height}x{width} pixels is too small for {type(self).__name__} of "
                f"{self.psf_size}x{self.psf_size}: use images of at least {self.smallest} pixels, or less blur."
            )
