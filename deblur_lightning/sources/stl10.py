"""STL-10: 96x96 colour images, from as much of the set as is there."""

from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split
from deblur_lightning.sources.files import ImageFiles, download_command, existing_folder, image_names
from deblur_lightning.sources.splits import first_images

_SIDE = 96
_BYTES = 3 * _SIDE * _SIDE
_HELD_OUT = 100

_Stored = list[tuple[Path, int]]
"""For each image, its file and its position there."""


@final
class STL10(Source):
    """The images of STL-10 (Coates, Lee and Ng, 2011), from its binary files or, without these, from image files.

    torchvision's own class refuses a copy in which a file, or the end of one, is missing. This class uses every whole
    image of train_X.bin, unlabeled_X.bin and test_X.bin that it finds in the folder or in stl10_binary/ in it.

    The images of train_X.bin and then unlabeled_X.bin, or the image files by name, form one list. Its last 100 are for
    testing, unless there is test_X.bin; the 100 before them are for validation, the rest for training. A list of fewer
    than 1,000 images gives a tenth to each of the two.
    """

    def __init__(self, root: str | Path = "data/stl10", train_size: int | None = None) -> None:
        """Look at what ``root`` holds.

        Args:
            root: the folder; a leading "~" is the home folder.
            train_size: keep the first so many training images; all when not given.

        Raises:
            UserError: there is no such folder, or no image in it.
        """
        if not Path(root).expanduser().exists():
            get_it = download_command("stl10", root)
            raise UserError(f"STL-10 is not in {root}: put any part of it there, or get all with {get_it}")
        self._root = existing_folder(root)
        self._train_size = train_size
        self._test = _open_part(self._root, "test")
        self._row = _open_part(self._root, "train") + _open_part(self._root, "unlabeled")
        self._files = [] if self._row or self._test else image_names(self._root, self._root)

    def split(self, split: Split) -> SharpImages:
        """The images of ``split``, in the order in which they are stored.

        Raises:
            UserError: there are none, or fewer training images than are wanted.
        """
        if split == "test" and self._test:
            return _StoredImages(self._test)
        count = len(self._row) or len(self._files)
        held_out = min(_HELD_OUT, max(1, count // 10))
        end = count if self._test else count - held_out
        if end <= held_out:
            raise UserError(
                f"{self._root} holds too few images of STL-10 to train on ({count}): add train_X.bin or more."
            )
        chosen = {"train": range(end - held_out), "val": range(end - held_out, end), "test": range(end, count)}[split]
        if split == "train":
            chosen = first_images(chosen, self._train_size, "STL10")
        if self._files:
            return ImageFiles({name: self._root / name for name in self._files[chosen.start : chosen.stop]})
        return _StoredImages([self._row[i] for i in chosen])


@final
class _StoredImages(SharpImages):
    def __init__(self, stored: _Stored) -> None:
        self._stored = stored

    def __len__(self) -> int:
        return len(self._stored)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        path, place = self._stored[index]
        # mapped for each image: pickling an open map for a spawned loader worker would copy all of it
        columns = np.memmap(path, np.uint8, "r", offset=place * _BYTES, shape=(3, _SIDE, _SIDE))
        return torch.from_numpy(columns.transpose(0, 2, 1).copy())

    def name(self, index: int) -> str:
        path, place = self._stored[index]
        return f"stl10-{path.stem.removesuffix('_X')}-{place:06d}"

    def size(self, index: int) -> tuple[int, int]:
        return _SIDE, _SIDE


def _open_part(root: Path, part: str) -> _Stored:
    """The whole images of a binary file; none if there is no such file."""
    for path in (root / f"{part}_X.bin", root / "stl10_binary" / f"{part}_X.bin"):
        if path.is_file():
            return [(path, place) for place in range(path.stat().st_size // _BYTES)]
    return []
