"""Any folder of images, split by its subfolders or by a hash of the file names."""

import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NoReturn, final, get_args

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.imagefiles import IMAGE_SUFFIXES, image_size, read_rgb
from deblur_lightning.sources.base import SharpImages, Source, Split

_SPLITS: tuple[Split, ...] = get_args(Split)


@final
class Folder(Source):
    """The images in a folder and below it, each named by its path below that folder.

    A folder with subfolders "train", "val" or "test" is split by them. Any other is split by ``hash_split``.
    Hidden files, broken links, and what lies behind a link to a folder are left out.
    """

    def __init__(self, root: str | Path) -> None:
        """Look at what ``root`` holds.

        Args:
            root: the folder; a leading "~" is the home folder.

        Raises:
            UserError: ``root`` is no folder, or has neither such subfolders nor three images.
        """
        self._root = _checked(Path(root).expanduser())
        self._subfolders = tuple(split for split in _SPLITS if (self._root / split).is_dir())
        self._hashed: dict[Split, list[str]] = {}
        if not self._subfolders:
            names = _image_names(self._root, self._root)
            if len(names) < 3:
                cure = "add images, or sort them into subfolders train, val and test"
                raise UserError(f"{self._root} holds {len(names)} of the 3 images that a split needs; {cure}")
            self._hashed = hash_split(names)

    def split(self, split: Split) -> SharpImages:
        """The images of ``split``, sorted by name.

        Raises:
            UserError: the root has subfolders for other splits, but none, or an empty one, for this.
        """
        if not self._subfolders:
            return _FolderImages(self._root, self._hashed[split])
        if split not in self._subfolders:
            present = " and ".join(f"{name}/" for name in self._subfolders)
            cure = f"add {split}/, or give {present} other names to have all images split by a hash"
            raise UserError(f"{self._root} has {present} but no {split}/; {cure}")
        return _FolderImages(self._root, _image_names(self._root, self._root / split))


def hash_split(names: Sequence[str]) -> dict[Split, list[str]]:
    """Split at least three file names, about 80/10/10, by a hash of each.

    An image stays in its split when others are added or removed, so that none which a model has trained on
    turns up in a later test. The exception: an empty split is given the image with the nearest hash, and may
    hand it back once the folder has grown. Beyond fifty images that hardly ever happens.

    Args:
        names: distinct, in any order.

    Returns:
        For each split its names, sorted; none is empty.
    """
    position = {name: _unit_hash(name) for name in names}
    ranked = sorted(names, key=lambda name: (position[name], name))
    tests = sum(value < 0.1 for value in position.values())
    tests = min(max(tests, 1), len(ranked) - 2)
    held_out = sum(value < 0.2 for value in position.values())
    held_out = min(max(held_out, tests + 1), len(ranked) - 1)
    return {
        "train": sorted(ranked[held_out:]),
        "val": sorted(ranked[tests:held_out]),
        "test": sorted(ranked[:tests]),
    }


@final
class _FolderImages(SharpImages):
    def __init__(self, root: Path, names: list[str]) -> None:
        self._root = root
        self._names = names
        self._sizes: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._names)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return read_rgb(self._root / self._names[index])

    def name(self, index: int) -> str:
        return self._names[index]

    def size(self, index: int) -> tuple[int, int]:
        if index not in self._sizes:
            self._sizes[index] = image_size(self._root / self._names[index])
        return self._sizes[index]


def _checked(root: Path) -> Path:
    if not root.exists():
        raise UserError(f"the image folder {root} does not exist; check its path")
    if not root.is_dir():
        raise UserError(f"{root} is a file where a folder of images is wanted; give the folder it lies in")
    return root


def _image_names(root: Path, folder: Path) -> list[str]:
    """The images in ``folder`` and below it, as sorted paths relative to ``root``."""
    files = _visible_files(folder)
    images = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    if not files:
        raise UserError(f"the image folder {folder} is empty; put images into it, or give another")
    if not images:
        wanted = f"none of its {len(files)} files ends in {', '.join(IMAGE_SUFFIXES)}"
        raise UserError(f"{folder} holds no image ({wanted}); convert them, or give another folder")
    return sorted(file.relative_to(root).as_posix() for file in images)


def _visible_files(folder: Path) -> list[Path]:
    """All files in ``folder`` and below it, without hidden ones and links that lead nowhere."""
    found: list[Path] = []
    for parent, subfolders, names in os.walk(folder, onerror=_refused):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        paths = (Path(parent, name) for name in names if not name.startswith("."))
        found.extend(path for path in paths if path.is_file())
    return found


def _refused(error: OSError) -> NoReturn:
    raise UserError(f"cannot list {error.filename}: {error.strerror}; check who may read it") from error


def _unit_hash(name: str) -> float:
    """A number in [0, 1) that depends on nothing but ``name``."""
    digest = blake2b(name.encode(errors="surrogateescape"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
