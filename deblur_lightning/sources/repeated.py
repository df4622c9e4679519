"""Repeats each image of a source several times, to be blurred in several ways."""

from functools import partial
from typing import final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split, map_images


@final
class Repeated(Source):
    """Each image of another source several times in succession: several blurred versions share one sharp target.

    Names are preceded by "copy1/", "copy2/" and so on.
    """

    def __init__(self, base: Source, copies: int = 3) -> None:
        """Repeat the images of ``base``.

        Args:
            base: gives the images.
            copies: how often each comes, at least once.

        Raises:
            UserError: ``copies`` is below 1.
        """
        if copies < 1:
            raise UserError(f"Repeated copies={copies}: give 1 or more.")
        self._base = base
        self._copies = copies

    def split(self, split: Split) -> SharpImages:
        """The base's images of ``split``, repeated; raises what the base raises."""
        return map_images(partial(_RepeatedImages, copies=self._copies), self._base.split(split))


@final
class _RepeatedImages(SharpImages):
    def __init__(self, base: SharpImages, copies: int) -> None:
        self._base = base
        self._copies = copies
        self.rendered = base.rendered

    def __len__(self) -> int:
        return self._copies * len(self._base)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self._base.pixels(index // self._copies, visit)

    def crop(self, index: int, visit: int, rows: slice, columns: slice) -> Tensor:
        return self._base.crop(index // self._copies, visit, rows, columns)

    def name(self, index: int) -> str:
        position, copy = divmod(index, self._copies)
        return f"copy{copy + 1}/{self._base.name(position)}"

    def size(self, index: int) -> tuple[int, int]:
        return self._base.size(index // self._copies)
