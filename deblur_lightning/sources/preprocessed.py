"""Preprocesses images of a source: grey, resized, framed in black, or only a few of them."""

from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lightning.batch import LUMA
from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split, map_images

_CACHE_BYTES = 2**26  # of images that a process keeps; training goes through small sets again and again


@final
class Preprocessed(Source):
    """The images of another source, prepared as the reports did; both images of a pair alike.

    Args:
        base: where they come from.
        grey: whether colour is turned into one channel, luma.
        side: height and width to resize to (bicubic, antialiased, after cutting the middle square); None to leave
            sizes as they are.
        frame: width of a black frame around each image, in pixels.
        count: how many of the first images of each split are taken; None for all.
        seen: whether validation and test have the training images, as where a report's figures are on what was
            learned; say so beside any such figure.

    Raises:
        UserError: a size or number that makes no sense.
    """

    def __init__(
        self,
        base: Source,
        grey: bool = False,
        side: int | None = None,
        frame: int = 0,
        count: int | None = None,
        seen: bool = False,
    ) -> None:
        for name, value, least in (("side", side, 1), ("frame", frame, 0), ("count", count, 1)):
            if value is not None and value < least:
                raise UserError(f"Preprocessed {name}={value}: give {least} or more.")
        self._base = base
        self._grey = grey
        self._side = side
        self._frame = frame
        self._count = count
        self._seen = seen

    def split(self, split: Split) -> SharpImages:
        """The prepared images of ``split``; raises what the base raises."""
        images = self._base.split("train" if self._seen else split)
        return map_images(
            lambda part: _PreprocessedImages(part, self._grey, self._side, self._frame, self._count), images
        )


@final
class _PreprocessedImages(SharpImages):
    def __init__(self, base: SharpImages, grey: bool, side: int | None, frame: int, count: int | None) -> None:
        self._base = base
        self._grey = grey
        self._side = side
        self._frame = frame
        self._length = len(base) if count is None else min(count, len(base))
        self.rendered = base.rendered
        self._cache: dict[int, Tensor] = {}
        self._cached_bytes = 0

    def __len__(self) -> int:
        return self._length

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self._prepare(index, visit) if self.rendered else self._cached_image(index).clone()

    def crop(self, index: int, visit: int, rows: slice, columns: slice) -> Tensor:
        if not self.rendered:
            return self._cached_image(index)[:, rows, columns].clone()
        if self._side is None and not self._frame:
            return self._to_grey(self._base.crop(index, visit, rows, columns))
        return super().crop(index, visit, rows, columns)

    def _cached_image(self, index: int) -> Tensor:
        if index not in self._cache:
            image = self._prepare(index, 0)
            self._cached_bytes += image.nbytes
            if self._cached_bytes > _CACHE_BYTES:
                self._cache.clear()
                self._cached_bytes = image.nbytes
            self._cache[index] = image
        return self._cache[index]

    def _prepare(self, index: int, visit: int) -> Tensor:
        image = self._to_grey(self._base.pixels(index, visit))
        if self._side is not None:
            image = resize(image, self._side)
        return F.pad(image, (self._frame,) * 4)

    def _to_grey(self, image: Tensor) -> Tensor:
        return luma(image) if self._grey and len(image) == 3 else image

    def name(self, index: int) -> str:
        return self._base.name(index)

    def size(self, index: int) -> tuple[int, int]:
        height, width = (self._side, self._side) if self._side is not None else self._base.size(index)
        return height + 2 * self._frame, width + 2 * self._frame


def luma(image: Tensor) -> Tensor:
    """Grey (1, H, W) uint8 of colour (3, H, W) uint8."""
    weights = torch.tensor(LUMA)[:, None, None]
    return (image * weights).sum(dim=0, keepdim=True).round().to(torch.uint8)


def resize(image: Tensor, side: int) -> Tensor:
    """The middle square of (C, H, W) uint8, brought to ``side`` x ``side`` pixels."""
    height, width = image.shape[-2:]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    middle = image[None, :, top : top + square, left : left + square].float()
    resized = F.interpolate(middle, size=(side, side), mode="bicubic", antialias=True)
    return resized[0].round().clamp(0, 255).to(torch.uint8)
