"""Partial files and temporary folders: locked while their process lives, removed by a later one if it was killed."""

import fcntl
import os
import re
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

_PARTIAL = re.compile(r"\.[0-9a-f]{32}\.partial")
_seen: set[Path] = set()
_looking = threading.Lock()


@contextmanager
def partial_beside(target: Path) -> Iterator[BinaryIO]:
    """An empty file in the folder of ``target``, removed in the end if it has not been given another name.

    The first in a folder removes those that killed processes have left there.

    Raises:
        OSError: there is no room, or no right to.
    """
    _clear_once(target.parent)
    file = _locked_file(target.parent)
    try:
        yield file
    finally:
        with suppress(OSError):  # gone under its new name
            os.unlink(file.name)
        with suppress(OSError):  # a full disk is told where the file is flushed
            file.close()


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the lock of a file or folder that exists; waits for a process that holds it.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A folder for this process alone, removed in the end; those of killed processes are removed at once.

    Args:
        prefix: what its name begins with, used for nothing else.

    Raises:
        OSError: there is no room, or no right to.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        _remove_if_dead(left)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
        descriptor = os.open(folder, os.O_RDONLY)
        _lock(descriptor)
        if folder.exists():  # else another process has found it before it was locked
            break
        os.close(descriptor)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def clear_partials(folder: Path) -> None:
    """Remove this user's partial files of killed processes; those of living ones stay."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _PARTIAL.fullmatch(entry.name):
                _remove_if_dead(Path(entry.path))


def _clear_once(folder: Path) -> None:
    place = folder.absolute()
    with _looking:
        if place not in _seen:
            _seen.add(place)
            clear_partials(place)


def _locked_file(folder: Path) -> BinaryIO:
    while True:
        file = (folder / f".{uuid4().hex}.partial").open("xb")
        _lock(file.fileno())
        if os.path.exists(file.name):  # else another process has found it before it was locked
            return file
        file.close()


def _remove_if_dead(path: Path) -> None:
    """Remove a file or folder of this user's that no process holds."""
    with suppress(OSError):
        found = path.lstat()
        folder = stat.S_ISDIR(found.st_mode)
        if found.st_uid != os.getuid() or not (folder or stat.S_ISREG(found.st_mode)):
            return
        descriptor = os.open(path, (os.O_RDONLY if folder else os.O_RDWR) | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if _lock(descriptor, wait=False):
                shutil.rmtree(path) if folder else path.unlink()
        finally:
            os.close(descriptor)


def _lock(descriptor: int, wait: bool = True) -> bool:
    """Lock an open file or folder until it is closed, or say that it cannot be: it is held, or locks are unknown."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
