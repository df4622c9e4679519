"""Any folder of images, split by its subfolders or by a hash of the file names."""

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path, PurePath
from typing import final

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split
from deblur_lightning.sources.files import ImageFiles, existing_folder, image_names, images_beside
from deblur_lightning.sources.scenes import by_scene, warn_of_scenes
from deblur_lightning.sources.splits import SPLITS, cut_validation, hash_split, split_scenes
from deblur_lightning.sources.unused_files import warn_left_out
from deblur_lightning.sources.validation import readable_names, warn_of_twins


@final
class Folder(Source):
    """The images in a folder and below it, each named by its path below that folder.

    A folder with subfolders "train", "val" or "test", or with others that are named for them, is split by these;
    where none is for validation, a tenth of the training images is, and what lies elsewhere is told. Any other folder
    is split by ``hash_split``. Frames of one scene, as far as names tell (see ``by_scene``), stay together; where they
    tell of fewer than three scenes, images are split one by one, after a warning.
    Hidden files and what lies behind a link to a folder are left out. Every image is decoded once when its split is
    asked for, so that none is found to be bad in the midst of a training.
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
                left out has none. When not given, the subfolders that are called like splits are theirs.
            skip_bad: whether images that cannot be decoded are left out, after a warning; else they are refused.
            check: whether to look for them beforehand, which takes a large set some minutes.

        Raises:
            UserError: ``root`` is no folder, or has neither such subfolders nor three images; ``subfolders`` has
                another key, or names what does not exist or lies in two splits.
        """
        self._root = existing_folder(root)
        self._skip_bad = skip_bad
        self._check = check
        self._sound: dict[Split, list[str]] = {}
        self._seen: dict[str, str] = {}
        self._subfolders: Mapping[str, str] = subfolders or {
            split: split for split in SPLITS if (self._root / split).is_dir()
        }
        self._check_subfolders()
        if self._subfolders and not subfolders:
            used = list(self._subfolders.values())
            cure = "the others are split by their subfolders: sort these in, or name folders with subfolders"
            warn_left_out(self._root, images_beside(self._root, used), used, cure)
        self._hashed: dict[Split, list[str]] = {}
        if not self._subfolders:
            names = image_names(self._root, self._root, broken_links=True)
            if len(names) < 3:
                cure = "add images, or sort them into subfolders train, val and test"
                raise UserError(f"{self._root} holds {len(names)} of the 3 images that a split needs; {cure}")
            self._hashed = self._by_scene(names, hash_split, least=3)

    def split(self, split: Split) -> SharpImages:
        """The images of ``split``, sorted by name.

        Raises:
            UserError: the root has subfolders for other splits, but none, or an empty one, for this; an image cannot
                be decoded.
        """
        if split not in self._sound:
            self._sound[split] = self._checked(self._names(split))
        return ImageFiles(self._root, self._sound[split])

    def _checked(self, names: list[str]) -> list[str]:
        if not self._check:
            return names
        sound = readable_names({name: [self._root / name] for name in names}, self._skip_bad)
        warn_of_twins(self._root, sound, self._seen)
        return sound

    def _names(self, split: Split) -> list[str]:
        if not self._subfolders:
            return self._hashed[split]
        cut = "val" not in self._subfolders
        home = "train" if cut and split == "val" else split
        if home not in self._subfolders:
            raise self._missing(home)
        names = image_names(self._root, self._root / self._subfolders[home], broken_links=True)
        if cut and home == "train":
            names = self._by_scene(names, cut_validation, least=2).get(split, [])
        if not names:
            raise UserError(f"{self._root} has one training image and none for validation; add images, or val/")
        return names

    def _by_scene(
        self, names: list[str], cut: Callable[[Sequence[str]], dict[Split, list[str]]], least: int
    ) -> dict[Split, list[str]]:
        scenes = warn_of_scenes(self._root, by_scene(names, (".", *self._subfolders.values())), least)
        return split_scenes(scenes, cut(list(scenes)))

    def _check_subfolders(self) -> None:
        for split, name in self._subfolders.items():
            if split not in SPLITS:
                raise UserError(f"subfolders={{{split}: {name}}}: there is no split {split!r}; give train, val or test")
            if PurePath(name).is_absolute() or ".." in PurePath(name).parts or not (self._root / name).is_dir():
                raise UserError(
                    f"subfolders={{{split}: {name}}}: there is no such folder in {self._root}; check its name"
                )
        for (one, outer), (other, inner) in permutations(self._subfolders.items(), 2):
            if PurePath(os.path.normpath(inner)).is_relative_to(os.path.normpath(outer)):
                raise UserError(
                    f"subfolders: the images for {other} would be for {one} too; give each a folder of its own"
                )

    def _missing(self, split: str) -> UserError:
        present = " and ".join(f"{name}/" for name in self._subfolders.values())
        cure = f"add {split}/, or say which folder it is with subfolders, such as {{train: train, test: val}}"
        return UserError(f"{self._root} has {present} but no {split}/; {cure}")
