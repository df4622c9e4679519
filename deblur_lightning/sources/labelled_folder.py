"""A folder of labelled images: a subfolder for each class."""

from pathlib import Path
from typing import final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import image_size, read_rgb
from deblur_lightning.sources.base import LabelledImages, Source, Split
from deblur_lightning.sources.files import existing_folder, image_names
from deblur_lightning.sources.preprocessed import luma, resize
from deblur_lightning.sources.splits import SPLITS, hash_split
from deblur_lightning.sources.validation import warn_of_unused


@final
class LabelledFolder(Source):
    """Images in folders named after their classes: ROOT/CLASS/*.png, or ROOT/train/CLASS/*.png and so on.

    Without folders train, val and test the images are split by a hash of their names.

    Args:
        root: the folder; a leading "~" is the home folder.
        grey: whether colour is turned into one channel, luma.
        side: height and width to resize to (bicubic, after cutting the middle square); None to keep sizes.

    Raises:
        UserError: no such folder, no image in it, or images outside the classes' folders.
    """

    def __init__(self, root: str | Path, grey: bool = False, side: int | None = None) -> None:
        if side is not None and side < 1:
            raise UserError(f"LabelledFolder side={side}: give 1 or more.")
        self._root = existing_folder(root)
        self._grey = grey
        self._side = side
        names = image_names(self._root, self._root)
        given = {split: [name for name in names if name.startswith(f"{split}/")] for split in SPLITS}
        self._depth = 1 if given["train"] else 0
        for name in names:
            if len(Path(name).parts) < self._depth + 2:
                raise UserError(
                    f"{self._root / name} has no label: put it into a folder named after its class, such as "
                    f"{self._root}/{'train/' * self._depth}cat/1.png."
                )
        if not given["train"] and len(names) < 3:
            raise UserError(f"{self._root} holds {len(names)} images, too few for three splits: add some.")
        self._names = given if given["train"] else hash_split(names)
        used = sorted(name for chosen in self._names.values() for name in chosen)
        cure = "the others are split by their folders: sort these into train/, val/ or test/"
        warn_of_unused(self._root, sorted({*names} - {*used}), used, cure)
        self._classes = tuple(sorted({self._class(name) for name in used}))

    def split(self, split: Split) -> LabelledImages:
        """The images of ``split``; raises ``UserError`` when there are none."""
        names = self._names[split]
        if not names:
            raise UserError(f"{self._root}/{split} holds no images: add some for {split}.")
        labels = [self._classes.index(self._class(name)) for name in names]
        return _FolderImages(self._root, names, labels, self._classes, self._grey, self._side)

    def _class(self, name: str) -> str:
        return Path(name).parts[self._depth]


@final
class _FolderImages(LabelledImages):
    def __init__(
        self, root: Path, names: list[str], labels: list[int], classes: tuple[str, ...], grey: bool, side: int | None
    ) -> None:
        self._root = root
        self._names = names
        self._labels = labels
        self._classes = classes
        self._grey = grey
        self._side = side

    def __len__(self) -> int:
        return len(self._names)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        image = read_rgb(self._root / self._names[index])
        image = luma(image) if self._grey else image
        return image if self._side is None else resize(image, self._side)

    def name(self, index: int) -> str:
        return self._names[index]

    def size(self, index: int) -> tuple[int, int]:
        return image_size(self._root / self._names[index]) if self._side is None else (self._side, self._side)

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    def label(self, index: int) -> int:
        return self._labels[index]
