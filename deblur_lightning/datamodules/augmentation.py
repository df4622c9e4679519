"""Augmentation of small images on the device, by draws of each sample's own."""

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor

from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError


class Augmentation(ABC):
    """A random change of training images; the counters of an image alone decide it."""

    @abstractmethod
    def __call__(self, image: Tensor, draws: Draws) -> Tensor:
        """Change ``image``, (B, C, H, W) float32 in [0, 1], by ``draws``, which are on the host; keeps the size."""


class CropAndFlip(Augmentation):
    """A random crop of the image in a black frame, flipped from left to right half of the time: CIFAR's usual one.

    Args:
        frame_width: of the black frame in pixels, 0 or more.
        flip: whether to flip.

    Raises:
        UserError: a negative width.
    """

    def __init__(self, frame_width: int = 4, flip: bool = True) -> None:
        if frame_width < 0:
            raise UserError(f"CropAndFlip frame_width={frame_width}: give 0 or more.")
        self.frame_width = frame_width
        self.flip = flip

    def __call__(self, image: Tensor, draws: Draws) -> Tensor:
        height, width = image.shape[-2:]
        framed = F.pad(image, (self.frame_width,) * 4)
        top, left = (draws.integers(f"crop.{side}", 0, 2 * self.frame_width) for side in ("top", "left"))
        rows, columns = top[:, None] + torch.arange(height), left[:, None] + torch.arange(width)
        if self.flip:
            flipped = draws.integers("crop.flip", 0, 1).bool()[:, None]
            columns = torch.where(flipped, columns.flip(1), columns)
        rows, columns = rows.to(image.device), columns.to(image.device)
        sample = torch.arange(len(image), device=image.device)
        cut = framed[sample[:, None, None], :, rows[:, :, None], columns[:, None, :]]
        return cut.movedim(-1, 1).contiguous()


class SmallAffine(Augmentation):
    """A small rotation, shift, stretch and slant, as between two handwritings; black beyond the edges.

    Args:
        degrees: greatest rotation either way.
        pixels: greatest shift either way, along each axis.
        stretch: greatest change of each side, as a fraction.
        slant: greatest horizontal shear either way, in pixels per pixel.

    Raises:
        UserError: a negative range, or a stretch of 1 or more.
    """

    def __init__(self, degrees: float = 10.0, pixels: float = 2.0, stretch: float = 0.1, slant: float = 0.15) -> None:
        for name, value in {"degrees": degrees, "pixels": pixels, "stretch": stretch, "slant": slant}.items():
            if not 0 <= value < (1 if name == "stretch" else math.inf):
                raise UserError(f"SmallAffine {name}={value}: give 0 or more{', below 1' * (name == 'stretch')}.")
        self.degrees = degrees
        self.pixels = pixels
        self.stretch = stretch
        self.slant = slant

    def __call__(self, image: Tensor, draws: Draws) -> Tensor:
        height, width = image.shape[-2:]
        radians = torch.deg2rad(draws.uniform("affine.angle", -self.degrees, self.degrees))
        wide, high = (1 / draws.uniform(f"affine.{side}", 1 - self.stretch, 1 + self.stretch) for side in "xy")
        slant = draws.uniform("affine.slant", -self.slant, self.slant)
        right, down = (draws.uniform(f"affine.shift.{side}", -self.pixels, self.pixels) for side in "xy")
        cos, sin = torch.cos(radians), torch.sin(radians)
        matrix = torch.stack(
            [
                torch.stack([cos * wide, (slant * cos - sin) * high, 2 * right / width], dim=1),
                torch.stack([sin * wide, (slant * sin + cos) * high, 2 * down / height], dim=1),
            ],
            dim=1,
        )
        grid = F.affine_grid(matrix.to(image), list(image.shape), align_corners=False)
        return F.grid_sample(image, grid, align_corners=False)
