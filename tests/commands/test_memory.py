"""Freed memory is kept: a further step needs no new pages, counted by the system itself."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import torch
from deblur_lightning.commands.memory import keep_freed_memory

assert sys.argv[1] == "plain" or keep_freed_memory()
for step in range(6):
    if step == 3:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [torch.empty(4 << 20).fill_(1) for _ in range(8)]  # of 16 MiB
    del blocks
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(setting: str) -> int:
    answer = subprocess.run([sys.executable, "-c", PROGRAM, setting], capture_output=True, text=True, check=True)
    return int(answer.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
@pytest.mark.slow  # counts page faults, which other processes disturb
def test_freed_blocks_are_handed_out_again_without_new_pages() -> None:
    kept = page_faults("kept")
    assert kept < 1000
    assert page_faults("plain") > 10 * max(kept, 1)
