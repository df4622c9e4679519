"""Pairs that are stored as one image each, blurred and sharp beside each other."""

from functools import partial
from typing import Literal, final, get_args

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split

Side = Literal["left", "right"]


@final
class SideBySide(Source):
    """Pairs from images that hold both partners, one in each half, as "aligned" sets of image translation have them.

    Args:
        base: gives the images, such as a ``Folder`` of files, each of an even width.
        sharp: the half that is the sharp image; "A" of an A|B file is the left one.

    Raises:
        UserError: ``sharp`` is no side.
    """

    def __init__(self, base: Source, sharp: Side = "right") -> None:
        if sharp not in get_args(Side):
            raise UserError(f"SideBySide sharp={sharp}: give left or right.")
        self._base = base
        self._sharp = sharp

    def split(self, split: Split) -> SharpImages:
        """The pairs of ``split``; raises what the base raises.

        Raises:
            UserError: an image has an odd width, or the base gives pairs already.
        """
        images = self._base.split(split)
        if images.blurred is not None:
            raise UserError(f"SideBySide: {type(self._base).__name__} gives pairs already: use it without SideBySide.")
        for index in range(len(images)):
            height, width = images.size(index)
            if width % 2:
                raise UserError(
                    f"{images.name(index)} is of {height}x{width} pixels, an odd width, and so not two images beside "
                    "each other: remove it, or give sharp images alone to SyntheticBlur."
                )
        half = partial(_Half, images)
        sharp = half(right=self._sharp == "right")
        sharp.blurred = half(right=self._sharp == "left")
        return sharp


@final
class _Half(SharpImages):
    def __init__(self, base: SharpImages, right: bool) -> None:
        self._base = base
        self._right = right
        self.rendered = base.rendered

    def __len__(self) -> int:
        return len(self._base)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self.crop(index, visit, slice(None), slice(None))

    def crop(self, index: int, visit: int, rows: slice, columns: slice) -> Tensor:
        width = self.size(index)[1]
        start, stop, _ = columns.indices(width)
        left = width if self._right else 0
        return self._base.crop(index, visit, rows, slice(left + start, left + stop))

    def name(self, index: int) -> str:
        return self._base.name(index)

    def size(self, index: int) -> tuple[int, int]:
        height, width = self._base.size(index)
        return height, width // 2
