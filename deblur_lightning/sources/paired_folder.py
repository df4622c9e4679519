"""Photographs that exist both blurred and sharp, in folders side by side."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import final

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import image_size
from deblur_lightning.sources.base import SharpImages, Source, Split
from deblur_lightning.sources.files import ImageFiles, existing_folder, image_names
from deblur_lightning.sources.pair_lists import read_lists
from deblur_lightning.sources.splits import (
    SPLITS,
    cut_validation,
    group_by_scene,
    hash_split,
    keep_scenes,
    split_scenes,
)
from deblur_lightning.sources.validation import Size, decode_all, warn_of_unused

ID = "{id}"

_Sides = dict[str, dict[str, list[str]]]
"""By the name of a side's folders, by a pair's name without suffix, the files; there should be one each."""


@final
class PairedFolder(Source):
    """Pairs of image files whose paths differ in one folder: "blur" for the one, "sharp" for the other.

    A pair is named by its blurred file's path without that folder; suffixes may differ. This reads GOPRO_Large
    (train/SCENE/blur/000047.png), REDS (train/train_blur/SCENE/00000047.png), two flat folders (blur/, sharp/), and
    what ``deblur synthesize`` writes (blurred/train/NAME.png). Images elsewhere, for example in blur_gamma/, are left
    out with a warning.

    Files of other names are found by patterns, in which "{id}" is what both files of a pair have in common:
    "{id}_blur" and "{id}_sharp" for files beside each other, "blur/blur_{id}" and "gt/gt_{id}" for RealBlur. A pattern
    is compared with the end of a path, with or without the suffix.

    Text files that list pairs decide alone, where they are given: in each line the sharp image and the blurred one, as
    RealBlur and RSBlur have them. If none lists pairs for validation, whole scenes of the training pairs are taken.

    Pairs below a folder train/, val/ or test/ are split by it, and other pairs are then left out with a warning.
    Without a folder for validation, a tenth of the training pairs is taken. Without such folders at all, pairs are
    split by ``hash_split``, and fewer than three scenes are all for testing. The frames of a scene always stay
    together, since neighbours look alike: a scene is a folder, or what ``group_by_scene`` finds in one.
    """

    def __init__(
        self,
        root: str | Path,
        blurred: str = "blur",
        sharp: str = "sharp",
        skip_bad: bool = False,
        check: bool = True,
        lists: Mapping[str, str] | None = None,
    ) -> None:
        """Match the files below ``root``.

        Args:
            root: the folder that holds all of them; a leading "~" is the home folder.
            blurred: the name of the folders with blurred images, or a pattern of their files.
            sharp: the name of the folders with sharp images, or a pattern of their files.
            skip_bad: whether pairs that cannot be decoded are left out, after a warning; else they are refused.
            check: whether to decode all images beforehand, which takes some minutes for a large set.
            lists: by split, the path of a text file, from ``root`` on; ``blurred`` and ``sharp`` are then not used.

        Raises:
            UserError: ``root`` holds no pairs, a file has no partner or more than one, only one side is a pattern, or
                a list does not fit (see ``read_lists``).
        """
        if (ID in blurred) != (ID in sharp):
            raise UserError(f"blurred={blurred} and sharp={sharp}: give two names of folders, or {ID} in both.")
        self._root = existing_folder(root)
        if lists:
            self._files, self._parts = read_lists(self._root, lists)
            _add_validation(self._root, self._parts)
        else:
            self._files = _match_pairs(self._root, blurred, sharp)
            self._parts = _split_pairs(self._root, list(self._files))
        self._skip_bad = skip_bad
        self._check = check
        self._images: dict[Split, ImageFiles] = {}

    def split(self, split: Split) -> SharpImages:
        """The pairs of ``split``, sorted by name.

        Raises:
            UserError: there are none, an image cannot be decoded, or the two images of one differ in size.
        """
        if split not in self._parts:
            present = " and ".join(f"{part} ({len(names)})" for part, names in self._parts.items())
            cure = "add pairs of other scenes, or sort them into train/, val/ and test/"
            raise UserError(f"{self._root} has pairs for {present}, but none for {split}: {cure}.")
        if split not in self._images:
            self._images[split] = self._open({name: self._files[name] for name in self._parts[split]})
        return self._images[split]

    def _open(self, files: dict[str, list[Path]]) -> ImageFiles:
        if self._check:
            found = decode_all(files, self._skip_bad)
        else:
            found = {name: list(map(image_size, pair)) for name, pair in files.items()}
        sizes = {name: _common_size(files[name], pair) for name, pair in found.items()}
        sharp, blurred = (ImageFiles({name: files[name][side] for name in sizes}, sizes) for side in (1, 0))
        sharp.blurred = blurred
        return sharp


def _common_size(files: list[Path], sizes: list[Size]) -> Size:
    (height, width), (other_height, other_width) = sizes
    if sizes[0] != sizes[1]:
        described = f"{files[0]} has {height}x{width} pixels and {files[1]} {other_height}x{other_width}"
        raise UserError(f"{described}: replace or remove it, since a pair must be of one size.")
    return sizes[0]


def _match_pairs(root: Path, blurred: str, sharp: str) -> dict[str, list[Path]]:
    """The blurred and the sharp file of each pair below ``root``, by the pair's name and in the order of names.

    A side's folders are called ``blurred`` or ``sharp``, or have a split's name before that, as in val_blur. Images
    elsewhere are left out with a warning, as are those of a split in which nothing has a partner, such as REDS's
    test_blur.

    Raises:
        UserError: there are none, or a file has no partner or more than one.
    """
    sides: _Sides = {blurred: {}, sharp: {}}
    names = image_names(root, root)
    for path in map(PurePosixPath, names):
        if (found := _side_and_name(path, sides)) is not None:
            side, key = found
            sides[side].setdefault(key, []).append(str(path))
    if not all(sides.values()) or blurred == sharp:
        places = f"{_place(blurred)} and {_place(sharp)}" if blurred != sharp else f"two folders {blurred}"
        raise UserError(f"{root} has no images in {places}: set blurred and sharp to what they are called.")
    keys = _with_partners(sides[blurred], sides[sharp])
    files = {key: (_only(root, key, sides, blurred), _only(root, key, sides, sharp)) for key in keys}
    used = {path for pair in files.values() for path in pair}
    cure = f"a pair needs an image in {_place(blurred)} and one in {_place(sharp)}"
    warn_of_unused(root, [name for name in names if name not in used], sorted(used), cure)
    return {key + PurePosixPath(pair[0]).suffix: [root / path for path in pair] for key, pair in files.items()}


def _place(side: str) -> str:
    """Where a side's images are, in words."""
    return f"files named {side}" if ID in side else f"a folder {side}"


