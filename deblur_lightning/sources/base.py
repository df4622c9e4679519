"""The contract of a source of images: three splits, each a map-style dataset."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal, Optional, TypedDict

from torch import Tensor
from torch.utils.data import Dataset

Split = Literal["train", "val", "test"]


class SharpItem(TypedDict):
    """One item of a source: ``sharp`` (C, H, W) uint8, and ``index``, its position."""

    sharp: Tensor
    index: int


class LabelledItem(SharpItem):
    """One item of a labelled source: also ``label``, the position of its class among the classes."""

    label: int


class SharpImages(Dataset[SharpItem], ABC):
    """The sharp images of one split.

    Attributes:
        blurred: the same images as they were photographed or stored blurred, of the same order, names and sizes; None
            where there are none.
        rendered: whether an image changes from one visit to the next.
    """

    blurred: Optional["SharpImages"] = None
    rendered: bool = False

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def pixels(self, index: int, visit: int = 0) -> Tensor:
        """The image at ``index`` as (C, H, W) uint8; C is 3 or, where a set is grey, 1.

        Args:
            index: from 0 to ``len(self) - 1``.
            visit: how many times training has gone through the split before; only rendered images depend on it.
        """

    def crop(self, index: int, visit: int, rows: slice, columns: slice) -> Tensor:
        """A part of ``pixels(index, visit)``, bit for bit; cheaper where the rest need not be made or copied."""
        return self.pixels(index, visit)[:, rows, columns]

    @abstractmethod
    def name(self, index: int) -> str:
        """What tables and files call the image at ``index``; unique within the split."""

    @abstractmethod
    def size(self, index: int) -> tuple[int, int]:
        """Height and width of the image at ``index`` in pixels, without decoding it."""

    def __getitem__(self, index: int) -> SharpItem:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return {"sharp": self.pixels(index), "index": index}


class LabelledImages(SharpImages, ABC):
    """Images of one split that belong to classes."""

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of their labels."""

    @abstractmethod
    def label(self, index: int) -> int:
        """The class of the image at ``index``, from 0 to ``len(classes) - 1``."""

    def __getitem__(self, index: int) -> LabelledItem:
        return {**super().__getitem__(index), "label": self.label(index)}


class Source(ABC):
    """Sharp images in three splits that never share a picture."""

    @abstractmethod
    def split(self, split: Split) -> SharpImages:
        """The images of ``split``; raises ``UserError`` when there are none."""


def map_images(change: Callable[..., SharpImages], *images: SharpImages) -> SharpImages:
    """``change(*images)``; where all of them have blurred images, those are changed in the same way."""
    changed = change(*images)
    blurred = [part.blurred for part in images if part.blurred is not None]
    if len(blurred) == len(images):
        changed.blurred = change(*blurred)
    return changed
