"""Two processes of one run learn what one process learns from the same batches."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import REPOSITORY
from tests.helpers.two_processes import main


@pytest.mark.slow
def test_two_processes_equal_one_with_their_batches_together(photographs: Path, tmp_path: Path) -> None:
    """Both GANs, over two cycles, with the penalty at random places, clipping and the average."""
    two = [sys.executable, "-m", "tests.helpers.two_processes", photographs, tmp_path / "two.pt", "2"]
    with subprocess.Popen(two, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as process:
        main(photographs, tmp_path / "one.pt", 1)
        _, complained = process.communicate(timeout=300)
    assert process.returncode == 0, complained
    one, other = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("one", "two"))
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=0, atol=1e-9, msg=name)
