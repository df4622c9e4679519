"""Synthetic digits in MNIST's form: a labelled set that needs no download."""

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import LabelledImages, Source, Split
from deblur_lightning.sources.synthetic import SyntheticDraws, SyntheticImages, Uniform

Points = NDArray[np.float64]
Stroke = list[tuple[float, float]]
"""Points (x, y) of the unit square, y down; a doubled point is a corner."""

SIDE = 28
_FINE = 4  # drawn so many times larger, and averaged

_RING: Stroke = [(0.55, 0.02), (0.2, 0.15), (0.08, 0.5), (0.22, 0.88), (0.52, 0.98), (0.84, 0.85), (0.94, 0.48)]
_RING += [(0.82, 0.13), (0.52, 0.02)]
_TWO: Stroke = [(0.1, 0.25), (0.28, 0.04), (0.66, 0.03), (0.86, 0.24), (0.7, 0.52), (0.35, 0.78), (0.1, 0.97)]
_THREE: Stroke = [(0.12, 0.12), (0.45, 0.01), (0.8, 0.15), (0.72, 0.4), (0.4, 0.48), (0.4, 0.48), (0.8, 0.58)]
_THREE += [(0.88, 0.8), (0.55, 0.99), (0.1, 0.88)]
_FIVE: Stroke = [(0.22, 0.04), (0.2, 0.04), (0.15, 0.45), (0.15, 0.46), (0.5, 0.36), (0.85, 0.55), (0.82, 0.85)]
_FIVE += [(0.5, 1.0), (0.1, 0.88)]
_SIX: Stroke = [(0.75, 0.02), (0.4, 0.2), (0.15, 0.55), (0.18, 0.88), (0.5, 0.99), (0.82, 0.85), (0.8, 0.6)]
_SIX += [(0.5, 0.5), (0.2, 0.68)]
_EIGHT: Stroke = [(0.8, 0.15), (0.5, 0.01), (0.2, 0.14), (0.28, 0.38), (0.65, 0.55), (0.85, 0.8), (0.55, 0.99)]
_EIGHT += [(0.18, 0.86), (0.25, 0.6), (0.68, 0.4), (0.8, 0.15)]
_NINE: Stroke = [(0.84, 0.2), (0.5, 0.01), (0.18, 0.18), (0.22, 0.44), (0.55, 0.5), (0.82, 0.28), (0.84, 0.2)]

_HANDS: tuple[tuple[list[Stroke], ...], ...] = (
    ([_RING], [[(x * 0.8 + 0.1, y) for x, y in _RING]]),
    (
        [[(0.5, 0.0), (0.5, 0.5), (0.5, 1.0)]],
        [[(0.3, 0.2), (0.55, 0.0), (0.56, 0.0), (0.55, 0.5), (0.55, 1.0)]],
        [[(0.25, 0.25), (0.52, 0.0), (0.53, 0.0), (0.52, 1.0)], [(0.2, 1.0), (0.85, 1.0)]],
    ),
    (
        [[*_TWO, (0.1, 0.97), (0.5, 0.97), (0.95, 0.96)]],
        [[*_TWO[:-1], (0.15, 0.9), (0.2, 0.78), (0.4, 0.85), (0.7, 0.98), (0.95, 0.9)]],
    ),
    ([_THREE], [[(0.1, 0.04), (0.8, 0.04), (0.8, 0.04), (0.42, 0.42), (0.42, 0.42), *_THREE[6:]]]),
    (
        [[(0.2, 0.03), (0.12, 0.5), (0.12, 0.52), (0.5, 0.54), (0.9, 0.5)], [(0.72, 0.2), (0.7, 0.6), (0.68, 1.0)]],
        [[(0.65, 1.0), (0.66, 0.5), (0.68, 0.0), (0.67, 0.0), (0.1, 0.66), (0.1, 0.67), (0.5, 0.68), (0.95, 0.67)]],
    ),
    ([_FIVE, [(0.2, 0.04), (0.5, 0.05), (0.85, 0.03)]], [[(0.88, 0.04), (0.5, 0.05), *_FIVE]]),
    ([_SIX], [[(x + 0.15 * (1 - y), y) for x, y in _SIX]]),
    (
        [[(0.08, 0.05), (0.5, 0.04), (0.9, 0.05), (0.9, 0.06), (0.6, 0.5), (0.4, 1.0)]],
        [[(0.1, 0.15), (0.12, 0.04), (0.9, 0.05), (0.9, 0.06), (0.6, 0.5), (0.45, 1.0)], [(0.3, 0.52), (0.85, 0.5)]],
    ),
    ([_EIGHT], [[(x * 0.85 + 0.07, y) for x, y in _EIGHT]]),
    ([[*_NINE, (0.82, 0.6), (0.75, 1.0)]], [[*_NINE, (0.85, 0.7), (0.6, 0.98), (0.25, 0.9)]]),
)
"""For each digit, the ways to write it."""


@final
class SyntheticDigits(Source):
    """Grey digits of 28x28 pixels, white on black: rotated, slanted, stretched, shaky, thick and thin.

    They are no substitute for MNIST: they have far fewer ways of writing.

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
        length = self._length if split == "train" else self._length // 5
        draws = SyntheticDraws(self._seed, split, length, "digits")
        classes = tuple(str(digit) for digit in range(10))
        return SyntheticImages(_draw, draws, length, SIDE, classes, f"drawn-digit-{split}")


def _draw(index: int, uniform: Uniform) -> Tensor:
    return draw_digit(index % 10, uniform)


def draw_digit(digit: int, uniform: Uniform, side: int = SIDE) -> Tensor:
    """Draw a digit in one of several handwritings.

    Args:
        digit: from 0 to 9.
        uniform: gives the random number of a name, between two others.
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


def _curves(digit: int, uniform: Uniform) -> list[Points]:
    """The strokes of a digit as points (N, 2) of the unit square."""
    ways = _HANDS[digit]
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
        curves.append(_smooth(points) * size @ turn + middle)
    return curves


def _smooth(stroke: Points, steps: int = 8) -> Points:
    """A Catmull-Rom curve through the (N, 2) points of a stroke; doubled points are corners."""
    ends = np.concatenate([stroke[:1], stroke, stroke[-1:]])
    before, here, there, after = (ends[i : len(ends) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = here + 0.5 * t * (
        there - before + t * (2 * before - 5 * here + 4 * there - after + t * (3 * (here - there) + after - before))
    )
    return np.concatenate([curve.reshape(-1, 2), stroke[-1:]])
