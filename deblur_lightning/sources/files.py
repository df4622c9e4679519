"""Lists the image files below a folder; a dataset of them."""

import os
import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn, final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import IMAGE_SUFFIXES, image_size, read_rgb
from deblur_lightning.sources.base import SharpImages


@final
class ImageFiles(SharpImages):
    """The images of some files, decoded when they are asked for.

    Args:
        files: by the name of an image, its path.
        sizes: by name, height and width in pixels as far as they are known; else they are read from the file's header.
    """

    def __init__(self, files: Mapping[str, Path], sizes: Mapping[str, tuple[int, int]] = MappingProxyType({})) -> None:
        self._names = list(files)
        self._paths = [str(path) for path in files.values()]  # lighter than Path to send to loader processes
        self._sizes = dict(sizes)

    def __len__(self) -> int:
        return len(self._names)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return read_rgb(self._paths[index])

    def name(self, index: int) -> str:
        return self._names[index]

    def size(self, index: int) -> tuple[int, int]:
        name = self._names[index]
        if name not in self._sizes:
            self._sizes[name] = image_size(self._paths[index])
        return self._sizes[name]


def existing_folder(root: str | Path) -> Path:
    """``root`` as a path, a leading "~" replaced by the home folder.

    Raises:
        UserError: it does not exist, or is a file.
    """
    folder = Path(root).expanduser()
    if not folder.exists():
        raise UserError(f"the image folder {folder} does not exist: check its path.")
    if not folder.is_dir():
        raise UserError(f"{folder} is a file, not a folder of images: give the folder it lies in.")
    return folder


def image_names(
    root: Path,
    folder: Path,
    suffixes: Sequence[str] = IMAGE_SUFFIXES,
    broken_links: bool = False,
    without: Path | None = None,
) -> list[str]:
    """The images in ``folder`` and below it, as sorted paths relative to ``root``.

    Hidden files are left out, and so is what lies behind a link to a folder.

    Args:
        root: what the paths are relative to.
        folder: where to look, ``root`` or below it.
        suffixes: in lower case, what the names of images end in.
        broken_links: whether to list broken links, pipes and devices too, so that the caller can name them.
        without: a folder to leave out.

    Raises:
        UserError: there is none, or a folder cannot be listed.
    """
    files = _visible_files(folder, broken_links, os.path.realpath(without) if without else None)
    images = [file for file in files if file.suffix.lower() in suffixes]
    if not files:
        raise UserError(f"the image folder {folder} is empty: put images into it, or give another.")
    if not images:
        wanted = f"none of its {len(files)} files ends in {', '.join(suffixes)}"
        raise UserError(f"{folder} holds no image ({wanted}): convert them, or give another folder.")
    return sorted(file.relative_to(root).as_posix() for file in images)


def other_suffixes(folder: Path, suffixes: Sequence[str], without: Path | None = None) -> list[str]:
    """In lower case, what those files in ``folder`` end in that ``image_names`` takes for no images."""
    files = _visible_files(folder, False, os.path.realpath(without) if without else None)
    return [file.suffix.lower() for file in files if file.suffix.lower() not in suffixes]


def images_outside(root: Path, folders: Collection[str]) -> list[str]:
    """The images below ``root`` that lie in none of its ``folders``, as sorted paths relative to it.

    Folders that cannot be listed are skipped, since nothing in them is needed.
    """
    files = _visible_files(root, broken_links=False, without=None, refuse=False)
    names = (file.relative_to(root) for file in files if file.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(name.as_posix() for name in names if not any(name.is_relative_to(folder) for folder in folders))


def download_command(name: str, root: str | Path) -> str:
    """The shell command that fetches the set ``name`` of ``deblur data`` into ``root``, whose name is quoted."""
    return shlex.join(["deblur", "data", name, f"--root={root}"])


def _visible_files(folder: Path, broken_links: bool, without: str | None, refuse: bool = True) -> list[Path]:
    found: list[Path] = []
    for parent, subfolders, names in os.walk(folder, onerror=_refuse if refuse else None):
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".") and not (without and os.path.realpath(os.path.join(parent, name)) == without)
        ]
        paths = (Path(parent, name) for name in names if not name.startswith("."))
        found.extend(path for path in paths if broken_links or path.is_file())
    return found


def _refuse(error: OSError) -> NoReturn:
    raise UserError(f"cannot list {error.filename} ({error.strerror}): check who may read it.") from error