def _side_and_name(path: PurePosixPath, sides: _Sides) -> tuple[str, str] | None:
    """The side that a file belongs to and the name of its pair; None if it belongs to neither."""
    if any(ID in side for side in sides):
        return _by_pattern(path, sides)
    # the outermost such folder decides: the output of synthesize for a folder of pairs has such folders twice
    for depth, folder in enumerate(path.parts[:-1]):
        name = PurePosixPath(*path.parts[:depth], *path.parts[depth + 1 :]).with_suffix("")
        if folder in sides:
            return folder, str(name)
        for split in SPLITS:
            if (side := folder.removeprefix(f"{split}_")) in sides and side != folder:
                return side, str(name if split in path.parts[:depth] else split / name)
    return None


def _by_pattern(path: PurePosixPath, sides: _Sides) -> tuple[str, str] | None:
    """As ``_side_and_name``; of two patterns that fit, the one with more letters counts."""
    for pattern in sorted(sides, key=len, reverse=True):
        count = pattern.count("/") + 1
        letters = re.escape(pattern).replace(re.escape(ID), "([^/]+)", 1).replace(re.escape(ID), r"\1")
        for end in (path.with_suffix(""), path):
            if found := re.fullmatch(letters, str(PurePosixPath(*end.parts[-count:]))):
                return pattern, str(PurePosixPath(*path.parts[:-count], found[1]))
    return None


def _with_partners(blurred: Mapping[str, object], sharp: Mapping[str, object]) -> list[str]:
    """The names of all pairs, sorted, without the splits of which one side is wholly missing."""
    both = {_split_of(key) for key in blurred.keys() & sharp.keys()} | {None}
    names = sorted(blurred.keys() | sharp.keys())
    return [name for name in names if _split_of(name) in both] or names


def _only(root: Path, key: str, sides: _Sides, side: str) -> str:
    """The one file of ``side`` that belongs to the pair ``key``."""
    files = sides[side].get(key, [])
    if not files:
        partner = next(found[key][0] for found in sides.values() if key in found)
        raise UserError(f"{root / partner} has no partner in {_place(side)}: add the image there, or remove this one.")
    if len(files) > 1:
        raise UserError(f"{root / files[0]} and {files[1]} could both belong to the pair {key}: remove one of them.")
    return files[0]


def _split_pairs(root: Path, names: list[str]) -> dict[Split, list[str]]:
    """The names of pairs by split, whole scenes each; a split without pairs is left out."""
    found: dict[Split, list[str]] = {split: [name for name in names if _split_of(name) == split] for split in SPLITS}
    parts = {split: chosen for split, chosen in found.items() if chosen}
    if not parts:
        scenes = _scenes(root, names)
        return split_scenes(scenes, hash_split) if len(scenes) > 2 else {"test": names}
    used = [name for chosen in parts.values() for name in chosen]
    cure = "the others are split by their folders: sort these pairs into train/, val/ or test/"
    warn_of_unused(root, [name for name in names if _split_of(name) is None], used, cure)
    _add_validation(root, parts)
    return parts


def _add_validation(root: Path, parts: dict[Split, list[str]]) -> None:
    """Take a tenth of the training pairs, whole scenes, where there are none for validation."""
    if "train" in parts and "val" not in parts:
        parts |= split_scenes(_scenes(root, parts["train"]), cut_validation)


def _split_of(name: str) -> Split | None:
    """The split that the outermost folder of that name stands for."""
    folders = PurePosixPath(name).parts[:-1]
    return next((split for folder in folders for split in SPLITS if folder == split), None)


def _scenes(root: Path, names: list[str]) -> dict[str, list[str]]:
    """Names by the folder they lie in, or, where that is the root's or a split's, by their own numbering."""
    scenes: dict[str, list[str]] = {}
    roots = {folder for folder in (str(PurePosixPath(name).parent) for name in names) if _is_root(folder)}
    for name in names:
        folder = str(PurePosixPath(name).parent)
        scenes.setdefault("" if folder in roots else folder, []).append(name)
    flat = group_by_scene(scenes.pop("", []), roots)
    # a single group of numbered names says nothing of scenes, unless folders do
    return scenes | keep_scenes(root, flat, least=1 if scenes else 2)


def _is_root(folder: str) -> bool:
    """Whether ``folder`` is the root or a split's folder, such as ``gopro/train``, and so no scene."""
    return PurePosixPath(folder).name in ("", *SPLITS)
