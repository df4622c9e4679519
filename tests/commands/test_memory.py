"""Freed memory is kept: by the allocator's own count, which no other process and no kernel changes."""

import json
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, json
import torch
from deblur_lightning.commands.experiment.allocator import keep_freed_memory

NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
class Counts(ctypes.Structure):  # struct mallinfo2 of malloc.h
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES]
count = ctypes.CDLL(None).mallinfo2
count.restype = Counts

def free_after_a_step():
    blocks = [torch.empty(4 << 20) for _ in range(8)]  # of 16 MiB
    del blocks
    return count().fordblks

assert keep_freed_memory()
print(json.dumps([free_after_a_step() for _ in range(12)]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_freed_blocks_stay_with_the_process_and_are_handed_out_again() -> None:
    answer = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    free = json.loads(answer.stdout)
    assert min(free) >= 8 << 24
    assert max(free[-4:]) - min(free[-4:]) < 1 << 24  # the first steps find where blocks fit; then none is new
