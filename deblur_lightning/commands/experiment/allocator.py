"""Keeps the memory that a training step frees for the next step (a setting of malloc)."""

import ctypes
import platform

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # of mallopt(3)
LARGEST = 32 << 20  # bytes of a block, what glibc allows; larger ones go back to the system when they are freed


def keep_freed_memory(most: int = 2**31 - 1) -> bool:
    """Have glibc's allocator keep what is freed, and hand it out again, for the rest of the process.

    By default it gives memory back whenever 64 MiB lie free at its end; the next step gets as many new pages, which
    the system must find and zero. On a CPU that can be a third of a step of SRCNN. The peak does not change.

    Args:
        most: bytes that may lie free at the end.

    Returns:
        Whether it could be done; elsewhere than on glibc nothing is changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(MMAP_THRESHOLD, LARGEST) and mallopt(TRIM_THRESHOLD, most))
