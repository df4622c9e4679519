"""White noise as images: about equally strong at all frequencies."""

from hashlib import blake2b
from typing import final

import numpy as np
import torch
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split


@final
class WhiteNoise(Source):
    """Grey images whose pixels are independent, each of the 256 levels as likely as the others.

    Args:
        length: images in each split, at least 1.
        size: height and width in pixels, at least 1.
        seed: any integer; another seed gives other images, and so does another split.

    Raises:
        UserError: ``length`` or ``size`` below 1.
    """

    def __init__(self, length: int = 1, size: int = 48, seed: int = 0) -> None:
        for name, value in (("length", length), ("size", size)):
            if value < 1:
                raise UserError(f"WhiteNoise {name}={value}: give 1 or more.")
        self._length = length
        self._size = size
        self._seed = seed

    def split(self, split: Split) -> SharpImages:
        return _NoiseImages(f"{self._seed}/{split}", self._length, self._size)


@final
class _NoiseImages(SharpImages):
    def __init__(self, stream: str, length: int, size: int) -> None:
        self._stream = stream
        self._length = length
        self._size = size

    def __len__(self) -> int:
        return self._length

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        digest = blake2b(f"{self._stream}/{index}".encode(), digest_size=16).digest()
        rng = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "big")))
        return torch.from_numpy(rng.integers(0, 256, (1, self._size, self._size), dtype=np.uint8))

    def name(self, index: int) -> str:
        return f"white-noise-{index:06d}"

    def size(self, index: int) -> tuple[int, int]:
        return self._size, self._size
