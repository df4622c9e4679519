"""Blur that changes across the image, as camera rotation or a lens's corners make it."""

import torch
from torch import Tensor

from deblur_lightning.degradations.base import Degradation, DegradedBatch
from deblur_lightning.degradations.blur import Blur
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import convolve


class SpatiallyVarying(Degradation):
    """Draws a PSF for each point of a grid, and interpolates linearly between them.

    A pixel's PSF is the weighted mean of those at the four grid points around it. The outermost grid points are the
    image's corners. The PSF returned is the mean over the grid, not marked as known.

    Args:
        blur: draws the PSF of each grid point.
        rows: points of the grid down the image, at least 2.
        columns: points across, at least 2.

    Raises:
        UserError: fewer than 2 rows or columns.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import MotionBlur, SpatiallyVarying
        >>> blurred, psf = SpatiallyVarying(MotionBlur(length=(5, 9)))(torch.rand(2, 3, 32, 32), seed=0)
        >>> blurred.shape
        torch.Size([2, 3, 32, 32])
    """

    def __init__(self, blur: Blur, rows: int = 3, columns: int = 3) -> None:
        super().__init__()
        for name, count in (("rows", rows), ("columns", columns)):
            if count < 2:
                raise UserError(f"SpatiallyVarying {name}={count}: give 2 or more.")
        self.blur = blur
        self.rows = rows
        self.columns = columns
        self.border, self.margin = blur.border, blur.margin
        self.smallest, self.psf_size = blur.smallest, blur.psf_size

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        self.blur.check(sharp)
        down, right = (
            _interpolation_weights(length, count, sharp)
            for length, count in zip(sharp.shape[-2:], self._grid, strict=True)
        )
        blurred, mean = torch.zeros_like(sharp), torch.zeros(())
        for row in range(self.rows):
            for column in range(self.columns):
                psf = self.blur.psf(draws.substream(f"{row},{column}"))
                weight = down[row][:, None] * right[column]
                blurred += weight * convolve(sharp, psf, self.blur.border)
                mean = mean + psf / (self.rows * self.columns)
        return DegradedBatch(blurred, mean, torch.zeros_like(draws.index, dtype=torch.bool))

    @property
    def _grid(self) -> tuple[int, int]:
        return self.rows, self.columns


def _interpolation_weights(length: int, count: int, like: Tensor) -> Tensor:
    """Linear interpolation weights (count, length) of ``count`` grid points at ``length`` pixels."""
    place = torch.linspace(0, count - 1, length, device=like.device)
    point = torch.arange(count, device=like.device)[:, None]
    return (1 - (place - point).abs()).clamp(min=0)
