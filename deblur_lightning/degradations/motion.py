"""Linear motion blur, with a length and an angle of its own for every sample."""

import math

import torch
from kornia.filters import filter2d
from torch import Tensor

from deblur_lightning.degradations.base import Degradation, Degraded
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError


def motion_psf(length: Tensor, angle: Tensor, size: int) -> Tensor:
    """Point spread functions of a straight, even motion, anti-aliased and centred on the middle tap.

    A tap's weight falls linearly from 1 on the line to 0 one pixel beside it, and over the last pixel at each end.
    A horizontal motion of odd length L is thus exactly a box of 1 x L. (kornia's ``get_motion_kernel2d`` draws
    lines of whole pixels only, and one size for a batch.)

    Args:
        length: (B,) float32, length of the motion in pixels, at least 1.
        angle: (B,) float32, direction in degrees, anti-clockwise from the horizontal.
        size: K, an odd number of taps on each side, at least the largest length.

    Returns:
        (B, K, K) float32, non-negative, each summing to 1.
    """
    offset = torch.arange(size, dtype=torch.float32, device=length.device) - (size - 1) / 2
    down, right = torch.meshgrid(offset, offset, indexing="ij")
    radians = torch.deg2rad(angle)[:, None, None]
    cosine, sine = torch.cos(radians), torch.sin(radians)
    along = right * cosine - down * sine
    beside = right * sine + down * cosine
    end = length[:, None, None] / 2
    weight = (1 - beside.abs()).clamp(min=0) * (end + 0.5 - along.abs()).clamp(0, 1)
    return weight / weight.sum(dim=(1, 2), keepdim=True)


class MotionBlur(Degradation):
    """Motion blur along a straight line, length and angle uniform for each sample.

    Args:
        length: shortest and longest motion in pixels; both at least 1.
        angle: smallest and largest direction in degrees, anti-clockwise from the horizontal.

    Raises:
        UserError: a range that is reversed, not finite, or a length below 1.
    """

    def __init__(self, length: tuple[float, float] = (7.0, 15.0), angle: tuple[float, float] = (0.0, 180.0)) -> None:
        super().__init__()
        for name, (low, high) in {"length": length, "angle": angle}.items():
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise UserError(f"MotionBlur {name}=[{low}, {high}] is no range: give [smallest, largest].")
        if length[0] < 1:
            raise UserError(f"MotionBlur length starts at {length[0]}: give lengths of at least 1 pixel.")
        self.length = length
        self.angle = angle
        self.size = 2 * math.ceil((length[1] - 1) / 2) + 1

    @property
    def margin(self) -> int:
        return self.size // 2

    def forward(self, sharp: Tensor, draws: Draws) -> Degraded:
        if min(sharp.shape[-2:]) <= self.margin:
            height, width = sharp.shape[-2:]
            raise UserError(
                f"An image of {height}x{width} pixels is too small for a blur of {self.size}x{self.size}: "
                f"use images of more than {self.margin} pixels, or a shorter length."
            )
        length = draws.uniform("motion.length", *self.length)
        angle = draws.uniform("motion.angle", *self.angle)
        psf = motion_psf(length, angle, self.size)
        # filter2d correlates unless told otherwise
        blurred = filter2d(sharp, psf, border_type="reflect", behaviour="conv")
        return Degraded(blurred, psf, torch.ones_like(length, dtype=torch.bool))
