"""Synthetic digits in MNIST's form: a labelled set that needs no download."""

from collections.abc import Callable
from functools import partial
from typing import final

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import LabelledImages, Source, Split
from deblur_lightning.sources.digit_strokes import HANDS, Points, smooth
from deblur_lightning.sources.synthetic_draws import SyntheticDraws

SIDE = 28
_FINE = 4  # drawn so many times larger, and averaged


@final
class SyntheticDigits(Source):
    """Grey digits of 28x28 pixels, white on black: rotated, slanted, stretched, shaky, thick and thin.

    They are no substitute for MNIST: far fewer ways of writing lie in them.

    Args:
        length: training digits, at least 10; validation and test have a fifth each.
        seed: any integer; another seed gives other digits.

    Raises:
        UserError: ``length`` below 10.
    """

    def __init__(self, length: int = 5000, seed: int = 0) -> None:
        if length < 10:
            raise UserError(f"SyntheticDigits length={length}: give 10 or more.")
        self._length = length
        self._seed = seed

    def split(self, split: Split) -> LabelledImages:
        """The digits of ``split``; no two splits draw from the same random numbers."""
        return _Digits(self._seed, split, self._length if split == "train" else self._length // 5)


@final
class _Digits(LabelledImages):
    def __init__(self, seed: int, split: Split, length: int) -> None:
        self._numbers = SyntheticDraws(seed, split, length, "digits")
        self._split = split

    def __len__(self) -> int:
        return len(self._numbers)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return draw_digit(self.label(index), partial(self._numbers.between, index))

    def name(self, index: int) -> str:
        return f"drawn-digit-{self._split}-{index:05d}"

    def size(self, index: int) -> tuple[int, int]:
        return SIDE, SIDE

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(str(digit) for digit in range(10))

    def label(self, index: int) -> int:
        return index % 10


def draw_digit(digit: int, uniform: Callable[[str, float, float], float], side: int = SIDE) -> Tensor:
    """A digit in one hand.

    Args:
        digit: from 0 to 9.
        uniform: gives the number of a name between two others.
        side: of the image in pixels.

    Returns:
        (1, side, side) uint8, white on black.
    """
    canvas = Image.new("L", (side * _FINE, side * _FINE))
    pen, thickness = ImageDraw.Draw(canvas), uniform("thickness", 0.05, 0.13) * side * _FINE
    for curve in _curves(digit, uniform):
        line = [(float(x), float(y)) for x, y in curve * side * _FINE]
        pen.line(line, fill=255, width=max(1, round(thickness)), joint="curve")
        for end in (line[0], line[-1]):
            pen.circle(end, thickness / 2, fill=255)
    fine = torch.from_numpy(np.array(canvas)).view(side, _FINE, side, _FINE)
    return fine.float().mean(dim=(1, 3)).round().to(torch.uint8)[None]


def _curves(digit: int, uniform: Callable[[str, float, float], float]) -> list[Points]:
    """The strokes of a digit as points (N, 2) of the unit square."""
    ways = HANDS[digit]
    way = ways[min(int(uniform("way", 0, len(ways))), len(ways) - 1)]
    angle, slant = np.deg2rad(uniform("angle", -12, 12)), uniform("slant", -0.1, 0.35)
    high = uniform("height", 0.55, 0.7)
    size = np.array([high * uniform("width", 0.55, 0.85), high])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = [0.5 + uniform(f"shift.{axis}", -0.05, 0.05) for axis in "xy"]
    curves = []
    for number, stroke in enumerate(way):
        shake = [uniform(f"shake.{number}.{place}", -0.05, 0.05) for place in range(2 * len(stroke))]
        points = np.array(stroke) - 0.5 + np.reshape(shake, (-1, 2))
        points[:, 0] -= slant * points[:, 1]
        curves.append(smooth(points) * size @ turn + middle)
    return curves
