"""Photographs that exist both blurred and sharp, in folders side by side."""

from pathlib import Path
from typing import final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import image_size, read_rgb
from deblur_lightning.sources.base import PairedImages, Source, Split
from deblur_lightning.sources.files import existing_folder
from deblur_lightning.sources.pair_matching import Pair, match_pairs, split_pairs
from deblur_lightning.sources.validation import readable_names


@final
class PairedFolder(Source):
    """Pairs of image files whose paths differ in one folder: "blur" for the one, "sharp" for the other.

    A pair is named by its blurred file's path without that folder; suffixes may differ. This reads GOPRO_Large
    (train/SCENE/blur/000047.png), REDS (train/train_blur/SCENE/00000047.png), two flat folders (blur/, sharp/), and
    what ``deblur synthesize`` writes (blurred/train/NAME.png). Images elsewhere, in blur_gamma/ for one, are left out,
    after a warning.

    Pairs below a folder train/, val/ or test/ are split by it, and others then left out, after a warning; where none is
    for validation, a tenth of the training pairs is. Without such folders they are split by ``hash_split``. Either way
    the frames of a scene stay together, since neighbours look alike: a scene is a folder, or what the names in one tell
    without the number at their end (see ``by_scene``). Pairs of fewer than three scenes are all for testing.
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
        self._pairs = match_pairs(self._root, blurred, sharp)
        self._parts = split_pairs(self._root, list(self._pairs))
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
        return readable_names(files, self._skip_bad) if self._check else list(files)


@final
class _PairedFiles(PairedImages):
    def __init__(self, pairs: list[Pair]) -> None:
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


def _common_size(pair: Pair) -> tuple[int, int]:
    blurred, sharp = image_size(pair.blurred), image_size(pair.sharp)
    if blurred != sharp:
        (height, width), (other_height, other_width) = blurred, sharp
        sizes = f"{pair.blurred} has {height}x{width} pixels and {pair.sharp} {other_height}x{other_width}"
        raise UserError(f"{sizes}; a pair must be of one size: replace or remove it")
    return blurred
