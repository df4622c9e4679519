"""Applies a change of images to both sides of pairs."""

from collections.abc import Callable
from typing import final

from torch import Tensor

from deblur_lightning.sources.base import PairedImages, Place, SharpImages


def on_both_sides(change: Callable[..., SharpImages], *images: SharpImages) -> SharpImages:
    """``change(*images)``; where all of them are pairs, pairs whose blurred images are changed in the same way."""
    pairs = [part for part in images if isinstance(part, PairedImages)]
    if len(pairs) < len(images):
        return change(*images)
    return _BothSides(change(*images), change(*map(_Blurred, pairs)))


@final
class _BothSides(PairedImages):
    def __init__(self, sharp: SharpImages, blurred: SharpImages) -> None:
        self._sharp = sharp
        self._blurred = blurred

    def __len__(self) -> int:
        return len(self._sharp)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self._sharp.pixels(index, visit)

    def crop(self, index: int, visit: int, place: Place) -> Tensor:
        return self._sharp.crop(index, visit, place)

    def blurred(self, index: int) -> Tensor:
        return self._blurred.pixels(index)

    def name(self, index: int) -> str:
        return self._sharp.name(index)

    def size(self, index: int) -> tuple[int, int]:
        return self._sharp.size(index)


@final
class _Blurred(SharpImages):
    """The blurred images of pairs."""

    def __init__(self, pairs: PairedImages) -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self._pairs.blurred(index)

    def name(self, index: int) -> str:
        return self._pairs.name(index)

    def size(self, index: int) -> tuple[int, int]:
        return self._pairs.size(index)
