"""A signal ends a run at the end of a batch: nothing that was learned is lost."""

import signal
import sys
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
"""Ctrl-C; what `kill` and the end of a job send; what SLURM is told to send before a job's time is up."""


class Interrupted(Exception):
    """A signal stopped a run; ``checkpoint`` is where it can go on, ``code`` what the process ends with."""

    def __init__(self, checkpoint: Path, code: int) -> None:
        super().__init__(f"stopped; the run can go on from {checkpoint}")
        self.checkpoint = checkpoint
        self.code = code


class SaveOnInterrupt(Callback):
    """Saves ``checkpoints/last.ckpt`` at the end of the batch in which a signal came, then stops the run.

    A GAN first ends its cycle of updates, and accumulated gradients are first used. Of several processes it is enough
    that one is told: all stop after the same batch. A second Ctrl-C stops at once.

    Raises:
        Interrupted: out of the training loop, once the checkpoint is written; not after the last batch of all.
    """

    def __init__(self) -> None:
        self._came = 0
        self._stop: Interrupted | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # not before: Lightning's own handlers would wrap these, and wait for other processes in the midst of a step
        self._previous = {number: signal.signal(number, self._ask) for number in SIGNALS}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._stop or getattr(pl_module, "within_cycle", False) or _accumulating(trainer, batch_idx):
            return
        came = self._came
        if trainer.world_size > 1:
            mine = torch.tensor(came, device=trainer.strategy.root_device)
            came = int(trainer.strategy.reduce(mine, reduce_op="max"))
        if came:
            checkpoint = Path(trainer.default_root_dir) / "checkpoints" / "last.ckpt"
            trainer.save_checkpoint(checkpoint, weights_only=False)
            self._stop = Interrupted(checkpoint, 128 + came)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if self._stop is not None:  # not before: the last batch is logged, and validated where that is due
            raise self._stop

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._restore()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._restore()

    def _ask(self, number: int, *_: Any) -> None:
        if not self._came and rank_zero_only.rank == 0:  # type: ignore[attr-defined]
            more = "; once more to stop at once" if number == signal.SIGINT else ""
            print(f"\nStopping at the end of this batch{more}.", file=sys.stderr)
        self._came = number
        if number == signal.SIGINT:
            signal.signal(number, self._previous[signal.SIGINT])

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous = {}


def _accumulating(trainer: Trainer, batch_idx: int) -> bool:
    """Whether gradients of this batch still wait for those of later ones."""
    return (batch_idx + 1) % trainer.accumulate_grad_batches != 0 and not trainer.is_last_batch
