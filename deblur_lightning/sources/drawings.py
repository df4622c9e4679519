"""Drawn pictures: lines of text, shapes, strokes, gratings and checkerboards in any colours."""

import string
from hashlib import blake2b
from itertools import pairwise
from typing import final

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split

_FINE = 2  # drawn at twice the size and reduced, which keeps edges from being jagged
_LETTERS = np.array(list(2 * string.ascii_lowercase + string.ascii_uppercase + string.digits + ".,;:-()?!%"))

Colour = tuple[int, int, int]


@final
class Drawings(Source):
    """Pictures without texture, as pages, screens, signs, diagrams and cartoons are; no two alike.

    Half are pages of random words in the font that Pillow brings, the others shapes, strokes, gratings and
    checkerboards. Colours are any: a third are grey, a quarter black and white.

    Every picture is a function of seed, split and visit * length + index. On one machine the bits are always the same.
    """

    def __init__(self, length: int = 1000, size: int = 256, seed: int = 0) -> None:
        """Choose how many pictures, and how large.

        Args:
            length: training pictures in one visit, at least 1; validation and test have a tenth, at least 1.
            size: height and width in pixels, at least 16.
            seed: any integer; another seed gives other pictures.

        Raises:
            UserError: ``length`` or ``size`` is too small.
        """
        if length < 1:
            raise UserError(f"Drawings length={length}: give 1 or more.")
        if size < 16:
            raise UserError(f"Drawings size={size}: give 16 or more.")
        self._length = length
        self._size = size
        self._seed = seed

    def split(self, split: Split) -> SharpImages:
        """The pictures of ``split``; no two splits draw from the same random numbers."""
        length = self._length if split == "train" else max(1, self._length // 10)
        return _Drawn(f"{self._seed}/{split}", length, self._size)


@final
class _Drawn(SharpImages):
    rendered = True

    def __init__(self, stream: str, length: int, size: int) -> None:
        self._stream = stream
        self._length = length
        self._size = size

    def __len__(self) -> int:
        return self._length

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        digest = blake2b(f"{self._stream}/{visit * self._length + index}".encode(), digest_size=16).digest()
        rng = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "big")))
        kinds = (_page, _page, _page, _shapes, _strokes, _grating)
        picture = kinds[rng.integers(len(kinds))](rng, self._size)
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()

    def name(self, index: int) -> str:
        return f"drawing-{index:06d}"

    def size(self, index: int) -> tuple[int, int]:
        return self._size, self._size


def _colours(rng: np.random.Generator, count: int) -> list[Colour]:
    """Colours that differ: black and white, greys, or any."""
    kind = rng.random()
    if kind < 0.25:
        levels = np.where(np.arange(count) % 2 == rng.integers(2), 0, 255)[:, None].repeat(3, axis=1)
    elif kind < 0.55:
        levels = rng.integers(256, size=(count, 1)).repeat(3, axis=1)
    else:
        levels = rng.integers(256, size=(count, 3))
        saturated = rng.random((count, 1)) < 0.3
        levels = np.where(saturated, np.where(levels < 128, 0, 255), levels)
    return [(int(red), int(green), int(blue)) for red, green, blue in levels]


def _blank(rng: np.random.Generator, size: int, colour: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (_FINE * size, _FINE * size), colour)
    return image, ImageDraw.Draw(image)


def _reduce(image: Image.Image, size: int) -> Image.Image:
    return image.resize((size, size), Image.Resampling.BOX)


def _page(rng: np.random.Generator, size: int) -> Image.Image:
    """Lines of words, as a page or a screen has them."""
    paper, *inks = _colours(rng, 4)
    image, draw = _blank(rng, size, paper)
    height = _FINE * float(np.exp(rng.uniform(np.log(9), np.log(40))))
    font = ImageFont.load_default(height)
    line, left = rng.uniform(-height, 0), rng.uniform(-height, height)
    several = rng.random() < 0.3
    while line < _FINE * size:
        letters = "".join(rng.choice(_LETTERS, size=int(2.5 * (_FINE * size / height + 2))))
        places = np.cumsum(rng.integers(2, 10, size=len(letters) // 2))
        words = " ".join(letters[a:b] for a, b in pairwise(places) if b < len(letters))
        draw.text((left, line), words, fill=inks[rng.integers(3) if several else 0], font=font)
        line += height * float(rng.uniform(1.1, 1.6))
    return _reduce(image, size)


def _shapes(rng: np.random.Generator, size: int) -> Image.Image:
    """Flat ellipses, boxes and polygons over one another, some outlined, as cartoons and charts have them."""
    colours = _colours(rng, int(rng.integers(2, 8)))
    image, draw = _blank(rng, size, colours[0])
    outline = colours[-1] if rng.random() < 0.4 else None
    side = _FINE * size
    for _ in range(rng.integers(4, 30)):
        middle, reach = rng.uniform(0, side, 2), side * rng.uniform(0.02, 0.3, 2)
        corners = middle + reach * rng.uniform(-1, 1, (int(rng.integers(3, 7)), 2))
        fill, width = colours[rng.integers(len(colours))], int(rng.integers(1, 3 * _FINE))
        box = [*(middle - reach), *(middle + reach)]
        kind = rng.integers(3)
        if kind == 0:
            draw.ellipse(box, fill=fill, outline=outline, width=width)
        elif kind == 1:
            draw.rectangle(box, fill=fill, outline=outline, width=width)
        else:
            draw.polygon([tuple(corner) for corner in corners], fill=fill, outline=outline, width=width)
    return _reduce(image, size)


def _strokes(rng: np.random.Generator, size: int) -> Image.Image:
    """Thin lines, dots and curves, as drawings, wires and night skies have them."""
    paper, *inks = _colours(rng, 4)
    image, draw = _blank(rng, size, paper)
    side = _FINE * size
    for _ in range(rng.integers(5, 60)):
        ink, width = inks[rng.integers(3)], int(rng.integers(1, 4 * _FINE))
        start = rng.uniform(0, side, 2)
        if rng.random() < 0.3:
            draw.ellipse([*(start - width), *(start + width)], fill=ink)
        else:
            bends = np.cumsum(np.vstack([start, rng.normal(0, side / 8, (int(rng.integers(1, 6)), 2))]), axis=0)
            draw.line([tuple(point) for point in bends], fill=ink, width=width, joint="curve")
    return _reduce(image, size)


def _grating(rng: np.random.Generator, size: int) -> Image.Image:
    """Stripes, sharp or smooth, or a checkerboard, turned by any angle."""
    first, second = np.array(_colours(rng, 2), dtype=np.float64)
    angle, period = rng.uniform(0, np.pi) * (rng.random() < 0.6), np.exp(rng.uniform(np.log(3), np.log(60)))
    down, right = np.mgrid[: _FINE * size, : _FINE * size] / _FINE
    phase = 2 * np.pi / period * (np.cos(angle) * right + np.sin(angle) * down)
    across = 2 * np.pi / period * (np.cos(angle) * down - np.sin(angle) * right)
    wave = np.sin(phase + rng.uniform(0, 6)) * (np.sin(across) if rng.random() < 0.5 else 1)
    share = (wave > 0) if rng.random() < 0.7 else (1 + wave) / 2
    values = np.rint(first + (second - first) * share[..., None]).astype(np.uint8)
    return _reduce(Image.fromarray(values), size)
