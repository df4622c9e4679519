"""A run that has become infinite or not a number stops, says where, and leaves no such checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.errors import UserError

CURE = "lower the learning rate or bound the gradients, and go on from a checkpoint of before."


@dataclass(frozen=True)
class _Noted:
    """What one batch gave: by log key, a scalar, or a value for each sample."""

    batch: int
    index: Tensor
    values: dict[str, Tensor]


class StopAtDivergence(Callback):
    """Stops a run whose losses or scores are no longer finite numbers.

    What each batch logged is put by on its device and looked at every ``log_every_n_steps`` batches, after each
    validation, before each checkpoint and at the end, so that in between the device is waited for no more than the
    losses on the progress bar ask for anyway. A checkpoint must have finite weights too: a last update may have
    spoilt them after the loss was taken.

    Raises:
        UserError: with the log key, the batch and the samples; before the checkpoint is written.
    """

    def __init__(self) -> None:
        self._noted: list[_Noted] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, batch_idx: int
    ) -> None:
        number = trainer.fit_loop.epoch_loop.total_batch_idx
        values = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("train/")}
        self._noted.append(_Noted(number, batch["index"], values))
        if (number + 1) % max(1, trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            self._check(trainer)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: RestorationBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if isinstance(outputs, Mapping) and "scores" in outputs:
            values = {f"val/{name}": value for name, value in outputs["scores"].items()}
            self._noted.append(_Noted(trainer.global_step, batch["index"], values))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._check(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._check(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        self._check(trainer)
        weights = {name: value for name, value in checkpoint["state_dict"].items() if value.is_floating_point()}
        if not _all_finite(list(weights.values())):
            name, value = next((name, value) for name, value in weights.items() if not value.isfinite().all())
            _stop(name, value[~value.isfinite()][0], f"after batch {trainer.global_step}")

    def _check(self, trainer: Trainer) -> None:
        noted, self._noted = self._noted, []
        sound = _all_finite([value for batch in noted for value in batch.values.values()])
        if trainer.strategy.reduce_boolean_decision(sound, all=True):
            return
        for batch in noted:
            for name, value in batch.values.items():
                if not value.isfinite().all():
                    index = batch.index.to(value.device)
                    samples = (index if value.ndim == 0 else index[~value.isfinite()]).tolist()
                    place = f"at batch {batch.batch}" if name.startswith("train/") else f"after batch {batch.batch}"
                    _stop(name, value[~value.isfinite()].flatten()[0], f"{place} (samples {_listed(samples)})")
        raise UserError(f"the run has diverged in another process: {CURE}")


def _all_finite(values: list[Tensor]) -> bool:
    """Whether every number is finite, asked of the device once."""
    if not values:
        return True
    return bool(torch.stack([value.isfinite().all() for value in values]).all())


def _stop(name: str, value: Tensor, where: str) -> None:
    raise UserError(f"{name} became {float(value)} {where}: {CURE}")


def _listed(samples: list[int], most: int = 16) -> str:
    shown = ", ".join(map(str, samples[:most]))
    return shown if len(samples) <= most else f"{shown} and {len(samples) - most} more"
