"""Regression to the sharp image, as modern restoration networks are trained."""

from typing import Any, final

from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import AdamW

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.errors import UserError
from deblur_lightning.losses.perceptual import VGGPerceptual
from deblur_lightning.losses.plain import as_term
from deblur_lightning.losses.reconstruction import PSNRLoss, ReconstructionLoss
from deblur_lightning.methods.base import Restorer, check_betas, check_rates, scheduled
from deblur_lightning.optim.ema import ExponentialMovingAverage
from deblur_lightning.optim.schedules import Schedule, WarmUp


@final
class RegressionRestorer(Restorer):
    """Minimises a distance to the sharp image with AdamW, and restores with an average of the weights.

    Gradients are clipped by ``trainer.gradient_clip_val``.

    Args:
        network: what restores.
        loss: the distance to the sharp image; ``PSNRLoss`` when not given. Any module will do that maps the restored
            and the sharp images to a number.
        lr: AdamW's learning rate.
        betas: AdamW's, from 0 to below 1.
        weight_decay: AdamW's, 0 or more.
        ema_decay: of the average over the weights at each step (see ``ExponentialMovingAverage``); 0 for none.
        schedule: of the rate over the run's steps; rises and stays when not given.
        crop_border: pixels at each edge that a test leaves out of the scores.

    Raises:
        UserError: a number out of its range; a loss that does not take two images, or whose pretrained features are
            not on disk.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: ReconstructionLoss | nn.Module | None = None,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.9),
        weight_decay: float = 0.0,
        ema_decay: float = 0.999,
        schedule: Schedule | None = None,
        crop_border: int = 0,
    ) -> None:
        super().__init__(network, crop_border)
        self.save_hyperparameters(logger=False)
        check_rates(lr=lr)
        check_betas(betas)
        if not 0 <= weight_decay < float("inf"):
            raise UserError(f"weight_decay={weight_decay}: give 0 or more.")
        self.loss = as_term(loss or PSNRLoss())
        self.lr = lr
        self.betas = betas
        self.weight_decay = weight_decay
        self.average = ExponentialMovingAverage(network, ema_decay) if ema_decay else None
        self.schedule = schedule or WarmUp()

    def setup(self, stage: str) -> None:
        super().setup(stage)
        if stage == "fit" and isinstance(self.loss, VGGPerceptual):
            if not self.loss.load():
                raise UserError(
                    f"{self.loss.weights_file()}, which the loss needs, is missing; to get it: {self.loss.cure}"
                )
            self.features = self.loss.name

    @property
    def inference_network(self) -> nn.Module:
        """The average of the network where there is one, else the network."""
        return self.network if self.average is None else self.average.network

    def training_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor:
        loss: Tensor = self.loss(self.restore(batch), batch["sharp"])
        self.log("train/loss", loss, batch_size=len(batch["sharp"]))
        return loss

    def optimizer_step(self, *arguments: Any, **named: Any) -> None:
        super().optimizer_step(*arguments, **named)
        if self.average is not None:
            self.average.update(self.network)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = AdamW(self.network.parameters(), lr=self.lr, betas=self.betas, weight_decay=self.weight_decay)
        return scheduled(optimizer, self.schedule, self.trainer)
