"""A progress bar that also shows the time left for the whole run."""

import time
from datetime import timedelta
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar

from deblur_lightning.lightning_internals import batches_begun

SHOWN = {
    "train/loss": "loss",
    "train/loss_generator": "G",
    "train/loss_discriminator": "D",
    "val/psnr": "PSNR",
    "val/accuracy": "accuracy",
}
"""What of a run's metrics stands on the bar, and under which name."""

INTERVAL = 0.25
"""Seconds from one update of the training's bar to the next: each waits for the device."""


class RunProgress(TQDMProgressBar):
    """Lightning's bar for the epoch, with the time left of the whole run beside the losses.

    Metrics are read when the bar is updated. Those that a method logs with ``prog_bar=True`` are shown too, but
    Lightning copies them from the device after each batch.
    """

    BAR_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{rate_noinv_fmt}{postfix}]"

    def __init__(self) -> None:
        super().__init__()
        self._began = 0.0
        self._updated = float("-inf")
        self._step_at_start = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._began = time.monotonic()
        self._step_at_start = trainer.global_step
        done = batches_begun(trainer)
        if 0 < done < self.total_train_batches:  # Lightning begins a bar at the start of an epoch only
            self.train_progress_bar.reset(self.total_train_batches)
            self.train_progress_bar.initial = self.train_progress_bar.n = done
            self.train_progress_bar.set_description(f"Epoch {trainer.current_epoch}")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        now = time.monotonic()
        if now - self._updated >= INTERVAL or batch_idx + 1 == self.total_train_batches:
            self._updated = now
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        logged = trainer.callback_metrics
        metrics |= {label: float(logged[name]) for name, label in SHOWN.items() if name in logged}
        if trainer.training:
            done = trainer.global_step - self._step_at_start
            total = trainer.estimated_stepping_batches - self._step_at_start
            metrics["left"] = time_left(time.monotonic() - self._began, done, total)
        return dict(metrics)


def time_left(elapsed: float, done: int, total: float) -> str:
    """How long ``total - done`` steps take when ``done`` took ``elapsed`` seconds, as h:mm:ss.

    Returns:
        "?" before the first step and for a run without an end.
    """
    if done < 1 or total == float("inf"):
        return "?"
    return str(timedelta(seconds=round(elapsed / done * max(0.0, total - done))))
