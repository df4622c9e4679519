"""Dead leaves: rendered pictures of textured shapes that hide one another, at every scale alike."""

from functools import cache
from hashlib import blake2b
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split
from deblur_lightning.sources.leaf_raster import Floats, Integers, Leaves, leaf_labels

_LAYERS = 3  # leaves above a point on average; exp(-3) = 5 % of the points show the background
_FINE = 2  # the raster has 2 x 2 points in a pixel, whose mean keeps the leaves' edges from being jagged
_REACH = 2.0  # no point of a leaf is farther from its centre than this many of its radii
_TILE_BITS = 9  # tiles of texture have 2^9 points on each side


@final
class DeadLeaves(Source):
    """Rendered pictures whose leaves, edges and textures follow the statistics of photographs.

    Radii r have the density r^-3, which makes the pictures invariant to scale (Lee, Mumford and Huang,
    "Occlusion models for natural images", 2001). Training on such pictures carries over to photographs
    (Achddou, Gousseau and Ladjal, "Synthetic images as a regularity prior for image restoration neural
    networks", 2021).

    Every picture is a function of seed, split and visit * length + index, so training never sees one twice. On one
    machine the bits are always the same; another machine may round a few pixels differently.
    """

    def __init__(self, length: int = 1000, size: int = 160, seed: int = 0) -> None:
        """Choose how many pictures, and how large.

        Args:
            length: training pictures in one visit, at least 1; validation and test have a tenth, at least 1.
            size: height and width in pixels, at least 16.
            seed: any integer; another seed gives other pictures.

        Raises:
            UserError: ``length`` or ``size`` is too small.
        """
        if length < 1:
            raise UserError(f"DeadLeaves length={length}: give 1 or more.")
        if size < 16:
            raise UserError(f"DeadLeaves size={size}: give 16 or more.")
        self._length = length
        self._size = size
        self._seed = seed

    def split(self, split: Split) -> SharpImages:
        """The pictures of ``split``; no two splits draw from the same random numbers."""
        length = self._length if split == "train" else max(1, self._length // 10)
        return _Pictures(f"{self._seed}/{split}", length, self._size)


@final
class _Pictures(SharpImages):
    rendered = True

    def __init__(self, stream: str, length: int, size: int) -> None:
        self._stream = stream
        self._length = length
        self._size = size

    def __len__(self) -> int:
        return self._length

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self.crop(index, visit, slice(None), slice(None))

    def crop(self, index: int, visit: int, rows: slice, columns: slice) -> Tensor:
        rng = _generator(f"{self._stream}/{visit * self._length + index}")
        part = (range(*places.indices(self._size)) for places in (rows, columns))
        return _render(rng, _tiles(self._stream), self._size, *part)

    def name(self, index: int) -> str:
        return f"dead-leaves-{index:06d}"

    def size(self, index: int) -> tuple[int, int]:
        return self._size, self._size


def _draw_leaves(rng: np.random.Generator, size: int) -> Leaves:
    """Draw enough leaves to cover a picture of ``size`` pixels a side."""
    # The power law is cut off at the half side, and below at a radius of the picture's own: some are crowded.
    radii = np.geomspace(np.exp(rng.uniform(np.log(1.2), np.log(4))), size / 2, 512)
    # A leaf that can reach the picture has its centre in a square that is wider the larger the leaf is.
    density = radii**-3 * (size + 2 * _REACH * radii) ** 2
    cumulative = np.cumsum(density * radii)  # times r, since the steps between radii grow with r
    count = round(_LAYERS * float(cumulative[-1]) / (np.pi * len(radii)))
    radius = np.interp(rng.random(count) * cumulative[-1], cumulative, radii)
    x, y = rng.random((2, count)) * (size + 2 * _REACH * radius) - _REACH * radius
    box = rng.random(count) < 0.35
    stretch = np.where(rng.random(count) < 0.4, 1.0, np.exp(0.6 * rng.random(count)))
    half = _FINE * radius * np.where(box, np.sqrt(np.pi) / 2, 1.0)  # a square of a disc's area
    return Leaves(_FINE * x, _FINE * y, half * stretch, half / stretch, np.pi * rng.random(count), box)


class _Raster(NamedTuple):
    """The points of a part of a picture.

    Attributes:
        side: of the whole picture, in points.
        down: (I, 1), which rows the part has.
        right: (J,), which columns.
        labels: (I, J), the leaf in front at each point, or -1.
    """

    side: int
    down: Integers
    right: Integers
    labels: Integers


def _raster(leaves: Leaves, size: int, rows: range, columns: range) -> _Raster:
    down, right = (range(_FINE * part.start, _FINE * part.stop) for part in (rows, columns))
    return _Raster(_FINE * size, np.array(down)[:, None], np.array(right), leaf_labels(leaves, down, right))


def _render(rng: np.random.Generator, tiles: Floats, size: int, rows: range, columns: range) -> Tensor:
    """Render a part of one picture, (3, rows, columns) uint8; the draws do not depend on the part."""
    leaves = _draw_leaves(rng, size)
    raster = _raster(leaves, size, rows, columns)
    labels = raster.labels
    # One colour and pattern more than there are leaves: the background's label -1 picks the last.
    count = len(leaves.x) + 1
    colours, tints = _palette(rng, count)
    pattern = _shading(rng, leaves, raster) + _noise(rng, tiles, count, raster)
    pattern += _stripes(rng, leaves, raster)
    picture = np.empty((3, len(rows), len(columns)), dtype=np.uint8)
    for channel, colour, tint in zip(picture, colours, tints, strict=True):
        points = colour[labels] + tint[labels] * pattern
        mean = (points[::2, ::2] + points[1::2, ::2] + points[::2, 1::2] + points[1::2, 1::2]) / 4
        channel[:] = np.clip(255 * mean + 0.5, 0, 255)
    return torch.from_numpy(picture)


def _palette(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """A colour for each leaf, and what its pattern adds to it: both (3, count) float32, of full scale 1."""
    # Grey varies most, blue against yellow less, and green against magenta least, as in photographs.
    centre = np.array([[rng.uniform(0.3, 0.6)], [rng.normal(0, 0.03)], [0.0]])
    saturation = rng.uniform(0.2, 1.5)
    spread = np.array([[rng.uniform(0.12, 0.22)], [0.07 * saturation], [0.03 * saturation]])
    hues = centre + spread * rng.standard_normal((3, rng.integers(4, 12)))
    opponent = hues[:, rng.integers(hues.shape[1], size=count)]
    opponent = opponent + 0.6 * spread * rng.standard_normal((3, count))
    colours = np.array([[1, 1, 1], [1, 0.2, -1.1], [1, -0.8, 0.6]]).T @ opponent
    contrast = (0.35 + 0.65 * opponent[0].clip(0, 1)) * rng.uniform(0.5, 1.5)
    tints = contrast * (1 + 0.15 * rng.standard_normal((3, count)))
    return colours.clip(0.02, 0.98).astype(np.float32), tints.astype(np.float32)


def _shading(rng: np.random.Generator, leaves: Leaves, raster: _Raster) -> Floats:
    """Light that falls off evenly across each leaf, 0 in its middle: (I, J)."""
    x, y, radius = (np.append(v, raster.side / 2) for v in (leaves.x, leaves.y, leaves.long))
    right, down = 0.12 * rng.standard_normal((2, len(x))) / radius
    middle = right * x + down * y
    right, down, middle = (v.astype(np.float32)[raster.labels] for v in (right, down, middle))
    light: Floats = right * raster.right.astype(np.float32) + down * raster.down.astype(np.float32) - middle
    return light


def _noise(rng: np.random.Generator, tiles: Floats, count: int, raster: _Raster) -> Floats:
    """A cut of one of the tiles for each leaf, in a strength of its own: (I, J)."""
    area = 1 << (2 * _TILE_BITS)
    shift = rng.integers(area, size=count)
    tile = area * rng.integers(len(tiles), size=count)
    strength = (0.1 * np.abs(rng.standard_normal(count))).astype(np.float32)
    position = (raster.down << _TILE_BITS) + raster.right
    # Past its right edge a tile goes on one row lower, which noise does not show.
    offset = (shift[raster.labels] + position) & (area - 1)
    noise: Floats = strength[raster.labels] * tiles.ravel()[tile[raster.labels] + offset]
    return noise


def _stripes(rng: np.random.Generator, leaves: Leaves, raster: _Raster) -> Floats:
    """Waves across a fifth of the larger leaves, 0 on all others: (I, J)."""
    count = len(leaves.x)
    striped = np.append((rng.random(count) < 0.2) & (leaves.long > 8), False)
    period = np.exp(rng.uniform(np.log(5), np.log(np.maximum(leaves.long, 6))))
    angle = 2 * np.pi * rng.random(count)
    strength = rng.uniform(0.04, 0.2, size=count)
    waves = np.zeros(raster.labels.shape, dtype=np.float32)
    row, column = np.nonzero(striped[raster.labels])
    leaf = raster.labels[row, column]
    phase = np.cos(angle)[leaf] * raster.right[column] + np.sin(angle)[leaf] * raster.down[row, 0]
    waves[row, column] = strength[leaf] * np.sin(2 * np.pi / period[leaf] * phase)
    return waves


@cache
def _tiles(stream: str) -> Floats:
    """Periodic fields of noise, mean 0 and variance 1: fine, even, cloudy, grained; (4, 512, 512) float32."""
    rng = _generator(f"{stream}/tiles")
    side = 1 << _TILE_BITS
    fields = []
    for exponent, grain in ((0.6, 1), (1.0, 1), (1.4, 1), (0.9, 8)):
        frequency = np.hypot(grain * np.fft.rfftfreq(side), np.fft.fftfreq(side)[:, None])
        frequency[0, 0] = np.inf
        white = np.fft.rfft2(rng.standard_normal((side, side)))
        field = np.fft.irfft2(white * frequency**-exponent, s=(side, side))
        fields.append(field / field.std())
    return np.stack(fields).astype(np.float32)


def _generator(key: str) -> np.random.Generator:
    digest = blake2b(key.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "big")))
