"""Linear motion blur, with length, angle and direction drawn for each sample."""

import torch
from torch import Tensor

from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws
from deblur_lightning.functional.convolution import Border
from deblur_lightning.functional.psf import normalise, odd_size, tap_offsets


def motion_psf(length: Tensor, angle: Tensor, size: int, direction: Tensor | None = None) -> Tensor:
    """Point spread functions of a straight motion, anti-aliased and centred on the middle tap.

    A tap's weight falls linearly from 1 on the line to 0 one pixel beside it, and over the last pixel at each end.
    A horizontal, even motion of odd length L is thus exactly a box of 1 x L. (kornia's ``get_motion_kernel2d`` with
    ``mode="bilinear"`` is the same at odd lengths; it has no others, one for a batch, and ``direction`` shifts it.)

    Args:
        length: (B,) length of the motion in pixels, at least 1.
        angle: (B,) direction in degrees, anti-clockwise from the horizontal.
        size: K, an odd number of taps on each side, at least ``motion_extent`` of the greatest length.
        direction: (B,) from -1 to 1, the unevenness of the light along the line: at 0 it is even, at 1 it grows from
            nothing at one end to its most at the end that ``angle`` points to. The line is shifted so that its centre
            of mass stays in the middle.

    Returns:
        (B, K, K) float32, non-negative, each summing to 1.
    """
    radians = torch.deg2rad(angle.double())[:, None, None]
    line = (torch.cos(radians), torch.sin(radians), length.double()[:, None, None] / 2)
    offset = tap_offsets(size, length.device)
    if direction is None:
        return normalise(_line(offset, offset, *line, torch.zeros_like(radians)))
    tilt = direction.double()[:, None, None]
    shift = tilt * line[2] / 3
    right, down = offset + shift * line[0], offset - shift * line[1]
    for _ in range(3):  # corrects what is left because taps are discrete
        psf = normalise(_line(right, down, *line, tilt))
        right = right + (psf * offset).sum(dim=(1, 2), keepdim=True)
        down = down + (psf * offset[:, None]).sum(dim=(1, 2), keepdim=True)
    return psf


def _line(right: Tensor, down: Tensor, cosine: Tensor, sine: Tensor, end: Tensor, tilt: Tensor) -> Tensor:
    """Weights (B, K, K) of the taps at the positions (B or 1, 1, K) ``right`` and ``down``."""
    down = down.transpose(-1, -2) if down.ndim == 3 else down[:, None]
    along = right * cosine - down * sine
    beside = right * sine + down * cosine
    slope = 1 + tilt * (along / end).clamp(-1, 1)
    weight: Tensor = (1 - beside.abs()).clamp(min=0) * (end + 0.5 - along.abs()).clamp(0, 1) * slope
    return weight


def motion_extent(length: float, direction: float = 0.0) -> float:
    """The side in pixels of the centred square that a motion of this length and unevenness covers."""
    return length * (1 + abs(direction) / 3) + abs(direction)


class MotionBlur(Blur):
    """Motion blur along a straight line, with parameters drawn uniformly for each sample.

    Args:
        length: shortest and longest motion in pixels; both at least 1.
        angle: smallest and largest direction in degrees, anti-clockwise from the horizontal.
        direction: least and greatest unevenness along the line, in [-1, 1]; 0 is an even motion.
        border: what lies beyond the image's edges.

    Raises:
        UserError: a range that is reversed, not finite or out of bounds.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import MotionBlur
        >>> blurred, psf = MotionBlur(length=(7, 15))(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 15, 15]))
    """

    def __init__(
        self,
        length: tuple[float, float] = (7.0, 15.0),
        angle: tuple[float, float] = (0.0, 180.0),
        direction: tuple[float, float] = (0.0, 0.0),
        border: Border = "reflect",
    ) -> None:
        check_range("MotionBlur length", length, smallest=1)
        check_range("MotionBlur direction", direction, -1, 1)
        super().__init__(odd_size(motion_extent(length[1], max(map(abs, direction)))), border)
        self.length = length
        self.angle = check_range("MotionBlur angle", angle)
        self.direction = direction

    def psf(self, draws: Draws) -> Tensor:
        length = draws.uniform("motion.length", *self.length)
        angle = draws.uniform("motion.angle", *self.angle)
        if self.direction == (0, 0):
            return motion_psf(length, angle, self.psf_size)
        return motion_psf(length, angle, self.psf_size, draws.uniform("motion.direction", *self.direction))
