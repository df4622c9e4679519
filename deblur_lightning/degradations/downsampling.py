"""Bicubic downsampling and upsampling, as super-resolution's inputs are made."""

import torch.nn.functional as F
from torch import Tensor

from deblur_lightning.degradations.base import Degradation, DegradedBatch, with_identity_psf
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError


class Downsampling(Degradation):
    """Bicubic reduction to 1 / factor of height and width (rounded up), and bicubic enlargement.

    It is no convolution, since its weights depend on a pixel's position, so no PSF is known. At the edges the weights
    are shared among the pixels that exist: it assumes no border, and a training crop needs no margin.

    Args:
        factor: of the reduction, at least 2.
        antialias: whether the reduction averages over the area of a low-resolution pixel, as Pillow does (cubic with
            a = -0.5). Without it, as in OpenCV (a = -0.75), fine detail turns into false patterns.

    Raises:
        UserError: a factor below 2.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import Downsampling
        >>> blurred, psf = Downsampling(factor=4)(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 1, 1]))
    """

    def __init__(self, factor: int = 4, antialias: bool = True) -> None:
        super().__init__()
        if factor < 2:
            raise UserError(f"Downsampling factor={factor} reduces nothing: give 2 or more.")
        self.factor = factor
        self.antialias = antialias
        self.smallest = factor

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        height, width = sharp.shape[-2:]
        if min(height, width) < self.smallest:
            raise UserError(
                f"An image of {height}x{width} pixels is too small for Downsampling by {self.factor}: "
                f"use images of at least {self.smallest} pixels."
            )
        low_size = -(-height // self.factor), -(-width // self.factor)
        blurred = sharp
        for size in (low_size, (height, width)):
            blurred = F.interpolate(blurred, size=size, mode="bicubic", antialias=self.antialias)
        return with_identity_psf(blurred.clamp(0, 1), draws, known=False)
