"""Box blur: the mean over a square, with a width drawn for each sample."""

from torch import Tensor

from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws
from deblur_lightning.functional.convolution import Border
from deblur_lightning.functional.psf import normalise, odd_size, tap_offsets


class BoxBlur(Blur):
    """The mean over a centred square, whose width is drawn uniformly for each sample.

    A width between two odd numbers gives the outermost taps a part of the weight, an even one half of it. (kornia
    shifts even boxes by half a pixel, and its single kernel for all planes takes a slow path on CPUs.)

    Args:
        width: least and greatest side of the square in pixels, at least 1.
        border: what lies beyond the image's edges.

    Raises:
        UserError: a range that is reversed, not finite, or starts below 1.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import BoxBlur
        >>> blurred, psf = BoxBlur(width=(3, 5))(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 5, 5]))
    """

    def __init__(self, width: tuple[float, float] = (3.0, 9.0), border: Border = "reflect") -> None:
        check_range("BoxBlur width", width, smallest=1)
        super().__init__(odd_size(width[1]), border)
        self.width = width

    def psf(self, draws: Draws) -> Tensor:
        half = draws.uniform("box.width", *self.width).double()[:, None] / 2
        profile = (half + 0.5 - tap_offsets(self.psf_size, half.device).abs()).clamp(0, 1)
        return normalise(profile[:, :, None] * profile[:, None])
