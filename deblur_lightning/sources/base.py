"""The base class of sources: three splits, each a map-style dataset of sharp images."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal, TypedDict

from torch import Tensor
from torch.utils.data import Dataset

Split = Literal["train", "val", "test"]

Place = Callable[[int, int], tuple[slice, slice]]
"""Which rows and columns of an image are wanted, given its height and width."""


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
        rendered: whether an image changes from one visit to the next.
    """

    rendered: bool = False

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def pixels(self, index: int, visit: int = 0) -> Tensor:
        """The image at ``index`` as (C, H, W) uint8; C is 3 or, where a set is grey, 1.

        Args:
            index: from 0 to ``len(self) - 1``.
            visit: how often the split had been gone through before; only images that are rendered rather than
                read depend on it.
        """

    def crop(self, index: int, visit: int, place: Place) -> Tensor:
        """A part of ``pixels(index, visit)``, bit for bit; cheaper where the rest need not be made or copied."""
        return crop(self.pixels(index, visit), place)

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


class PairedImages(SharpImages, ABC):
    """Sharp images of one split that were photographed or stored blurred as well."""

    @abstractmethod
    def blurred(self, index: int) -> Tensor:
        """The blurred image at ``index``, uint8 of the sharp one's shape."""


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


def crop(image: Tensor, place: Place) -> Tensor:
    """The part of (C, H, W) ``image`` that ``place`` chooses, in the same memory."""
    rows, columns = place(*image.shape[-2:])
    return image[..., rows, columns]
