"""Ctrl-C at the end of a batch: nothing that was learned is lost."""

import signal
import sys
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer


class Interrupted(Exception):
    """The user stopped a run; ``checkpoint`` is where it can go on."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__(f"stopped; the run can go on from {checkpoint}")
        self.checkpoint = checkpoint


class SaveOnInterrupt(Callback):
    """Saves ``checkpoints/last.ckpt`` at the end of the batch in which Ctrl-C was pressed, then stops the run.

    A second Ctrl-C stops at once. A run of several processes, which would have to agree on a batch, stops at once too
    and goes on from its last validation.

    Raises:
        Interrupted: out of the training loop, once the checkpoint is written.
    """

    def __init__(self) -> None:
        self._asked = False
        self._previous: Any = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.world_size == 1:
            self._previous = signal.signal(signal.SIGINT, self._ask)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if self._asked:
            checkpoint = Path(trainer.default_root_dir) / "checkpoints" / "last.ckpt"
            trainer.save_checkpoint(checkpoint, weights_only=False)
            raise Interrupted(checkpoint)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._restore()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._restore()

    def _ask(self, *_: Any) -> None:
        self._asked = True
        self._restore()
        print("\nStopping at the end of this batch; once more to stop at once.", file=sys.stderr)

    def _restore(self) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None
