"""Writing files whole or not at all: nobody ever meets half of one."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from deblur_lightning.errors import CannotWrite, UserError
from deblur_lightning.files.temporary import partial_beside


def write_atomically(path: str | Path, data: bytes | memoryview, replace: bool = True) -> bool:
    """Write ``data`` under the name ``path``; a reader sees the old file or the new one, never a part.

    Args:
        path: where to; its folder must exist.
        data: the whole content.
        replace: whether an existing file is replaced; else of several processes that try at once one succeeds.

    Returns:
        Whether it was written.

    Raises:
        CannotWrite: there is no room, or no right to; an older file of that name is then untouched.
    """
    target = Path(path)
    try:
        with partial_beside(target) as file:  # beside it: a rename across disks is a copy
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if not replace:
                return _take_name(Path(file.name), target)
            os.replace(file.name, target)
            return True
    except OSError as error:
        raise _cannot_write(target, error) from error


def check_replaceable(folder: Path, beginnings: Mapping[str, str], command: str) -> None:
    """Check that files written into ``folder`` replace nothing but older ones of the same command.

    Args:
        folder: what ``--out`` names; it need not exist.
        beginnings: by name, how each file starts, by which an older one is recognised.
        command: what writes them, for the error.

    Raises:
        UserError: another file has one of the names, or ``folder`` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out={folder} is a file: give a folder.")
    for name, beginning in beginnings.items():
        path = folder / name
        if path.exists() and not (path.is_file() and path.read_bytes().startswith(beginning.encode())):
            raise UserError(f"{path} is not from {command}: move it away, or give another --out.")


def check_room(path: str | Path, size: int) -> None:
    """Find out before the work whether a file of ``size`` bytes could be written under the name ``path``.

    Raises:
        CannotWrite: there is no room, or no right to.
    """
    target = Path(path)
    try:
        with partial_beside(target) as file:
            os.posix_fallocate(file.fileno(), 0, max(1, size))
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # a file system that cannot tell
            raise _cannot_write(target, error) from error


def make_folder(folder: Path) -> None:
    """Make ``folder`` and those above it where they are missing.

    Raises:
        CannotWrite: there is no room, or no right to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cure = "check that it may be written to and has room left"
        raise CannotWrite(f"cannot make the folder {folder}: {error.strerror or error}; {cure}") from error


def _take_name(file: Path, name: Path) -> bool:
    """Give ``file`` the name ``name``, in the same folder, if there is nothing of that name; whether it was given."""
    try:
        os.link(file, name)  # a rename would replace
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if os.path.lexists(name):
            return False
        os.replace(file, name)
    return True


def _cannot_write(target: Path, error: OSError) -> CannotWrite:
    cure = "check that its folder exists, is writable and has room left"
    return CannotWrite(f"cannot write {target}: {error.strerror or error}; {cure}")
