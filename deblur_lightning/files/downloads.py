"""Fetches files: what has come stays after an interruption, and only what has the expected checksum gets its name.

``torch.hub`` and torchvision begin again after each interruption; sets of gigabytes need to go on.
"""

import hashlib
import http.client
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import make_folder

CHUNK = 2**20
SECONDS = 30.0
"""How long a server may send nothing."""


@dataclass(frozen=True)
class Download:
    """A file that can be fetched.

    Attributes:
        name: its name on disk.
        urls: where it lies, the preferred place first.
        md5: its checksum, 32 hexadecimal digits.
        size: its number of bytes.
    """

    name: str
    urls: tuple[str, ...]
    md5: str
    size: int

    def is_in(self, folder: Path) -> bool:
        """Whether the whole file lies in ``folder``."""
        path = folder / self.name
        return path.is_file() and path.stat().st_size == self.size and md5_of(path) == self.md5


def check_space(downloads: Sequence[Download], folder: Path, unpacked: int) -> None:
    """Refuse to begin where the disk is too small.

    Args:
        downloads: what is to be fetched.
        folder: where to; it need not exist yet.
        unpacked: the bytes that unpacking takes.

    Raises:
        UserError: there is too little room for what is not there yet.
    """
    missing = [download for download in downloads if not (folder / download.name).is_file()]
    begun = sum(_length(_partial(folder / download.name)) for download in missing)
    needed = sum(download.size for download in missing) - begun + unpacked
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise UserError(f"{folder} has room for {free / 1e9:.1f} GB, and {needed / 1e9:.1f} GB are needed: make room.")


def fetch(download: Download, folder: Path, progress: Callable[[int], None] = lambda _: None) -> None:
    """Fetch a file into ``folder``, unless it is there; goes on where an earlier attempt was cut off.

    Args:
        download: which file.
        folder: is made if need be.
        progress: is called with the number of bytes that are there.

    Raises:
        UserError: no place gives the file; what has come stays, so that the same command goes on. Or what came is
            another file, which is removed.
    """
    if download.is_in(folder):
        return
    make_folder(folder)
    path, told = folder / download.name, "the connection was cut"
    partial = _partial(path)
    for url in download.urls:
        try:
            while _length(partial) < download.size and _get_more(url, partial, download.size, progress):
                pass
        except (OSError, http.client.HTTPException) as error:
            told = _reason(error)
        if _length(partial) >= download.size:
            break
    else:
        come = f"{_length(partial) / 1e6:.1f} of {download.size / 1e6:.1f} MB have come"
        raise UserError(f"{download.urls[0]} cannot be fetched ({told}); {come}: the same command goes on from there.")
    if md5_of(partial) != download.md5:
        partial.unlink()
        raise UserError(f"{download.urls[0]} gave another file than {download.name} (checksum): it was removed.")
    partial.replace(path)


def md5_of(path: Path) -> str:
    """The checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _get_more(url: str, partial: Path, size: int, progress: Callable[[int], None]) -> bool:
    """Append what the server sends of the rest, or begin anew if it cannot go on; returns whether more is there now."""
    begun = _length(partial)
    request = Request(url, headers={"Range": f"bytes={begun}-", "User-Agent": "deblur_lightning"})
    with urlopen(request, timeout=SECONDS) as answer:  # of a catalogue, or of a test's
        continues = answer.status == http.client.PARTIAL_CONTENT
        with partial.open("ab" if continues else "wb") as file:
            while chunk := answer.read1(CHUNK):
                file.write(chunk)
                progress(file.tell())
                if file.tell() > size:  # another file, of any length
                    break
    return _length(partial) > begun


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"{error.code} {error.reason}"
    if isinstance(error, URLError):
        return str(getattr(error.reason, "strerror", None) or error.reason)
    return str(error) or type(error).__name__
