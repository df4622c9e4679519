"""Restores an image in overlapping tiles: memory is bounded, and no seam shows."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from deblur_lightning.errors import UserError

Pixels = NDArray[np.unsignedinteger[Any]]
"""(H, W, C) uint8 or uint16: C = 1 grey, 3 RGB, 4 CMYK."""

Tell = Callable[[float], None]
"""Is told how much has been done since it was told last."""

Restore = Callable[[Tensor, Tell], Tensor]
"""Maps (C, H, W) float32 in [0, 1] on the CPU to the same, and may tell shares of its work as they are done."""

SIDE = 3136
"""Pixels a side of a tile with its overlap: larger ones waste less on the overlap, and hold more memory (1 GiB)."""

SMALLEST = 64
"""Pixels a side of a tile's own part below which memory is too short for anything."""


@dataclass(frozen=True)
class Tiling:
    """How an image is cut up.

    Attributes:
        tile: side of each tile's own part in pixels, a multiple of ``alignment``; 0 takes the image whole.
        overlap: pixels around it that are restored too; what reaches further is lost.
        alignment: cuts lie on multiples of it.
    """

    tile: int
    overlap: int = 0
    alignment: int = 1

    def parts(self, length: int) -> list[tuple[int, int]]:
        """Where the tiles' own parts begin and end along an axis; the tiles with their overlaps are equally long.

        Nothing is cut that a tile with the overlap of both its sides would hold.
        """
        inner = length - 2 * self.overlap
        if not self.tile or inner <= self.tile:
            return [(0, length)]
        count = -(-inner // self.tile)
        cuts = (
            (self.overlap + inner * number // count) // self.alignment * self.alignment for number in range(1, count)
        )
        return list(pairwise([0, *cuts, length]))

    @property
    def blend(self) -> int:
        """Pixels on each side of a cut over which one tile fades into the next; the best of both overlaps is left."""
        return min(self.overlap // 4, 16)

    def halved(self) -> "Tiling":
        """With tiles of half the side.

        Raises:
            UserError: they would be below ``SMALLEST``.
        """
        tile = self.tile // 2 // self.alignment * self.alignment
        if tile < SMALLEST:
            raise UserError("the memory does not hold even small tiles: close other programs, or use --device=cpu.")
        return Tiling(tile, self.overlap, self.alignment)


def restore_in_tiles(pixels: Pixels, restore: Restore, tiling: Tiling, tell: Tell) -> Pixels:
    """Restore an image; what it takes beside two images of bytes depends on the tiles and on its width.

    Args:
        pixels: (H, W, C) uint8 or uint16.
        restore: works on each tile.
        tiling: how to cut.
        tell: is told the number of pixels as they are done.

    Returns:
        As ``pixels``; rounded to its levels.
    """
    height, width = pixels.shape[:2]
    output = np.empty_like(pixels)
    carried = np.zeros((0, width, pixels.shape[2]), np.float32)
    for top, bottom in tiling.parts(height):
        upper, lower = _fade_range(top, bottom, height, tiling.blend)
        strip = np.zeros((lower - upper, width, pixels.shape[2]), np.float32)
        strip[: len(carried)] = carried
        for left, right in tiling.parts(width):
            own, told = (bottom - top) * (right - left), [0.0]

            def tell_share(share: float, own: int = own, told: list[float] = told) -> None:
                told.append(share * own)
                tell(share * own)

            _add_tile(strip, upper, pixels, restore, tell_share, tiling, (top, bottom, left, right))
            tell(own - sum(told))
        done = bottom - tiling.blend if bottom < height else bottom
        output[upper:done] = quantise(strip[: done - upper], pixels.dtype)
        carried = strip[done - upper :]
    return output


def middle(pixels: Pixels, side: int) -> Pixels:
    """The middle of (H, W, C), at most ``side`` pixels a side."""
    top, left = (max(0, (length - side) // 2) for length in pixels.shape[:2])
    return pixels[top : top + side, left : left + side]


def quantise(values: NDArray[np.float32], dtype: np.dtype[Any]) -> Pixels:
    """Clamp [0, 1] and round to the levels of ``dtype``, uint8 or uint16."""
    levels = np.iinfo(dtype).max
    return np.rint(np.clip(values, 0, 1) * levels).astype(dtype)


def scale(pixels: Pixels) -> Tensor:
    """(H, W, C) uint8 or uint16 as (C, H, W) float32 in [0, 1]."""
    values = pixels.astype(np.float32) / np.iinfo(pixels.dtype).max
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))


def _add_tile(
    strip: NDArray[np.float32],
    upper: int,
    pixels: Pixels,
    restore: Restore,
    tell: Tell,
    tiling: Tiling,
    place: tuple[int, int, int, int],
) -> None:
    """Restore one tile and add its share to the strip, which starts at row ``upper``."""
    height, width = pixels.shape[:2]
    top, bottom, left, right = place
    overlap = tiling.overlap
    y0, y1 = max(0, top - overlap), min(height, bottom + overlap)
    x0, x1 = max(0, left - overlap), min(width, right + overlap)
    tile = restore(scale(pixels[y0:y1, x0:x1]), tell).numpy().transpose(1, 2, 0)
    rows, columns = _fade_range(top, bottom, height, tiling.blend), _fade_range(left, right, width, tiling.blend)
    part = tile[rows[0] - y0 : rows[1] - y0, columns[0] - x0 : columns[1] - x0]
    down, across = _weights(top, bottom, height, tiling.blend), _weights(left, right, width, tiling.blend)
    strip[rows[0] - upper : rows[1] - upper, columns[0] : columns[1]] += part * (down[:, None] * across)[..., None]


def _fade_range(start: int, stop: int, length: int, blend: int) -> tuple[int, int]:
    """A tile's own part and what it shares with its neighbours."""
    return (start - blend if start else 0), (stop + blend if stop < length else length)


def _weights(start: int, stop: int, length: int, blend: int) -> NDArray[np.float32]:
    """The tile's share along one axis: 1, falling to 0 across each cut; neighbours' shares add up to 1."""
    first, last = _fade_range(start, stop, length, blend)
    weights = np.ones(last - first, np.float32)
    ramp = (np.arange(2 * blend, dtype=np.float32) + 0.5) / max(1, 2 * blend)
    if blend and start:
        weights[: 2 * blend] *= ramp
    if blend and stop < length:
        weights[-2 * blend :] *= ramp[::-1]
    return weights
