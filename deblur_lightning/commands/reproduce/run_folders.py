"""Locks a run's folder for one process, and clears it of files that runs write, but of no other file."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import make_folder

POLL = 0.2
"""Seconds between two attempts to take a lock that another process holds."""
_FILES = (
    r"arguments\.json|settings\.json|run\.json|seconds\.txt|log\.txt|fitted|config\.yaml|diverged\.pt|"
    r"(metrics|scores|classes|confusion|calibration)\.csv"
)
_PICTURES = r"pictures/((test|validate|health|calibration)|(val|filters)_\d+)\.png"
_CHECKPOINTS = r"checkpoints/(best|last)(-v\d+)?\.ckpt"
_PARTS = r"((pictures|checkpoints)/)?\.[0-9a-f]{32}\.partial"
_OWN_FILE = re.compile(rf"(\d+/)?({_FILES}|{_PICTURES}|{_CHECKPOINTS}|{_PARTS})")
_OWN_FOLDER = re.compile(r"\d+|(\d+/)?(pictures|checkpoints)")


def check_own(root: Path, folder: Path) -> None:
    """Check that runs wrote all files in ``folder``, which is ``root`` or a training within it.

    Raises:
        UserError: there is another file; the message names the first.
    """
    _list_own(root, folder)


def clear(root: Path, folder: Path) -> None:
    """Remove the files that a run wrote into ``folder``, and the folder itself unless it is ``root``.

    Raises:
        UserError: there is another file; then nothing is removed.
    """
    files, folders = _list_own(root, folder)
    for file in files:
        file.unlink(missing_ok=True)
    for emptied in reversed(folders):
        emptied.rmdir()
    if folder != root and folder.is_dir():
        folder.rmdir()


def _list_own(root: Path, folder: Path) -> tuple[list[Path], list[Path]]:
    """Files and folders below ``folder``, outer folders first."""
    found: tuple[list[Path], list[Path]] = ([], [])
    for place, folders, files in os.walk(folder):
        for names, pattern, kept in ((files, _OWN_FILE, found[0]), (folders, _OWN_FOLDER, found[1])):
            for path in (Path(place, name) for name in sorted(names)):
                if path.is_symlink() or not pattern.fullmatch(path.relative_to(root).as_posix()):
                    raise UserError(f"{path} is not of a run, and {folder} must be made anew: move {path.name} away.")
                kept.append(path)
    return found


@contextmanager
def lock_run(folder: Path, stop: Event | None) -> Iterator[int | None]:
    """Hold the lock of ``folder``, so that no other process writes into it at the same time.

    The operating system locks a file beside the folder, and releases it when the last process that has the file open
    ends. Pass the descriptor on to child processes that write into the folder: they keep the lock if it is killed.

    Args:
        folder: the folder, which need not exist; it is not created.
        stop: wait for the lock until this is set; do not wait at all for None.

    Yields:
        The file descriptor of the lock, or None where another process holds it.

    Raises:
        UserError: the disk does not support locks, or cannot be written to.
    """
    make_folder(folder.parent)
    path = folder.parent / f".{folder.name}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; check that its folder may be written to.") from error
    try:
        while not (taken := _take(descriptor, path)) and stop is not None and not stop.wait(POLL):
            pass
        yield descriptor if taken else None
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise UserError(f"cannot lock {path}: {error.strerror}; take a folder on a disk that can.") from error
    return True
