"""Keeps the images of a source in memory, so that none is decoded twice."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import final

from torch import Tensor

from deblur_lightning.sources.base import SharpImages, Source, Split, map_images


@final
class InMemory(Source):
    """The images of another source, decoded once, for training on random crops of large files.

    They take 3 bytes a pixel of the main process; loader processes started by a fork share them. Rendered images are
    passed on as they are.

    Args:
        base: where the images come from.
    """

    def __init__(self, base: Source) -> None:
        self._base = base

    def split(self, split: Split) -> SharpImages:
        """The base's images of ``split``, all decoded; raises what the base raises."""
        return map_images(lambda part: part if part.rendered else _DecodedImages(part), self._base.split(split))


@final
class _DecodedImages(SharpImages):
    def __init__(self, base: SharpImages) -> None:
        self._base = base
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self._images = list(pool.map(base.pixels, range(len(base))))

    def __len__(self) -> int:
        return len(self._images)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self._images[index].clone()

    def crop(self, index: int, visit: int, rows: slice, columns: slice) -> Tensor:
        return self._images[index][:, rows, columns].clone()

    def name(self, index: int) -> str:
        return self._base.name(index)

    def size(self, index: int) -> tuple[int, int]:
        height, width = self._images[index].shape[-2:]
        return height, width
