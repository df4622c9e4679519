"""CIFAR-10, CIFAR-100 and MNIST, read by torchvision: small labelled images."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, NamedTuple, final

import torch
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import LabelledImages, Source, Split
from deblur_lightning.sources.files import download_command
from deblur_lightning.sources.splits import first_images

VALIDATION = 5000
"""Images at the end of the official training set."""


class _Part(NamedTuple):
    """The official training or test set: ``pixels`` (N, C, H, W) uint8, ``labels`` (N,)."""

    name: str
    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]


class TorchvisionSet(Source, ABC):
    """A set that torchvision reads: the last 5,000 images of the official training set are for validation.

    The others are for training, the official test set for testing. Nothing is downloaded. Names give the position in
    the official set: "cifar10-train-45000" is the first validation image.
    """

    def __init__(self, root: str | Path, train_size: int | None) -> None:
        self._root = Path(root).expanduser()
        self._train_size = train_size
        self._parts: dict[bool, _Part] = {}

    def split(self, split: Split) -> LabelledImages:
        """The images of ``split``, in the official order.

        Raises:
            UserError: the set is missing or damaged, or has fewer training images than are wanted.
        """
        part = self._part(split != "test")
        if split == "test":
            return _SetImages(part, range(len(part.pixels)))
        training = range(len(part.pixels) - VALIDATION)
        if split == "train":
            return _SetImages(part, first_images(training, self._train_size, type(self).__name__))
        return _SetImages(part, range(training.stop, len(part.pixels)))

    @abstractmethod
    def _open(self, train: bool) -> Any:
        """torchvision's dataset of the official training or test set."""

    def _part(self, train: bool) -> _Part:
        if train not in self._parts:
            name = type(self).__name__
            try:
                official = self._open(train)
            except Exception as error:  # torchvision's readers raise nearly anything at a damaged file
                cure = download_command(name.lower(), self._root)
                raise UserError(f"{name} is not, or not whole, in {self._root}: get it with {cure}") from error
            pixels = torch.as_tensor(official.data)
            pixels = pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
            prefix = f"{name.lower()}-{'train' if train else 'test'}"
            self._parts[train] = _Part(prefix, pixels, torch.as_tensor(official.targets), tuple(official.classes))
        return self._parts[train]


@final
class CIFAR10(TorchvisionSet):
    """50,000 and 10,000 colour images of 32x32 pixels in ten classes (Krizhevsky, 2009)."""

    def __init__(self, root: str | Path = "data/cifar10", train_size: int | None = None) -> None:
        """Say where the set is.

        Args:
            root: the folder that holds cifar-10-batches-py; a leading "~" is the home folder.
            train_size: keep the first so many training images; all when not given.
        """
        super().__init__(root, train_size)

    def _open(self, train: bool) -> Any:
        from torchvision.datasets import CIFAR10 as Official

        return Official(self._root, train=train)


@final
class CIFAR100(TorchvisionSet):
    """50,000 and 10,000 colour images of 32x32 pixels in a hundred classes (Krizhevsky, 2009)."""

    def __init__(self, root: str | Path = "data/cifar100", train_size: int | None = None) -> None:
        """Say where the set is.

        Args:
            root: the folder that holds cifar-100-python; a leading "~" is the home folder.
            train_size: keep the first so many training images; all when not given.
        """
        super().__init__(root, train_size)

    def _open(self, train: bool) -> Any:
        from torchvision.datasets import CIFAR100 as Official

        return Official(self._root, train=train)


@final
class MNIST(TorchvisionSet):
    """60,000 and 10,000 handwritten digits of 28x28 pixels, grey (LeCun, Cortes and Burges, 1998)."""

    def __init__(self, root: str | Path = "data/mnist", train_size: int | None = None) -> None:
        """Say where the set is.

        Args:
            root: the folder that holds MNIST/raw; a leading "~" is the home folder.
            train_size: keep the first so many training images; all when not given.
        """
        super().__init__(root, train_size)

    def _open(self, train: bool) -> Any:
        from torchvision.datasets import MNIST as Official

        return Official(self._root, train=train)


@final
class _SetImages(LabelledImages):
    def __init__(self, part: _Part, positions: range) -> None:
        self._part = part
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        # a copy in contiguous memory
        return self._part.pixels[self._positions[index]].clone(memory_format=torch.contiguous_format)

    def name(self, index: int) -> str:
        return f"{self._part.name}-{self._positions[index]:05d}"

    def size(self, index: int) -> tuple[int, int]:
        height, width = self._part.pixels.shape[2:]
        return height, width

    @property
    def classes(self) -> tuple[str, ...]:
        return self._part.classes

    def label(self, index: int) -> int:
        return int(self._part.labels[self._positions[index]])
