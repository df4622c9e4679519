"""Photographs that exist both blurred and sharp, in folders side by side."""

from pathlib import Path, PurePosixPath
from typing import NamedTuple, final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.imagefiles import image_size, read_rgb
from deblur_lightning.sources.base import PairedImages, Source, Split
from deblur_lightning.sources.files import existing_folder, image_names
from deblur_lightning.sources.soundness import sound_names
from deblur_lightning.sources.splitting import SPLITS, cut_validation, hash_split

_Side = dict[str, list[PurePosixPath]]
"""By name without suffix, the files of one side; there should be one each."""


class _Pair(NamedTuple):
    name: str
    blurred: Path
    sharp: Path


@final
class PairedFolder(Source):
    """Pairs of image files whose paths differ in one folder: "blur" for the one, "sharp" for the other.

    A pair is named by its blurred file's path without that folder; suffixes may differ. This reads GOPRO_Large
    (train/SCENE/blur/000047.png), two flat folders (blur/, sharp/), and what ``deblur synthesize`` writes
    (blurred/train/NAME.png). Images elsewhere, in blur_gamma/ for one, are left out.

    Names that begin with train/, val/ or test/ are split by it; where none is for validation, a tenth of the
    training pairs is. Others are split by ``hash_split``. Either way the frames of a scene, that is of one folder,
    stay together, since neighbours look alike. Pairs of fewer than three scenes are all for testing.
    """

    def __init__(
        self,
        root: str | Path,
        blurred: str = "blur",
        sharp: str = "sharp",
        skip_bad: bool = False,
        check: bool = True,
    ) -> None:
        """Match the files below ``root``.

        Args:
            root: the folder that holds all of them; a leading "~" is the home folder.
            blurred: the name of the folders with blurred images.
            sharp: the name of the folders with sharp images.
            skip_bad: whether pairs that cannot be decoded are left out, after a warning; else they are refused.
            check: whether to look for them beforehand, which takes a large set some minutes.

        Raises:
            UserError: ``root`` holds no pairs, or a file has no partner or more than one.
        """
        self._root = existing_folder(root)
        self._pairs = _matched(self._root, blurred, sharp)
        self._parts = _split(list(self._pairs))
        self._skip_bad = skip_bad
        self._check = check
        self._sound: dict[Split, list[str]] = {}

    def split(self, split: Split) -> PairedImages:
        """The pairs of ``split``, sorted by name.

        Raises:
            UserError: there are none, an image cannot be decoded, or the two images of one differ in size.
        """
        if split not in self._sound:
            self._sound[split] = self._checked(split)
        return _PairedFiles([self._pairs[name] for name in self._sound[split]])

    def _checked(self, split: Split) -> list[str]:
        if split not in self._parts:
            present = " and ".join(f"{part} ({len(names)})" for part, names in self._parts.items())
            cure = "add pairs of other scenes, or sort them into train/, val/ and test/"
            raise UserError(f"{self._root} has pairs for {present}, but none for {split}; {cure}")
        files = {name: [self._pairs[name].blurred, self._pairs[name].sharp] for name in self._parts[split]}
        return sound_names(files, self._skip_bad) if self._check else list(files)


@final
class _PairedFiles(PairedImages):
    def __init__(self, pairs: list[_Pair]) -> None:
        self._pairs = pairs
        self._sizes = [_common_size(pair) for pair in pairs]

    def __len__(self) -> int:
        return len(self._pairs)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return read_rgb(self._pairs[index].sharp)

    def blurred(self, index: int) -> Tensor:
        return read_rgb(self._pairs[index].blurred)

    def name(self, index: int) -> str:
        return self._pairs[index].name

    def size(self, index: int) -> tuple[int, int]:
        return self._sizes[index]


def _common_size(pair: _Pair) -> tuple[int, int]:
    blurred, sharp = image_size(pair.blurred), image_size(pair.sharp)
    if blurred != sharp:
        (height, width), (other_height, other_width) = blurred, sharp
        sizes = f"{pair.blurred} has {height}x{width} pixels and {pair.sharp} {other_height}x{other_width}"
        raise UserError(f"{sizes}; a pair must be of one size: replace or remove it")
    return blurred


def _matched(root: Path, blurred: str, sharp: str) -> dict[str, _Pair]:
    """All pairs below ``root``, by name and in the order of their names."""
    sides: dict[str, _Side] = {blurred: {}, sharp: {}}
    for path in map(PurePosixPath, image_names(root, root)):
        # the outermost such folder decides: what synthesize makes of a folder of pairs has them twice
        place = next((i for i, folder in enumerate(path.parts[:-1]) if folder in sides), None)
        if place is not None:
            name = PurePosixPath(*path.parts[:place], *path.parts[place + 1 :])
            sides[path.parts[place]].setdefault(str(name.with_suffix("")), []).append(path)
    if not all(sides.values()) or blurred == sharp:
        folders = f"a folder {blurred} and a folder {sharp}" if blurred != sharp else f"two folders {blurred}"
        raise UserError(f"{root} has no images in {folders}; set blurred and sharp to what they are called")
    pairs = {}
    for key in sorted({*sides[blurred], *sides[sharp]}):
        one, other = _only(root, key, sides, blurred), _only(root, key, sides, sharp)
        pairs[key + one.suffix] = _Pair(key + one.suffix, root / one, root / other)
    return pairs


def _only(root: Path, key: str, sides: dict[str, _Side], side: str) -> PurePosixPath:
    """The one file of ``side`` that ``key`` stands for."""
    files = sides[side].get(key, [])
    if not files:
        partner = next(found[key][0] for found in sides.values() if key in found)
        raise UserError(f"{root / partner} has no partner in a folder {side}; add the image there, or remove this one")
    if len(files) > 1:
        raise UserError(f"{root / files[0]} and {files[1]} could both belong to the pair {key}; remove one of them")
    return files[0]


def _split(names: list[str]) -> dict[Split, list[str]]:
    """Share out the pairs; a split that would be empty is left out."""
    found: dict[Split, list[str]] = {
        split: [name for name in names if name.startswith(f"{split}/")] for split in SPLITS
    }
    parts = {split: chosen for split, chosen in found.items() if chosen}
    if not parts:
        scenes = _by_scene(names)
        return _joined(hash_split(list(scenes)), scenes) if len(scenes) > 2 else {"test": names}
    if "train" in parts and "val" not in parts:
        scenes = _by_scene(parts["train"])
        parts |= _joined(cut_validation(list(scenes)), scenes)
    return parts


def _by_scene(names: list[str]) -> dict[str, list[str]]:
    """Names by the folder they lie in; one that lies in none, but its split's, is a scene of its own."""
    scenes: dict[str, list[str]] = {}
    for name in names:
        folder = str(PurePosixPath(name).parent)
        scenes.setdefault(name if folder in (".", *SPLITS) else folder, []).append(name)
    return scenes


def _joined(split: dict[Split, list[str]], scenes: dict[str, list[str]]) -> dict[Split, list[str]]:
    """Each split's pairs, sorted; a split without scenes is left out."""
    return {
        part: sorted(name for scene in chosen for name in scenes[scene]) for part, chosen in split.items() if chosen
    }
