"""A source whose training images are joined by those of another one."""

from typing import final

from torch import Tensor

from deblur_lightning.sources.base import Place, SharpImages, Source, Split


@final
class Widened(Source):
    """Trains on the images of two sources, and validates and tests on those of the first alone.

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
        """Both sources' images for "train", the base's for the others; raises what they raise."""
        base = self._base.split(split)
        return _JoinedImages(base, self._extra.split(split)) if split == "train" else base


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

    def window(self, index: int, visit: int, place: Place) -> Tensor:
        images, position, _ = self._located(index)
        return images.window(position, visit, place)

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
