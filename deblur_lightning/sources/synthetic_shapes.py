"""Coloured shapes in CIFAR's form: a labelled set that needs no download."""

import colorsys
import math
from collections.abc import Callable
from functools import partial
from typing import final

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import LabelledImages, Source, Split
from deblur_lightning.sources.synthetic_draws import SyntheticDraws

SHAPES = ("disc", "ring", "triangle", "square", "pentagon", "star", "cross", "bar", "crescent", "checks")
COLOURS = ("red", "orange", "yellow", "lime", "green", "teal", "cyan", "blue", "violet", "pink")
SIDE = 32
_FINE = 3
_NOISE = 12.0


@final
class SyntheticShapes(Source):
    """Ten shapes of 32x32 pixels in colour, of any place, size and direction, under noise.

    Args:
        length: training images, at least 100; validation and test have a fifth each.
        by_colour: whether the ten colours are told apart too, which makes a hundred classes.
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
        return _Shapes(self._seed, split, self._length if split == "train" else self._length // 5, self._by_colour)


@final
class _Shapes(LabelledImages):
    def __init__(self, seed: int, split: Split, length: int, by_colour: bool) -> None:
        self._numbers = SyntheticDraws(seed, split, length, "shapes")
        self._split = split
        self._by_colour = by_colour

    def __len__(self) -> int:
        return len(self._numbers)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return _drawn(index % 10, index // 10 % 10, partial(self._numbers.between, index))

    def name(self, index: int) -> str:
        return f"drawn-shape-{self._split}-{index:05d}"

    def size(self, index: int) -> tuple[int, int]:
        return SIDE, SIDE

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES) if self._by_colour else SHAPES

    def label(self, index: int) -> int:
        return index % (100 if self._by_colour else 10)


Uniform = Callable[[str, float, float], float]
Polygon = list[tuple[float, float]]
"""Corners as radius and angle, in parts of the shape's own."""


def _drawn(shape: int, colour: int, uniform: Uniform) -> Tensor:
    """(3, 32, 32) uint8."""
    hue = (colour + uniform("hue", -0.3, 0.3)) / 10
    paint = _rgb(hue, uniform("saturation", 0.6, 1), uniform("value", 0.6, 1))
    ground = _rgb(uniform("ground.hue", 0, 1), uniform("ground.saturation", 0, 0.3), uniform("ground.value", 0, 0.5))
    canvas = Image.new("RGB", (SIDE * _FINE, SIDE * _FINE), ground)
    pen, x, y = ImageDraw.Draw(canvas), *(SIDE * _FINE * uniform(f"middle.{axis}", 0.35, 0.65) for axis in "xy")
    radius, angle = SIDE * _FINE * uniform("radius", 0.2, 0.33), uniform("angle", 0, 2 * math.pi)

    def place(r: float, turn: float) -> tuple[float, float]:
        return x + radius * r * math.cos(angle + turn), y + radius * r * math.sin(angle + turn)

    name = SHAPES[shape]
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
