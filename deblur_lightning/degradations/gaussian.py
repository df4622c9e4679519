"""Gaussian blur, round or stretched along an axis, drawn for each sample."""

import torch
from torch import Tensor

from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import Border
from deblur_lightning.functional.psf import normalise, tap_offsets


class GaussianBlur(Blur):
    """Gaussian blur sampled at the taps' centres, with parameters drawn uniformly for each sample.

    Args:
        sigma: least and greatest standard deviation in pixels, along the longer axis; above 0.
        kernel_size: least and greatest number of taps on each side, both odd; drawn from the odd numbers between them.
            The Gaussian is cut off outside.
        ratio: least and greatest shorter axis as a share of the longer one, above 0 and at most 1; 1 is round.
        axis: smallest and largest direction of the longer axis in degrees, anti-clockwise from the horizontal.
        border: what lies beyond the image's edges.

    Raises:
        UserError: a range that is reversed, not finite or out of bounds; an even size.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import GaussianBlur
        >>> blurred, psf = GaussianBlur(sigma=(1, 2), kernel_size=(11, 11))(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 11, 11]))
    """

    def __init__(
        self,
        sigma: tuple[float, float] = (0.5, 3.0),
        kernel_size: tuple[int, int] = (21, 21),
        ratio: tuple[float, float] = (1.0, 1.0),
        axis: tuple[float, float] = (0.0, 180.0),
        border: Border = "reflect",
    ) -> None:
        check_range("GaussianBlur kernel_size", kernel_size, smallest=1)
        for size in kernel_size:
            if size % 2 == 0:
                raise UserError(f"GaussianBlur kernel_size={size} has no middle tap: give odd numbers.")
        super().__init__(kernel_size[1], border)
        self.sigma = check_range("GaussianBlur sigma", sigma, smallest=0.01)
        self.kernel_size = kernel_size
        self.ratio = check_range("GaussianBlur ratio", ratio, smallest=0.01, largest=1)
        self.axis = check_range("GaussianBlur axis", axis)

    def psf(self, draws: Draws) -> Tensor:
        longer = draws.uniform("gaussian.sigma", *self.sigma).double()[:, None, None]
        shorter = longer * draws.uniform("gaussian.ratio", *self.ratio)[:, None, None]
        radians = torch.deg2rad(draws.uniform("gaussian.axis", *self.axis).double())[:, None, None]
        reach = draws.integers("gaussian.reach", self.kernel_size[0] // 2, self.kernel_size[1] // 2)[:, None, None]
        right = tap_offsets(self.psf_size, radians.device)
        down = right[:, None]
        along = right * torch.cos(radians) - down * torch.sin(radians)
        beside = right * torch.sin(radians) + down * torch.cos(radians)
        weight = torch.exp(-((along / longer) ** 2 + (beside / shorter) ** 2) / 2)
        return normalise(weight * (right.abs() <= reach) * (down.abs() <= reach))
