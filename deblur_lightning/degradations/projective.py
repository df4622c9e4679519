"""Projective shake: the camera turns while it exposes, and the blur varies over the image."""

import math

import torch
from torch import Tensor

from deblur_lightning.degradations.base import Degradation, DegradedBatch, with_identity_psf
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.degradations.shake import smooth_path
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError

_INSTANTS = 48  # of the exposure; closer than a pixel up to an extent of about 20
_PIXELS_AT_ONCE = 1 << 23  # that are warped in one call, in all instants and images


class ProjectiveShake(Degradation):
    """The mean of what a turning camera sees: rotations about three axes act on the image as homographies.

    Turning up, down or sideways moves the image nearly evenly; rolling about the lens's axis moves it the more the
    farther from its middle (Whyte, Sivic, Zisserman and Ponce, "Non-uniform deblurring for shaken images", 2012). An
    image of training is a crop of a photograph ``frame`` pixels a side, whose middle lies anywhere around it. The
    paths are those of ``CameraShake``; their mean is the sharp image's place. No PSF describes it.

    Args:
        extent: least and greatest side, in pixels, of the centred square that holds the trace of the photograph's
            middle; at least 1.
        roll: least and greatest angle, in degrees, that the camera rolls through; at least 0.
        focal: least and greatest focal length, in units of the side of the photograph; above 0.
        frame: side of the photograph in pixels; 0 for the image itself, whose middle is then the photograph's;
            the margin is then that of ``extent`` alone, as it is not known how far rolling moves the corners.

    Raises:
        UserError: a range that is reversed, not finite, or starts too low; a negative ``frame``.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import ProjectiveShake
        >>> blurred, _ = ProjectiveShake(extent=(5, 9))(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape
        torch.Size([2, 3, 48, 64])
    """

    border = "reflect"

    def __init__(
        self,
        extent: tuple[float, float] = (3.0, 15.0),
        roll: tuple[float, float] = (0.0, 1.0),
        focal: tuple[float, float] = (0.7, 3.0),
        frame: int = 0,
    ) -> None:
        super().__init__()
        self.extent = check_range("ProjectiveShake extent", extent, smallest=1)
        self.roll = check_range("ProjectiveShake roll", roll, smallest=0)
        self.focal = check_range("ProjectiveShake focal", focal, smallest=0.1)
        if frame < 0:
            raise UserError(f"ProjectiveShake frame={frame}: give 0 or more.")
        self.frame = frame
        rolled = math.radians(roll[1]) / 2 * frame / math.sqrt(2)  # a corner of the photograph, from the middle
        self.margin = math.ceil((extent[1] - 1) / 2 + rolled) + 1
        self.smallest = self.margin + 1

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        height, width = sharp.shape[-2:]
        if min(height, width) < self.smallest:
            raise UserError(
                f"An image of {height}x{width} pixels is too small for ProjectiveShake: use images of at least "
                f"{self.smallest} pixels, or less blur."
            )
        homographies = self.homographies(draws, height, width)
        scaling = homographies.new_tensor([[2 / (width - 1), 0, -1], [0, 2 / (height - 1), -1], [0, 0, 1]])
        normalised = (scaling @ homographies @ scaling.inverse()).to(sharp.device, sharp.dtype)
        from kornia.geometry.transform import homography_warp  # half a second, which other commands need not wait for

        blurred = torch.zeros_like(sharp)
        at_once = max(1, _PIXELS_AT_ONCE // sharp[:, 0].numel())
        for start in range(0, _INSTANTS, at_once):
            some = normalised[:, start : start + at_once]
            copies = sharp[:, None].expand(-1, some.shape[1], -1, -1, -1).flatten(0, 1)
            warped = homography_warp(
                copies, some.flatten(0, 1), (height, width), padding_mode="reflection", align_corners=True
            )
            blurred += warped.view(-1, some.shape[1], *sharp.shape[1:]).sum(dim=1)
        return with_identity_psf(blurred / _INSTANTS, draws, known=False)

    def homographies(self, draws: Draws, height: int, width: int) -> Tensor:
        """Where each pixel (x, y, 1) of an instant lies in the sharp image: (B, T, 3, 3) float64, on the host."""
        extent = draws.uniform("shake.extent", *self.extent).double()
        right, down, roll = (smooth_path(draws, axis, _INSTANTS) for axis in ("horizontal", "vertical", "roll"))
        reach = torch.stack([right, down]).abs().amax(dim=(0, 2)).clamp(min=1e-9)
        right, down = (path * ((extent - 1) / 2 / reach)[:, None] for path in (right, down))
        angle = draws.uniform("shake.angle", *self.roll).double().deg2rad()
        roll = roll * (angle / (roll.amax(dim=1) - roll.amin(dim=1)).clamp(min=1e-9))[:, None]
        side = self.frame or max(height, width)
        focal = side * draws.uniform("shake.focal", *self.focal).double()
        middle = torch.tensor([(width - 1) / 2, (height - 1) / 2], dtype=torch.float64).expand(len(extent), 2)
        if self.frame:
            slack = torch.tensor([max(side - width, 0), max(side - height, 0)]) / 2
            places = [draws.uniform(f"shake.middle.{axis}", -1, 1) for axis in ("x", "y")]
            middle = middle + torch.stack(places, dim=1).double() * slack
        camera = torch.eye(3, dtype=torch.float64).repeat(len(extent), 1, 1)
        camera[:, 0, 0] = camera[:, 1, 1] = focal
        camera[:, :2, 2] = middle
        turns = rotations(down / focal[:, None], -right / focal[:, None], roll)
        return camera[:, None] @ turns @ camera.inverse()[:, None]


def rotations(pitch: Tensor, yaw: Tensor, roll: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) by the exponential of small angles in radians about x, y and z."""
    zero = torch.zeros_like(pitch)
    rows = [zero, -roll, yaw, roll, zero, -pitch, -yaw, pitch, zero]
    return torch.matrix_exp(torch.stack(rows, dim=-1).reshape(*pitch.shape, 3, 3))
