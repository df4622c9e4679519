"""Any folder of images, split by its subfolders or by a hash of the file names."""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path, PurePath
from typing import final

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split
from deblur_lightning.sources.files import ImageFiles, existing_folder, image_names, images_outside
from deblur_lightning.sources.splits import (
    SPLITS,
    cut_validation,
    group_by_scene,
    hash_split,
    keep_scenes,
    split_scenes,
)
from deblur_lightning.sources.validation import decode_all, warn_of_duplicates, warn_of_unused


@final
class Folder(Source):
    """The images in a folder and below it, each named by its path below that folder.

    A folder is split by its subfolders "train", "val" and "test", or by those that ``subfolders`` names; images
    elsewhere are left out with a warning. Without a subfolder for validation, a tenth of the training images is taken.
    A folder without such subfolders is split by ``hash_split``. Frames of one scene, as ``group_by_scene`` finds them,
    stay together; with fewer than three scenes, images are split one by one, with a warning.

    Hidden files are left out, and so is what lies behind a link to a folder. Asking for a split decodes each of its
    images once, so that a bad file is found before training starts.
    """

    def __init__(
        self,
        root: str | Path,
        subfolders: dict[str, str] | None = None,
        skip_bad: bool = False,
        check: bool = True,
    ) -> None:
        """Look at what ``root`` holds.

        Args:
            root: the folder; a leading "~" is the home folder.
            subfolders: by split ("train", "val", "test") its subfolder, as in ``{train: train, test: val}``; a split
                that is not named has none. When not given, subfolders named like splits are used.
            skip_bad: whether images that cannot be decoded are left out, after a warning; else they are refused.
            check: whether to decode all images beforehand, which takes some minutes for a large set.

        Raises:
            UserError: ``root`` is no folder, or has neither such subfolders nor three images; ``subfolders`` has
                another key, or names a folder that does not exist or lies within another split's.
        """
        self._root = existing_folder(root)
        self._skip_bad = skip_bad
        self._check = check
        self._images: dict[Split, ImageFiles] = {}
        self._seen: dict[str, str] = {}
        self._subfolders: Mapping[str, str] = subfolders or {
            split: split for split in SPLITS if (self._root / split).is_dir()
        }
        self._check_subfolders()
        if self._subfolders and not subfolders:
            used = list(self._subfolders.values())
            cure = "the others are split by their subfolders: sort these in, or name folders with subfolders"
            warn_of_unused(self._root, images_outside(self._root, used), used, cure)
        self._hashed: dict[Split, list[str]] = {}
        if not self._subfolders:
            names = image_names(self._root, self._root, broken_links=True)
            if len(names) < 3:
                cure = "add images, or sort them into subfolders train, val and test"
                raise UserError(f"{self._root} holds {len(names)} of the 3 images that a split needs: {cure}.")
            self._hashed = self._split_scenes(names, hash_split, least=3)

    def split(self, split: Split) -> SharpImages:
        """The images of ``split``, sorted by name.

        Raises:
            UserError: the root has subfolders for other splits, but none, or an empty one, for this; an image cannot
                be decoded.
        """
        if split not in self._images:
            self._images[split] = self._open({name: self._root / name for name in self._names(split)})
        return self._images[split]

    def _open(self, files: dict[str, Path]) -> ImageFiles:
        if not self._check:
            return ImageFiles(files)
        sizes = decode_all({name: [path] for name, path in files.items()}, self._skip_bad)
        warn_of_duplicates(self._root, list(sizes), self._seen)
        return ImageFiles({name: files[name] for name in sizes}, {name: size for name, (size,) in sizes.items()})

    def _names(self, split: Split) -> list[str]:
        if not self._subfolders:
            return self._hashed[split]
        cut = "val" not in self._subfolders
        home = "train" if cut and split == "val" else split
        if home not in self._subfolders:
            raise self._missing(home)
        names = image_names(self._root, self._root / self._subfolders[home], broken_links=True)
        if cut and home == "train":
            names = self._split_scenes(names, cut_validation, least=2).get(split, [])
        if not names:
            raise UserError(f"{self._root} has one training image and none for validation: add images, or val/.")
        return names

    def _split_scenes(
        self, names: list[str], cut: Callable[[Sequence[str]], dict[Split, list[str]]], least: int
    ) -> dict[Split, list[str]]:
        scenes = group_by_scene(names, (".", *self._subfolders.values()))
        return split_scenes(keep_scenes(self._root, scenes, least), cut)

    def _check_subfolders(self) -> None:
        for split, name in self._subfolders.items():
            if split not in SPLITS:
                raise UserError(f"subfolders={{{split}: {name}}} has no split {split!r}: give train, val or test.")
            if PurePath(name).is_absolute() or ".." in PurePath(name).parts or not (self._root / name).is_dir():
                raise UserError(f"subfolders={{{split}: {name}}} names no folder in {self._root}: check its name.")
        for (one, outer), (other, inner) in permutations(self._subfolders.items(), 2):
            if PurePath(os.path.normpath(inner)).is_relative_to(os.path.normpath(outer)):
                raise UserError(
                    f"subfolders: the images for {other} would be for {one} too: give each a folder of its own."
                )

    def _missing(self, split: str) -> UserError:
        present = " and ".join(f"{name}/" for name in self._subfolders.values())
        cure = f"add {split}/, or say which folder it is with subfolders, such as {{train: train, test: val}}"
        return UserError(f"{self._root} has {present} but no {split}/: {cure}.")
