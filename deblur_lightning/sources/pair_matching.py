"""Finds the pairs of files below a folder, and the split of each pair."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import Split
from deblur_lightning.sources.files import image_names
from deblur_lightning.sources.scenes import by_scene, warn_of_scenes
from deblur_lightning.sources.splits import SPLITS, cut_validation, hash_split, split_scenes
from deblur_lightning.sources.unused_files import warn_left_out

_Sides = dict[str, dict[str, list[str]]]
"""By the name of a side's folders, by a pair's name without suffix, the files; there should be one each."""


class Pair(NamedTuple):
    """One image, twice."""

    name: str
    blurred: Path
    sharp: Path


def match_pairs(root: Path, blurred: str, sharp: str) -> dict[str, Pair]:
    """All pairs below ``root``, by name and in the order of their names.

    A side's folders are called ``blurred`` or ``sharp``, or so behind a split's name, as in val_blur. Images elsewhere
    are left out after a warning, as are those of a split in which nothing has a partner: REDS's test_blur for one.

    Raises:
        UserError: there are none, or a file has no partner or more than one.
    """
    sides: _Sides = {blurred: {}, sharp: {}}
    names = image_names(root, root)
    for path in map(PurePosixPath, names):
        if (found := _place(path, sides)) is not None:
            side, key = found
            sides[side].setdefault(key, []).append(str(path))
    if not all(sides.values()) or blurred == sharp:
        folders = f"a folder {blurred} and a folder {sharp}" if blurred != sharp else f"two folders {blurred}"
        raise UserError(f"{root} has no images in {folders}; set blurred and sharp to what they are called")
    keys = _with_partners(sides[blurred], sides[sharp])
    files = {key: (_only(root, key, sides, blurred), _only(root, key, sides, sharp)) for key in keys}
    used = {path for pair in files.values() for path in pair}
    cure = f"a pair needs an image in a folder {blurred} and one in a folder {sharp}"
    warn_left_out(root, [name for name in names if name not in used], sorted(used), cure)
    pairs = {}
    for key, (one, other) in files.items():
        name = key + PurePosixPath(one).suffix
        pairs[name] = Pair(name, root / one, root / other)
    return pairs


def _place(path: PurePosixPath, sides: _Sides) -> tuple[str, str] | None:
    """The side on which a file lies and the name of its pair; None if it lies on neither."""
    # the outermost such folder decides: what synthesize makes of a folder of pairs has them twice
    for place, folder in enumerate(path.parts[:-1]):
        name = PurePosixPath(*path.parts[:place], *path.parts[place + 1 :]).with_suffix("")
        if folder in sides:
            return folder, str(name)
        for split in SPLITS:
            if (side := folder.removeprefix(f"{split}_")) in sides and side != folder:
                return side, str(name if split in path.parts[:place] else split / name)
    return None


def _with_partners(blurred: Mapping[str, object], sharp: Mapping[str, object]) -> list[str]:
    """The names of all pairs, sorted, but for those of splits of which one side is wholly missing."""
    both = {_part(key) for key in blurred.keys() & sharp.keys()} | {None}
    names = sorted(blurred.keys() | sharp.keys())
    return [name for name in names if _part(name) in both] or names


def _only(root: Path, key: str, sides: _Sides, side: str) -> str:
    """The one file of ``side`` that ``key`` stands for."""
    files = sides[side].get(key, [])
    if not files:
        partner = next(found[key][0] for found in sides.values() if key in found)
        raise UserError(f"{root / partner} has no partner in a folder {side}; add the image there, or remove this one")
    if len(files) > 1:
        raise UserError(f"{root / files[0]} and {files[1]} could both belong to the pair {key}; remove one of them")
    return files[0]


def split_pairs(root: Path, names: list[str]) -> dict[Split, list[str]]:
    """The names of pairs by split, whole scenes each; a split that would be empty is left out."""
    found: dict[Split, list[str]] = {split: [name for name in names if _part(name) == split] for split in SPLITS}
    parts = {split: chosen for split, chosen in found.items() if chosen}
    if not parts:
        scenes = _scenes(root, names)
        return split_scenes(scenes, hash_split(list(scenes))) if len(scenes) > 2 else {"test": names}
    used = [name for chosen in parts.values() for name in chosen]
    cure = "the others are split by their folders: sort these pairs into train/, val/ or test/"
    warn_left_out(root, [name for name in names if _part(name) is None], used, cure)
    if "train" in parts and "val" not in parts:
        scenes = _scenes(root, parts["train"])
        parts |= split_scenes(scenes, cut_validation(list(scenes)))
    return parts


def _part(name: str) -> Split | None:
    """The split that the outermost folder called like one tells."""
    folders = PurePosixPath(name).parts[:-1]
    return next((split for folder in folders for split in SPLITS if folder == split), None)


def _scenes(root: Path, names: list[str]) -> dict[str, list[str]]:
    """Names by the folder they lie in, or, where that is but the root or a split's, by what they tell themselves."""
    scenes: dict[str, list[str]] = {}
    roots = {folder for folder in (str(PurePosixPath(name).parent) for name in names) if _is_root(folder)}
    for name in names:
        folder = str(PurePosixPath(name).parent)
        scenes.setdefault("" if folder in roots else folder, []).append(name)
    flat = by_scene(scenes.pop("", []), roots)
    # names that all share what is before their number tell nothing of scenes, unless folders do
    return scenes | warn_of_scenes(root, flat, least=1 if scenes else 2)


def _is_root(folder: str) -> bool:
    """Whether it is the root's or a split's own folder, ``gopro/train`` too, and so no scene's."""
    return PurePosixPath(folder).name in ("", *SPLITS)
