"""A long run takes no more memory, files or threads in the end than at its middle."""

import gc
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from scipy import stats

from tests.helpers import command
from tests.helpers.command import GAN, photographs_of

STEPS, EVERY = 1200, 50


def own_memory() -> float:
    """MB of this process's own pages, in memory or swapped out; pages of files come and go with the machine's load."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return sum(int(line[1]) for line in lines if line[0] in ("RssAnon:", "VmSwap:")) / 1e3


class Usage(Callback):
    """What the process holds after each validation, as (batches, MB, files, threads)."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if trainer.global_step % EVERY == 1:
            gc.collect()
            files = len(os.listdir("/proc/self/fd"))
            self.rows.append((trainer.global_step, own_memory(), files, threading.active_count()))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        np.savetxt(Path(trainer.default_root_dir) / "usage.txt", self.rows)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux what a process holds")
def test_a_long_run_leaks_nothing(workplace: Path, photographs: Path) -> None:
    """With validation, pictures and checkpoints every 50: a median slope, which no single jump moves."""
    arguments = ["fit", *GAN, *photographs_of(photographs), "--model.ema_decay=0.9", "--run=run"]
    arguments += ["--trainer.max_epochs=-1", f"--trainer.max_steps={STEPS}", f"--trainer.val_check_interval={EVERY}"]
    arguments += ["--trainer.check_val_every_n_epoch=null", "--data.epoch_length=200", "--data.crop_size=32"]
    arguments += [f"--trainer.callbacks={__name__}.Usage", "--trainer.enable_model_summary=false"]
    arguments += ["--trainer.log_every_n_steps=10"]
    process = command.start(arguments, workplace)
    process.join(600)
    assert process.exitcode == 0, (workplace / "output.txt").read_text()[-2000:]
    usage = np.loadtxt(workplace / "run" / "usage.txt")
    steps, memory, files, threads = usage[len(usage) // 2 :].T
    assert len(steps) == STEPS / EVERY / 2
    growth = stats.theilslopes(memory, steps)[0] * 1000
    assert growth < 5, f"{growth:.1f} MB in 1,000 steps"
    assert set(np.diff(files)) == set(np.diff(threads)) == {0}
