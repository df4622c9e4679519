"""The base class of restorers: validation, test, prediction, saving and loading."""

import math
from abc import ABC, abstractmethod
from typing import Any, TypedDict

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from deblur_lightning.batch import RestorationBatch, to_8bit
from deblur_lightning.errors import UserError
from deblur_lightning.lightning_internals import batch_weight, prepare_precision
from deblur_lightning.metrics.psnr_ssim import protocol, restoration_scores
from deblur_lightning.networks.applying import restore_images
from deblur_lightning.optim.schedules import Schedule


class Evaluation(TypedDict):
    """What a validation or test step hands to the callbacks.

    Attributes:
        restored: (B, C, H, W) in [0, 1], rounded to 8 bits.
        scores: by name, (B,) each; see ``restoration_scores``.
        protocol: the name of how they were taken.
    """

    restored: Tensor
    scores: dict[str, Tensor]
    protocol: str


class Restorer(LightningModule, ABC):
    """A network that maps blurred images to restored ones, and one way of training it.

    Args:
        network: maps (B, C, H, W) in [0, 1], of any height and width, to the same size.
        crop_border: pixels at each edge that a test leaves out of the scores. Validation counts every pixel, so that
            ``val/psnr`` means the same in every log.

    Attributes:
        features: which pretrained features took part in training; part of every score's record.

    Raises:
        UserError: ``crop_border`` is negative.
    """

    features: str = "none"

    def __init__(self, network: nn.Module, crop_border: int = 0) -> None:
        super().__init__()
        if crop_border < 0:
            raise UserError(f"crop_border={crop_border}: give 0 or more.")
        self.network = network
        self.crop_border = crop_border

    def setup(self, stage: str) -> None:
        if self.trainer.precision in ("16-true", "bf16-true", "transformer-engine", "transformer-engine-float16"):
            raise UserError(f"precision={self.trainer.precision} cannot hold 256 levels: give bf16-mixed or 32-true.")

    @property
    def inference_network(self) -> nn.Module:
        """What validation, test, prediction and export use."""
        return self.network

    def forward(self, blurred: Tensor) -> Tensor:
        return restore_images(self.network if self.training else self.inference_network, blurred)

    @abstractmethod
    def training_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor | None: ...

    def restore(self, batch: RestorationBatch) -> Tensor:
        """The network's raw output for ``batch``, (B, C, H, W); a non-blind method also uses the PSF."""
        restored: Tensor = self(batch["blurred"])
        return restored

    def validation_step(self, batch: RestorationBatch, batch_idx: int) -> Evaluation:
        return self._evaluate(batch, "val")

    def test_step(self, batch: RestorationBatch, batch_idx: int) -> Evaluation:
        return self._evaluate(batch, "test")

    def predict_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor:
        return to_8bit(self.restore(batch).float())

    def _evaluate(self, batch: RestorationBatch, split: str) -> Evaluation:
        restored = to_8bit(self.restore(batch).float())  # bfloat16 cannot tell 256 levels apart
        crop_border = self.crop_border if split == "test" else 0
        scores = restoration_scores(restored, batch["blurred"], batch["sharp"], crop_border)
        means = {f"{split}/{name}": values.mean() for name, values in scores.items()}
        self.log_dict(means, sync_dist=True, batch_size=batch_weight(restored))
        return {"restored": restored, "scores": scores, "protocol": protocol(restored.shape[1], crop_border)}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["features"] = self.features
        checkpoint.get("hyper_parameters", {}).pop(
            "crop_border", None
        )  # how it is scored is no part of what was trained
        only_plain(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.features = checkpoint.get("features", "unknown")
        prepare_precision(self)


def scheduled(optimizer: Optimizer, schedule: Schedule, trainer: Trainer) -> OptimizerLRSchedulerConfig:
    """``optimizer`` with its rates following ``schedule`` over the steps of the run, as Lightning takes it.

    Where ``trainer.max_time`` ends the run before its steps are done, they follow the time, and are down when it is up.
    """

    def factor(step: int) -> float:
        # asked for before the first step, the length of the run would be of loaders that know nothing of a resume
        return schedule.factor(max(step / trainer.estimated_stepping_batches, time_done(trainer)) if step else 0.0)

    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": LambdaLR(optimizer, factor), "interval": "step"}}


def time_done(trainer: Trainer) -> float:
    """The part of ``trainer.max_time`` that is over, the same on all ranks; 0 without one."""
    timer = next((callback for callback in trainer.callbacks if isinstance(callback, Timer)), None)  # type: ignore[attr-defined]
    left = None if timer is None else timer.time_remaining()
    if timer is None or left is None:
        return 0.0
    elapsed = timer.time_elapsed()
    return float(trainer.strategy.broadcast(elapsed / max(elapsed + left, 1e-9)))


def check_rates(**rates: float) -> None:
    """Refuse a learning rate that is not a positive number, by the name of its setting."""
    for name, rate in rates.items():
        if not 0 < rate < math.inf:
            raise UserError(f"{name}={rate}: give a learning rate above 0.")


def check_betas(betas: tuple[float, float]) -> None:
    """Refuse decay rates of Adam's averages that are not from 0 to below 1."""
    if not all(0 <= beta < 1 for beta in betas):
        raise UserError(f"betas={list(betas)}: give two numbers from 0 to below 1.")


def only_plain(checkpoint: dict[str, Any]) -> None:
    """Drop the hyperparameters that are no plain data.

    The command line gives settings, which are; Python gives objects, which ``weights_only`` loading refuses.
    """
    given = checkpoint.get("hyper_parameters", {})
    for name in [name for name, value in given.items() if not _is_plain(value)]:
        del given[name]


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)
