"""A run that is killed again and again, and goes on each time, ends as if nothing had happened."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.helpers.command import SRCNN, photographs_of, start, wait_for

KILLS = 20
FIT = ["--trainer.max_epochs=80", "--trainer.enable_model_summary=false", "--model.network.widths=[32,32]"]
FIT += ["--checkpoint.every_n_train_steps=1", "--checkpoint.monitor=null", "--trainer.check_val_every_n_epoch=10"]


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder for temporary files on another file system than the runs, where there is one."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.slow
def test_twenty_kills_lose_nothing(workplace: Path, photographs: Path, other_disk: Path) -> None:
    whole = start(["fit", *SRCNN, *FIT, *photographs_of(photographs), "--run=whole"], workplace, other_disk)
    whole.join(300)
    assert whole.exitcode == 0, (workplace / "output.txt").read_text()
    chance = random.Random(0)
    command, run = ["fit", *SRCNN, *FIT, *photographs_of(photographs)], workplace
    for number in range(KILLS):
        run = workplace / f"part{number:02d}"
        process = start([*command, f"--run={run}"], workplace, other_disk)
        last = run / "checkpoints" / "last.ckpt"
        wait_for(last.exists, process)
        process.join(chance.uniform(0, 0.1))
        if process.exitcode is not None:  # on a fast machine the run may be at its end before the last kill
            break
        process.kill()
        process.join()
        sound(run)
        command = ["fit", "--config", run / "config.yaml", "--ckpt_path", last]
    assert number >= KILLS // 2, "the run ended before it could be killed often"
    final = start([*command, "--run=final"], workplace, other_disk)
    final.join(300)
    assert final.exitcode == 0, (workplace / "output.txt").read_text()
    one, other = (
        torch.load(workplace / name / "checkpoints/last.ckpt", weights_only=True) for name in ("whole", "final")
    )
    assert one["global_step"] == other["global_step"] == 240
    for name, value in one["state_dict"].items():
        assert torch.equal(other["state_dict"][name], value), name


def sound(run: Path) -> None:
    """Every file that has its final name is whole."""
    for path in run.rglob("*"):
        if path.is_file() and not path.name.endswith(".partial"):
            assert path.suffix in {".ckpt", ".yaml", ".csv", ".png"}, path
            if path.suffix == ".ckpt":
                assert torch.load(path, weights_only=True)["global_step"] > 0, path
