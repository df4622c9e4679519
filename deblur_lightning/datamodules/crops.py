"""Datasets that loader workers run: decode, crop and flip, all decided by the sample's counter."""

import os
from collections.abc import Sequence
from typing import Any, TypedDict

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # importing it would ask the package index for news

import albumentations as A
import numpy as np
import torch
from albumentations.augmentations.geometric.functional import d4
from torch import Tensor
from torch.utils.data import Dataset

from deblur_lightning.datamodules.sampler import Key
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages


class Crop(TypedDict):
    """One item of a ``SharpBatch``."""

    sharp: Tensor
    index: int
    visit: int


class RandomCrops(Dataset[Crop]):
    """A random square of each image, flipped and turned, pure in (seed, visit, index).

    Args:
        images: at least ``side - 2 * margin`` pixels high and wide.
        side: of the square in pixels, the margin included; a smaller image is extended by reflection.
        flips: whether to flip and turn by quarters as well.
        seed: of the draws.
    """

    def __init__(self, images: SharpImages, *, side: int, flips: bool, seed: int) -> None:
        self.images = images
        self.side = side
        self.seed = seed
        self.augment = A.Compose([A.RandomCrop(side, side), A.D4(p=1.0 if flips else 0.0)], save_applied_params=True)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: Key) -> Crop:
        return self.__getitems__([key])[0]

    def __getitems__(self, keys: Sequence[Key]) -> list[Crop]:
        """The crops of a batch, which ``DataLoader`` asks for; their seeds are drawn at once."""
        visits, indices = torch.tensor(keys).unbind(dim=1)
        seeds = Draws(self.seed, "train", visits, indices).integers("window", 0, 2**31 - 1).tolist()
        return [self._crop(visit, index, seed) for (visit, index), seed in zip(keys, seeds, strict=True)]

    def _crop(self, visit: int, index: int, seed: int) -> Crop:
        height, width = self.images.size(index)
        rows, columns, turn = self._draw(seed, max(height, self.side), max(width, self.side))
        if min(height, width) < self.side:
            cut = _extend(self.images.pixels(index, visit), self.side)[:, rows, columns]
        else:
            cut = self.images.crop(index, visit, rows, columns)
        if cut.shape[1:] != (self.side, self.side):
            name = self.images.name(index)
            raise UserError(f"{name} is not of {height}x{width} pixels as it was or as its header says: save it again.")
        turned = d4(cut.permute(1, 2, 0).numpy(), turn).transpose(2, 0, 1)
        return {"sharp": torch.from_numpy(np.ascontiguousarray(turned)), "index": index, "visit": visit}

    def _draw(self, seed: int, height: int, width: int) -> tuple[slice, slice, Any]:
        """Rows, columns and turn that albumentations draws for an image of that size, before any pixel is made."""
        self.augment.set_random_seed(seed)
        blank = np.empty((height, width), dtype=np.uint8)  # hardly touched, so it takes hardly any memory
        applied = dict(self.augment(image=blank)["applied_transforms"])
        left, top, right, bottom = applied["RandomCrop"]["crop_coords"]
        turn = applied["D4"]["group_element"] if "D4" in applied else "e"  # "e" leaves an image as it is
        return slice(top, bottom), slice(left, right), turn


class WholeImages(Dataset[Crop]):
    """Each image as it is."""

    def __init__(self, images: SharpImages) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: Key) -> Crop:
        visit, index = key
        return {"sharp": self.images.pixels(index, visit), "index": index, "visit": visit}


def _extend(image: Tensor, side: int) -> Tensor:
    """Reflect (C, H, W) ``image`` beyond its edges up to at least ``side`` in height and width."""
    missing = [max(0, side - length) for length in image.shape[1:]]
    padding = [(0, 0), *((lack // 2, lack - lack // 2) for lack in missing)]
    return torch.from_numpy(np.pad(image.numpy(), padding, mode="reflect"))
