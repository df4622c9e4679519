"""Preprocesses images of a source: grey, resized, framed in black, or only a few of them."""

from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lightning.batch import LUMA
from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import Place, SharpImages, Source, Split, crop
from deblur_lightning.sources.sides import on_both_sides

_KEPT = 32  # prepared images that a process remembers; small sets are gone through again and again


@final
class Preprocessed(Source):
    """The images of another source, prepared as the reports did; of pairs, both sides alike.

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
        return on_both_sides(self._prepared, images)

    def _prepared(self, images: SharpImages) -> SharpImages:
        return _PreparedImages(images, self._grey, self._side, self._frame, self._count)


@final
class _PreparedImages(SharpImages):
    def __init__(self, base: SharpImages, grey: bool, side: int | None, frame: int, count: int | None) -> None:
        self._base = base
        self._grey = grey
        self._side = side
        self._frame = frame
        self._length = len(base) if count is None else min(count, len(base))
        self.rendered = base.rendered
        self._kept: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return self._length

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self._prepared(index, visit) if self.rendered else self._remembered(index).clone()

    def crop(self, index: int, visit: int, place: Place) -> Tensor:
        if not self.rendered:
            return crop(self._remembered(index), place).clone()
        if self._side is None and not self._frame:
            return self._coloured(self._base.crop(index, visit, place))
        return super().crop(index, visit, place)

    def _remembered(self, index: int) -> Tensor:
        if index not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[index] = self._prepared(index, 0)
        return self._kept[index]

    def _prepared(self, index: int, visit: int) -> Tensor:
        image = self._coloured(self._base.pixels(index, visit))
        if self._side is not None:
            image = resize(image, self._side)
        return F.pad(image, (self._frame,) * 4)

    def _coloured(self, image: Tensor) -> Tensor:
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
