"""Image files below a folder, and a dataset of them."""

import json
import os
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn, final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import IMAGE_SUFFIXES, image_size, read_rgb
from deblur_lightning.sources.base import SharpImages


@final
class ImageFiles(SharpImages):
    """The images of some files, each named by its path below one folder."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
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


def existing_folder(root: str | Path) -> Path:
    """``root`` as a path, a leading "~" replaced by the home folder.

    Raises:
        UserError: it does not exist, or is a file.
    """
    folder = Path(root).expanduser()
    if not folder.exists():
        raise UserError(f"the image folder {folder} does not exist; check its path")
    if not folder.is_dir():
        raise UserError(f"{folder} is a file where a folder of images is wanted; give the folder it lies in")
    return folder


def image_names(
    root: Path,
    folder: Path,
    suffixes: Sequence[str] = IMAGE_SUFFIXES,
    broken_links: bool = False,
    without: Path | None = None,
) -> list[str]:
    """The images in ``folder`` and below it, as sorted paths relative to ``root``.

    Hidden files and what lies behind a link to a folder are left out.

    Args:
        root: what the paths are relative to.
        folder: where to look, ``root`` or below it.
        suffixes: in lower case, what the names of images end in.
        broken_links: whether links to what does not exist, pipes and devices count, for the caller to complain of.
        without: a folder that is not looked into.

    Raises:
        UserError: there is none, or a folder cannot be listed.
    """
    files = _visible_files(folder, broken_links, os.path.realpath(without) if without else None)
    images = [file for file in files if file.suffix.lower() in suffixes]
    if not files:
        raise UserError(f"the image folder {folder} is empty; put images into it, or give another")
    if not images:
        wanted = f"none of its {len(files)} files ends in {', '.join(suffixes)}"
        raise UserError(f"{folder} holds no image ({wanted}); convert them, or give another folder")
    return sorted(file.relative_to(root).as_posix() for file in images)


def images_beside(root: Path, folders: Collection[str]) -> list[str]:
    """The images below ``root`` that lie in none of its ``folders``, as sorted paths relative to it.

    Folders that cannot be listed are passed over: nothing in them is asked for.
    """
    files = _visible_files(root, broken_links=False, without=None, refuse=False)
    names = (file.relative_to(root) for file in files if file.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(name.as_posix() for name in names if not any(name.is_relative_to(folder) for folder in folders))


def download_command(name: str, root: str | Path) -> str:
    """What to type to have torchvision fetch its set ``name`` into ``root``, whatever characters that has."""
    program = f"from torchvision.datasets import {name}; {name}({json.dumps(str(root))}, download=True)"
    return shlex.join(["python", "-c", program])


def _visible_files(folder: Path, broken_links: bool, without: str | None, refuse: bool = True) -> list[Path]:
    found: list[Path] = []
    for parent, subfolders, names in os.walk(folder, onerror=_refused if refuse else None):
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".") and not (without and os.path.realpath(os.path.join(parent, name)) == without)
        ]
        paths = (Path(parent, name) for name in names if not name.startswith("."))
        found.extend(path for path in paths if broken_links or path.is_file())
    return found


def _refused(error: OSError) -> NoReturn:
    raise UserError(f"cannot list {error.filename}: {error.strerror}; check who may read it") from error
