"""What ``tests/accelerator`` holds on a pretended accelerator, in a process of its own, which it changes for good."""

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY
from tests.helpers.accelerator import SETUP


@pytest.mark.skipif(SETUP is None, reason="this torch has no hook for devices written in Python")
@pytest.mark.parametrize("which", ["not slow", pytest.param("slow", marks=pytest.mark.slow)])
def test_on_a_pretended_accelerator(which: str) -> None:
    command = [sys.executable, "-m", "pytest", "tests/accelerator", "-m", which, "-p", "no:cacheprovider"]
    environment = os.environ | {"PRETENDED_ACCELERATOR": "1"}
    answer = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout[-6000:] + answer.stderr[-1000:]
