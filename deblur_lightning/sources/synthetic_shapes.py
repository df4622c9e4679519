"""Coloured shapes in CIFAR's form: a labelled set that needs no download."""

import colorsys
import math
from typing import final

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import LabelledImages, Source, Split
from deblur_lightning.sources.synthetic import SyntheticDraws, SyntheticImages, Uniform

SHAPES = ("disc", "ring", "triangle", "square", "pentagon", "star", "cross", "bar", "crescent", "checks")
COLOURS = ("red", "orange", "yellow", "lime", "green", "teal", "cyan", "blue", "violet", "pink")
SIDE = 32
_FINE = 3
_NOISE = 12.0


@final
class SyntheticShapes(Source):
    """Ten coloured shapes in noisy images of 32x32 pixels, at any place, size and angle.

    Args:
        length: training images, at least 100; validation and test have a fifth each.
        by_colour: whether the ten colours count as well, which makes a hundred classes.
        seed: any integer; another seed gives other images.

    Raises:
        UserError: ``length`` below 100.
    """

    def __init__(self, length: int = 5000, by_colour: bool = False, seed: int = 0) -> None:
        if length < 100:
            raise UserError(f"SyntheticShapes length={length}: give 100 or more.")
        self._length = length
        self._by_colour = by_colour
        self._seed = seed

    def split(self, split: Split) -> LabelledImages:
        """The images of ``split``; no two splits draw from the same random numbers."""
        length = self._length if split == "train" else self._length // 5
        draws = SyntheticDraws(self._seed, split, length, "shapes")
        classes = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES) if self._by_colour else SHAPES
        return SyntheticImages(_draw, draws, length, SIDE, classes, f"drawn-shape-{split}")


Polygon = list[tuple[float, float]]
"""Corners by radius and angle, as fractions of the shape's radius and in radians from its angle."""


def _draw(index: int, uniform: Uniform) -> Tensor:
    """Draw the image at ``index``, (3, 32, 32) uint8: shapes go in turn, and after ten images colours."""
    hue = (index // 10 % 10 + uniform("hue", -0.3, 0.3)) / 10
    paint = _rgb(hue, uniform("saturation", 0.6, 1), uniform("value", 0.6, 1))
    ground = _rgb(uniform("ground.hue", 0, 1), uniform("ground.saturation", 0, 0.3), uniform("ground.value", 0, 0.5))
    canvas = Image.new("RGB", (SIDE * _FINE, SIDE * _FINE), ground)
    pen, x, y = ImageDraw.Draw(canvas), *(SIDE * _FINE * uniform(f"middle.{axis}", 0.35, 0.65) for axis in "xy")
    radius, angle = SIDE * _FINE * uniform("radius", 0.2, 0.33), uniform("angle", 0, 2 * math.pi)

    def place(r: float, turn: float) -> tuple[float, float]:
        return x + radius * r * math.cos(angle + turn), y + radius * r * math.sin(angle + turn)

    name = SHAPES[index % 10]
    if name in ROUND:
        offset, hole = ROUND[name]
        pen.circle((x, y), radius, fill=paint)
        pen.circle(place(offset, 0), radius * hole, fill=ground)
    for polygon in POLYGONS.get(name, ()):
        pen.polygon([place(*corner) for corner in polygon], fill=paint)
    fine = np.array(canvas).reshape(SIDE, _FINE, SIDE, _FINE, 3).mean(axis=(1, 3))
    noise = np.random.default_rng(int(uniform("noise", 0, 2**24))).normal(0, _NOISE, fine.shape)
    pixels = np.clip(np.round(fine + noise), 0, 255).astype(np.uint8)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _rgb(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))
    return red, green, blue


def _regular(corners: int, inner: float = 1.0) -> Polygon:
    return [(inner if i % 2 else 1.0, 2 * math.pi * i / corners) for i in range(corners)]


def _box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return [
        (math.hypot(x, y), math.atan2(y, x)) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))
    ]


ROUND = {"disc": (0.0, 0.0), "ring": (0.0, 0.55), "crescent": (0.45, 0.8)}
"""Discs with a hole: its distance from the middle, and its radius."""
POLYGONS = {
    "triangle": [_regular(3)],
    "square": [_regular(4)],
    "pentagon": [_regular(5)],
    "star": [_regular(10, 0.4)],
    "bar": [_box(-1, -0.28, 1, 0.28)],
    "cross": [_box(-1, -0.28, 1, 0.28), _box(-0.28, -1, 0.28, 1)],
    "checks": [_box(-0.9, -0.9, 0, 0), _box(0, 0, 0.9, 0.9)],
}
