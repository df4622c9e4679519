"""The contract of a source of sharp images: three splits, each a map-style dataset."""

from abc import ABC, abstractmethod
from typing import Literal, TypedDict

from torch import Tensor
from torch.utils.data import Dataset

Split = Literal["train", "val", "test"]


class SharpItem(TypedDict):
    """One item of a source: ``sharp`` (C, H, W) uint8, and ``index``, its position."""

    sharp: Tensor
    index: int


class SharpImages(Dataset[SharpItem], ABC):
    """The sharp images of one split."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def pixels(self, index: int, visit: int = 0) -> Tensor:
        """The image at ``index`` as (3, H, W) uint8.

        Args:
            index: from 0 to ``len(self) - 1``.
            visit: how often the split had been gone through before; only images that are rendered rather than
                read depend on it.
        """

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


class Source(ABC):
    """Sharp images in three splits that never share a picture."""

    @abstractmethod
    def split(self, split: Split) -> SharpImages:
        """The images of ``split``; raises ``UserError`` when there are none."""
