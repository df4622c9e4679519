"""Defocus blur: a point becomes a disc, the shape of the lens's opening."""

from torch import Tensor

from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws
from deblur_lightning.functional.convolution import Border
from deblur_lightning.functional.psf import normalise, odd_size, tap_offsets


class DefocusBlur(Blur):
    """Convolution with an even disc whose edge is one pixel wide; its radius is drawn uniformly for each sample.

    Args:
        radius: least and greatest radius in pixels, at least 0.5, which changes nothing.
        border: what lies beyond the image's edges.

    Raises:
        UserError: a range that is reversed, not finite, or starts below 0.5.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import DefocusBlur
        >>> blurred, psf = DefocusBlur(radius=(1, 3))(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 7, 7]))
    """

    def __init__(self, radius: tuple[float, float] = (1.0, 5.0), border: Border = "reflect") -> None:
        check_range("DefocusBlur radius", radius, smallest=0.5)
        super().__init__(odd_size(2 * radius[1]), border)
        self.radius = radius

    def psf(self, draws: Draws) -> Tensor:
        radius = draws.uniform("defocus.radius", *self.radius).double()[:, None, None]
        offset = tap_offsets(self.psf_size, radius.device)
        distance = (offset**2 + offset[:, None] ** 2).sqrt()
        return normalise((radius + 0.5 - distance).clamp(0, 1))
