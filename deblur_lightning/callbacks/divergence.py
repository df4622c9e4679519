"""Stops training when a loss, score or weight becomes NaN or infinite, and saves no such checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol, runtime_checkable

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import RunningStage, TrainerFn
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.errors import CannotWrite, UserError
from deblur_lightning.files.writing import write_atomically
from deblur_lightning.lightning_internals import batch_number

CURE = "lower the learning rate or bound the gradients, and go on from a checkpoint of before."
EXPLODED = 1e12
"""What no loss or score comes near: of images in [0, 1], a mean square of that means outputs around a million."""


@runtime_checkable
class Replayable(Protocol):
    """What this callback asks of a data module."""

    def training_keys(self, epoch: int, batch: int) -> list[tuple[int, int]]:
        """The samples of a training batch, as (visit, index)."""

    def rebuild_batch(self, split: Literal["train", "val"], keys: Sequence[tuple[int, int]]) -> Mapping[str, Any]:
        """The batch of these samples."""


@dataclass(frozen=True)
class _Noted:
    """What one batch gave: by log key, a scalar, or a value for each sample.

    Attributes:
        split: "train" or "val".
        batch: counted over the whole run; of a validation, the one that it came after.
        place: epoch, and batch within it.
        index: (B,) int64, of its samples.
        values: by log key.
    """

    split: Literal["train", "val"]
    batch: int
    place: tuple[int, int]
    index: Tensor
    values: dict[str, Tensor]


class StopAtDivergence(Callback):
    """Stops a run when a loss or score becomes NaN, infinite or absurdly large.

    The callback keeps what each batch logged on its device. It looks at these values every ``log_every_n_steps``
    batches, after each validation, before each checkpoint and at the end; in between, the host does not wait for the
    device. A checkpoint must also have finite weights, since the last update may have spoilt them after the loss was
    computed. If a training batch is at fault, the callback makes it again and saves it as ``diverged.pt``.

    Raises:
        UserError: with the log key, the batch and the samples; before the checkpoint is written.
    """

    def __init__(self) -> None:
        self._noted: list[_Noted] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, batch_idx: int
    ) -> None:
        number = batch_number(trainer)
        values = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("train/")}
        self._noted.append(_Noted("train", number, (trainer.current_epoch, batch_idx), batch["index"], values))
        if (number + 1) % max(1, trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            self._check(trainer)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: RestorationBatch,
        batch_idx: int,
        *_: Any,
    ) -> None:
        if isinstance(outputs, Mapping) and "scores" in outputs:
            values = {f"val/{name}": value for name, value in outputs["scores"].items()}
            place = (trainer.current_epoch, batch_idx)
            self._noted.append(_Noted("val", trainer.global_step, place, batch["index"], values))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._check(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._check(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        self._check(trainer)
        weights = {name: value for name, value in checkpoint["state_dict"].items() if value.is_floating_point()}
        if not _all_finite(list(weights.values())):
            name, value = next((name, value) for name, value in weights.items() if not value.isfinite().all())
            bad = float(value[~value.isfinite()][0])
            raise UserError(f"{name} became {bad} after batch {trainer.global_step}: {CURE}")

    def _check(self, trainer: Trainer) -> None:
        noted, self._noted = self._noted, []
        values = [value for batch in noted for value in batch.values.values()]
        if trainer.strategy.reduce_boolean_decision(_all_sound(values), all=True):
            return
        for batch in noted:
            for name, value in batch.values.items():
                if not _sound(value).all():
                    _stop(trainer, batch, name)
        raise UserError(f"the run has diverged in another process: {CURE}")


def _all_sound(values: list[Tensor]) -> bool:
    """Whether every number is finite and below ``EXPLODED``, asked of the device once."""
    return not values or bool(torch.stack([_sound(value).all() for value in values]).all())


def _sound(value: Tensor) -> Tensor:
    return value.abs() < EXPLODED  # not a number compares as false


def _all_finite(values: list[Tensor]) -> bool:
    return not values or bool(torch.stack([value.isfinite().all() for value in values]).all())


def _stop(trainer: Trainer, batch: _Noted, name: str) -> NoReturn:
    value = batch.values[name]
    bad = ~_sound(value)
    index = batch.index.to(value.device)
    samples = _list_samples((index if value.ndim == 0 else index[bad]).tolist())
    relation = "at" if batch.split == "train" else "after"
    saved = _save_for_replay(trainer, batch, name) if trainer.state.fn == TrainerFn.FITTING else ""
    culprit = f"{name} became {float(value[bad].flatten()[0])} {relation} batch {batch.batch} (samples {samples})"
    raise UserError(f"{culprit}: {CURE}{saved}")


def _save_for_replay(trainer: Trainer, batch: _Noted, name: str) -> str:
    """Write the batch as it was, made again from its counters; returns what to tell of it."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    path = Path(trainer.default_root_dir) / "diverged.pt"
    if not isinstance(data, Replayable):
        return ""
    keys = (
        data.training_keys(*batch.place) if batch.split == "train" else [(0, index) for index in batch.index.tolist()]
    )
    trainer.state.stage = RunningStage.TRAINING if batch.split == "train" else RunningStage.VALIDATING
    content = BytesIO()
    where = {"key": name, "split": batch.split, "epoch": batch.place[0], "batch": batch.batch}
    torch.save(
        {**where, "visit": torch.tensor([visit for visit, _ in keys]), **data.rebuild_batch(batch.split, keys)}, content
    )
    try:
        write_atomically(path, content.getbuffer())
    except CannotWrite as error:
        return f" The batch could not be saved: {error}."
    return f" The batch is saved as {path}."


def _list_samples(samples: list[int], most: int = 16) -> str:
    shown = ", ".join(map(str, samples[:most]))
    return shown if len(samples) <= most else f"{shown} and {len(samples) - most} more"
