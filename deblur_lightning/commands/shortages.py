"""Describes in one line what the machine lacks: shared memory, a free port, rights or a package."""

import errno
import re

SHARED_MEMORY = r"shared memory|/torch_\d+"
NO_ROOM = r"No space left|Bus error|Cannot allocate memory"
DENIED = (errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.EROFS)


def shortage(error: BaseException) -> str | None:
    """The line for ``error``, or None where it is of another kind.

    Torch and Lightning raise plain errors, or have them come from another process as text: their words decide.
    """
    words = " ".join(str(error).split())
    if _of_shared_memory(error, words):
        return (
            "the loader processes have no room left in shared memory (/dev/shm): set --data.num_workers=0 or a smaller "
            "--data.batch_size, or give it more, for a container with docker run --shm-size=8g."
        )
    if "EADDRINUSE" in words or "address already in use" in words.lower():
        port = re.search(r"port: (\d+)", words)
        named = f"MASTER_PORT={port[1]}" if port else "MASTER_PORT"
        return f"{named}, over which the processes of a run meet, is in use: set another, or leave MASTER_PORT unset."
    if isinstance(error, OSError) and error.errno in DENIED:
        what = f"{error.filename or 'a file'}: {error.strerror}"
        return f"{what}; check who may read and write there, and that there is room left."
    if isinstance(error, ModuleNotFoundError) and "pip install" in words:
        return _missing(words)
    return None


def _of_shared_memory(error: BaseException, words: str) -> bool:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:  # locks between processes lie there too
        return origin_of(error).startswith("multiprocessing.")
    return bool(re.search(SHARED_MEMORY, words) and re.search(NO_ROOM, words))


def origin_of(error: BaseException) -> str:
    """The module that has raised ``error``."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return "" if last is None else str(last.tb_frame.f_globals.get("__name__"))


def _missing(words: str) -> str:
    """Of what Lightning says when a logger or a callback of its own lacks its package."""
    if "tensorboardX" in words:  # either would do; it names no command
        return "TensorBoardLogger needs a package that is not installed: pip install tensorboard."
    return words
