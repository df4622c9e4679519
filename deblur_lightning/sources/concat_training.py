"""Joins the training images of two sources; validation and test images are the first one's."""

from typing import final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import PairedImages, Place, SharpImages, Source, Split
from deblur_lightning.sources.sides import on_both_sides


@final
class ConcatTraining(Source):
    """Trains on the images of two sources, and validates and tests on those of the first alone.

    Both may be of pairs. Three are joined by widening what is widened already.

    Training names are preceded by "base/" or "extra/", since both sources may well have a "0001.png".
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
        if isinstance(base, PairedImages) != isinstance(extra, PairedImages):
            one, other = ("base", "extra") if isinstance(base, PairedImages) else ("extra", "base")
            raise UserError(
                f"ConcatTraining: its {one} has blurred images beside the sharp ones, its {other} has none; "
                "join two sources of pairs, or two without."
            )
        return on_both_sides(_JoinedImages, base, extra)


@final
class _JoinedImages(SharpImages):
    def __init__(self, base: SharpImages, extra: SharpImages) -> None:
        self._base = base
        self._extra = extra
        self.rendered = base.rendered or extra.rendered

    def __len__(self) -> int:
        return len(self._base) + len(self._extra)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        images, position, _ = self._located(index)
        return images.pixels(position, visit)

    def crop(self, index: int, visit: int, place: Place) -> Tensor:
        images, position, _ = self._located(index)
        return images.crop(position, visit, place)

    def name(self, index: int) -> str:
        images, position, prefix = self._located(index)
        return f"{prefix}/{images.name(position)}"

    def size(self, index: int) -> tuple[int, int]:
        images, position, _ = self._located(index)
        return images.size(position)

    def _located(self, index: int) -> tuple[SharpImages, int, str]:
        """Whose image ``index`` is, where it lies there, and what precedes its name."""
        if index < len(self._base):
            return self._base, index, "base"
        return self._extra, index - len(self._base), "extra"
