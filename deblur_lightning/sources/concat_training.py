"""Adds the training images of another source to a source."""

from typing import final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split, map_images


@final
class ConcatTraining(Source):
    """Trains on the images of two sources, and validates and tests on those of the first alone.

    Both may be of pairs. To join three sources, give a ``ConcatTraining`` as the base of another.

    Training names are preceded by "base/" or "extra/", since both sources may have a "0001.png".
    """

    def __init__(self, base: Source, extra: Source) -> None:
        """Join ``extra`` to ``base``.

        Args:
            base: gives the first training images, and all of validation and test.
            extra: gives the remaining training images.
        """
        self._base = base
        self._extra = extra

    def split(self, split: Split) -> SharpImages:
        """Both sources' images for "train", the base's for the others; raises what they raise.

        Raises:
            UserError: one of them has pairs, and the other has not.
        """
        base = self._base.split(split)
        if split != "train":
            return base
        extra = self._extra.split(split)
        if (base.blurred is None) != (extra.blurred is None):
            paired, single = ("extra", "base") if base.blurred is None else ("base", "extra")
            raise UserError(
                f"ConcatTraining: its {paired} has blurred images beside the sharp ones, its {single} has none: "
                "join two sources of pairs, or two without."
            )
        return map_images(_ConcatImages, base, extra)


@final
class _ConcatImages(SharpImages):
    def __init__(self, base: SharpImages, extra: SharpImages) -> None:
        self._base = base
        self._extra = extra
        self.rendered = base.rendered or extra.rendered

    def __len__(self) -> int:
        return len(self._base) + len(self._extra)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        images, position, _ = self._locate(index)
        return images.pixels(position, visit)

    def crop(self, index: int, visit: int, rows: slice, columns: slice) -> Tensor:
        images, position, _ = self._locate(index)
        return images.crop(position, visit, rows, columns)

    def name(self, index: int) -> str:
        images, position, prefix = self._locate(index)
        return f"{prefix}/{images.name(position)}"

    def size(self, index: int) -> tuple[int, int]:
        images, position, _ = self._locate(index)
        return images.size(position)

    def _locate(self, index: int) -> tuple[SharpImages, int, str]:
        """The images that hold image ``index``, its position there, and the prefix of its name."""
        if index < len(self._base):
            return self._base, index, "base"
        return self._extra, index - len(self._base), "extra"
