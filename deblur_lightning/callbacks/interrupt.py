"""Saves a checkpoint when a signal or an error ends a run."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_only

from deblur_lightning.errors import UserError
from deblur_lightning.lightning_internals import (
    Place,
    correct_counters,
    forget_unfinished_validation,
    is_accumulating,
    place_of_failure,
    replace_max_steps,
    stops_within_validation,
    validation_is_due,
)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
"""Ctrl-C; what `kill` and the end of a job send; what SLURM is told to send before a job's time is up."""


class Interrupted(Exception):
    """A run ended early; ``checkpoint`` is where it can go on, ``code`` what a signal makes the process end with."""

    def __init__(self, checkpoint: Path, code: int) -> None:
        super().__init__(f"stopped; the run can go on from {checkpoint}")
        self.checkpoint = checkpoint
        self.code = code


class SaveOnInterrupt(Callback):
    """Saves ``checkpoints/last.ckpt`` at the end of the batch in which a signal came, then stops the run.

    A GAN first finishes its cycle of updates, and accumulated gradients are used first. During a validation the run
    stops after the current batch of images. A validation that is due does not begin: the continued run makes it. If
    one of several processes gets the signal, all stop after the same batch. Further signals change nothing.

    If a batch cannot be loaded (an image is gone, a loader process was killed) or a validation fails, one process also
    saves what has been learned so far. The exception that ends the run then has ``Interrupted`` as its cause.

    Raises:
        Interrupted: out of the training loop, once the checkpoint is written; not after the last batch of all.
    """

    def __init__(self) -> None:
        self._came = 0
        self._learned = False
        self._stop: Interrupted | None = None
        self._lost: RuntimeError | None = None
        self._place: Place | None = None
        self._max_steps: int | None = None
        self._validated_by_all = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._came, self._learned, self._stop, self._lost = 0, False, None, None  # of an earlier training
        # not before: Lightning's own handlers would wrap these, and wait for other processes in the midst of a step;
        # when it is done, it puts back all that it found
        for number in SIGNALS:
            signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, self._without_raising(signal.getsignal(signal.SIGCHLD)))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._learned = True
        if not self._stop and not getattr(pl_module, "within_cycle", False) and self._stop_is_asked_for(trainer):
            self._save(trainer, "validation" if validation_is_due(trainer) else "batch end")

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if self._stop is not None:  # not before: the last batch is logged
            raise self._stop

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._count_as_before(trainer)
        self._validated_by_all = sum(trainer.num_val_batches)
        if trainer.world_size > 1:
            batches = torch.tensor(self._validated_by_all, device=trainer.strategy.root_device)
            self._validated_by_all = float(trainer.strategy.reduce(batches, reduce_op="min"))
        self._stop_validating(trainer)

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        if batch_idx < self._validated_by_all:  # all processes must ask each other equally often
            self._stop_validating(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        if self._place is not None:
            correct_counters(checkpoint, self._place)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Let a run go on that has had its ``max_steps``, but not the validation after them."""
        begun = trainer.state.fn == TrainerFn.FITTING and stops_within_validation(checkpoint)
        if begun and 0 <= trainer.max_steps <= checkpoint["global_step"]:
            self._max_steps = replace_max_steps(trainer, checkpoint["global_step"] + 1)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        place = place_of_failure(trainer)
        if self._stop is None and self._learned and trainer.world_size == 1 and place is not None:
            with suppress(UserError):  # what went wrong first is what is told
                self._save(trainer, place)
        if self._stop is not None and exception is not self._stop:
            exception.__cause__ = self._stop
        if self._lost is not None:  # by what signal, the loader does not know
            (self._stop or exception).__cause__ = self._lost

    def _ask(self, number: int, *_: Any) -> None:
        if self._came:
            return
        self._came = number
        if rank_zero_only.rank == 0:  # type: ignore[attr-defined]
            more = "; Ctrl-\\ stops at once and saves nothing" if number == signal.SIGINT else ""
            with suppress(OSError):  # not by print, which fails where the signal came in the midst of a print
                os.write(2, f"\nStopping at the end of this batch{more}.\n".encode())

    def _without_raising(self, handler: Any) -> Any:
        """torch's handler for the end of a loader process, which raises wherever the run is, in an update too.

        The loader finds out by itself, when it waits for what that process was to load.
        """

        def handle(number: int, frame: Any) -> None:
            try:
                handler(number, frame)
            except RuntimeError as error:
                # anew: what was dealt with meanwhile may be what it is to explain, and causes would go in a circle
                self._lost = RuntimeError(str(error))

        return handle if callable(handler) else handler

    def _stop_is_asked_for(self, trainer: Trainer) -> bool:
        """Whether some process was told to stop, and can: no gradients wait for those of later batches."""
        if is_accumulating(trainer):
            return False
        if trainer.world_size > 1:
            mine = torch.tensor(self._came, device=trainer.strategy.root_device)
            self._came = int(trainer.strategy.reduce(mine, reduce_op="max"))
        return self._came > 0

    def _count_as_before(self, trainer: Trainer) -> None:
        """Once the validation that an earlier run left has begun, nothing is left of how it was asked for."""
        if self._max_steps is not None:
            replace_max_steps(trainer, self._max_steps)
            self._max_steps = None
        forget_unfinished_validation(trainer)

    def _stop_validating(self, trainer: Trainer) -> None:
        if trainer.state.fn != TrainerFn.FITTING or trainer.sanity_checking:
            return
        if not self._stop and self._stop_is_asked_for(trainer):
            self._save(trainer, "validation")
        if self._stop:
            raise self._stop

    def _save(self, trainer: Trainer, place: Place) -> None:
        checkpoint = Path(trainer.default_root_dir) / "checkpoints" / "last.ckpt"
        self._place = place
        trainer.save_checkpoint(checkpoint, weights_only=False)
        self._place = None
        self._stop = Interrupted(checkpoint, 128 + self._came if self._came else 0)


def stop_cause(error: BaseException | None) -> Interrupted | None:
    """Where a run was saved that ``error`` ended, if it was."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return error
