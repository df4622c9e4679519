"""Draws the health of a GAN's training: outputs, losses, gradients and checkerboard over the batches."""

from collections import defaultdict
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from deblur_lightning.callbacks.drawing import write_picture
from deblur_lightning.callbacks.plots import HEALTH_PANELS, health_figure, pixels_of


class HealthPanel(Callback):
    """Draws ``pictures/health.png`` after each validation of a GAN's run; other methods have nothing to draw."""

    def __init__(self) -> None:
        self._curves: dict[str, list[tuple[int, float]]] = defaultdict(list)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step % max(1, trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            self._note(trainer, "train/")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trying = trainer.sanity_checking or getattr(trainer, "fast_dev_run", False)
        if trying or trainer.state.fn != TrainerFn.FITTING:
            return
        self._note(trainer, "val/")
        if self._curves["train/d_real"] and trainer.is_global_zero:
            write_picture(trainer, "health.png", pixels_of(health_figure(self._curves)))

    def _note(self, trainer: Trainer, split: str) -> None:
        keys = [key for keys in HEALTH_PANELS.values() for key in keys if key.startswith(split)]
        values = [trainer.callback_metrics[key] for key in keys if key in trainer.callback_metrics]
        if len(values) == len(keys):
            for key, value in zip(keys, torch.stack(values).tolist(), strict=True):
                self._curves[key].append((trainer.global_step, value))
