"""The benchmark of one's own digits: a classifier of drawn digits reads most of the photographs of such digits."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.studies import own_digits
from tests.conftest import REPOSITORY


@pytest.mark.slow
def test_most_digits_are_read(
    tmp_path: Path, deblur: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    few = ("--trainer.max_epochs=1", "--trainer.limit_val_batches=1", "--data.epoch_length=6000")
    code, _, complained = deblur("fit", "--config=experiments/mnist_mlp.yaml", f"--run={tmp_path}/run", *few)
    assert code == 0, complained
    right, count = own_digits.main([f"{tmp_path}/run", "--hands", "2"])
    assert count == 20
    assert right > 10
