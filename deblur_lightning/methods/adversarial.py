"""Adversarial restoration: a generator trained against a discriminator, under manual optimization."""

from typing import final

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import DDPStrategy, DeepSpeedStrategy, FSDPStrategy
from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.errors import UserError
from deblur_lightning.losses.adversarial import AdversarialLoss, CrossEntropyGAN
from deblur_lightning.losses.perceptual import VGGPerceptual
from deblur_lightning.methods.base import Restorer, check_rates
from deblur_lightning.methods.cadence import Cadence
from deblur_lightning.methods.schedules import Constant, Schedule


@final
class AdversarialRestorer(Restorer):
    """Weighs the L1 distance, a perceptual distance and an adversarial loss, as DeblurGAN and its kin do.

    The two networks are updated in the ratio ``generator_steps`` : ``discriminator_steps``, each time on a fresh
    batch (see ``Cadence``). Steps in ``max_steps``, checkpoints and logs are batches, whatever the ratio.

    Args:
        network: the generator, what restores.
        discriminator: maps images (B, C, H, W) to a list of logit maps.
        adversarial: the game the two play; cross-entropy when not given.
        pixel_weight: of the mean absolute error.
        perceptual_weight: of the distance in VGG features, which is dropped where their weights are not on disk.
        adversarial_weight: of the generator's side of the game.
        generator_steps: g of the ratio g:d.
        discriminator_steps: d of the ratio g:d.
        lr: learning rate of the generator's Adam.
        discriminator_lr: learning rate of the discriminator's Adam.
        betas: of both, from 0 to below 1.
        schedule: of both learning rates over the run's batches; constant when not given.
        crop: pixels at each edge that a test leaves out of the scores.

    Raises:
        UserError: a ratio, rate or beta out of its range; a strategy or precision that cannot hold two optimizers.
    """

    def __init__(
        self,
        network: nn.Module,
        discriminator: nn.Module,
        adversarial: AdversarialLoss | None = None,
        pixel_weight: float = 100.0,
        perceptual_weight: float = 0.01,
        adversarial_weight: float = 1.0,
        generator_steps: int = 3,
        discriminator_steps: int = 1,
        lr: float = 2e-4,
        discriminator_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        schedule: Schedule | None = None,
        crop: int = 0,
    ) -> None:
        super().__init__(network, crop)
        self.save_hyperparameters(logger=False)
        self.automatic_optimization = False
        self.discriminator = discriminator
        self.adversarial = adversarial or CrossEntropyGAN()
        self.perceptual: VGGPerceptual | None = None
        self.pixel_weight = pixel_weight
        self.perceptual_weight = perceptual_weight
        self.adversarial_weight = adversarial_weight
        self.cadence = Cadence(generator_steps, discriminator_steps)
        check_rates(lr=lr, discriminator_lr=discriminator_lr)
        if not all(0 <= beta < 1 for beta in betas):
            raise UserError(f"model.betas={list(betas)}: give two numbers from 0 to below 1.")
        self.lr = lr
        self.discriminator_lr = discriminator_lr
        self.betas = betas
        self.schedule = schedule or Constant()

    def setup(self, stage: str) -> None:
        super().setup(stage)
        if stage != "fit":
            return
        self._settle_strategy()
        if self.perceptual_weight > 0:
            self._load_perceptual()

    def training_step(self, batch: RestorationBatch, batch_idx: int) -> None:
        number = self.trainer.fit_loop.epoch_loop.total_batch_idx
        update_generator, update_discriminator = self.cadence.updates(number)
        self._set_rates(self.schedule.factor(number / self.trainer.estimated_stepping_batches))
        with torch.set_grad_enabled(update_generator):
            restored = self.restore(batch)
        if update_discriminator:
            self._update_discriminator(batch["sharp"], restored.detach())
        if update_generator:
            self._update_generator(batch["sharp"], restored)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        rates = {self.network: self.lr, self.discriminator: self.discriminator_lr}
        optimizers = [Adam(network.parameters(), lr=lr, betas=self.betas, fused=True) for network, lr in rates.items()]
        return optimizers, []

    def _update_discriminator(self, sharp: Tensor, restored: Tensor) -> None:
        optimizer = self._optimizer(1)
        with self.toggled_optimizer(optimizer):
            loss = self.adversarial.discriminator(self.discriminator(sharp), self.discriminator(restored))
            self._descend(optimizer, loss, leads=self.cadence.discriminator > self.cadence.generator)
        self.log("train/loss_discriminator", loss, prog_bar=True, batch_size=len(sharp))

    def _update_generator(self, sharp: Tensor, restored: Tensor) -> None:
        optimizer = self._optimizer(0)
        with self.toggled_optimizer(optimizer):
            terms = {
                "pixel": self.pixel_weight * F.l1_loss(restored, sharp),
                "adversarial": self.adversarial_weight * self.adversarial.generator(self.discriminator(restored)),
            }
            if self.perceptual is not None:
                terms["perceptual"] = self.perceptual_weight * self.perceptual(restored, sharp)
            loss = sum(terms.values(), start=sharp.new_zeros(()))
            self._descend(optimizer, loss, leads=self.cadence.generator >= self.cadence.discriminator)
        self.log("train/loss_generator", loss, prog_bar=True, batch_size=len(sharp))
        self.log_dict({f"train/loss_{name}": term for name, term in terms.items()}, batch_size=len(sharp))

    def _set_rates(self, factor: float) -> None:
        for position, rate in enumerate((self.lr, self.discriminator_lr)):
            for group in self._optimizer(position).param_groups:
                group["lr"] = rate * factor

    def _optimizer(self, position: int) -> LightningOptimizer:
        optimizer: LightningOptimizer = self.optimizers()[position]  # type: ignore[index]
        return optimizer

    def _descend(self, optimizer: LightningOptimizer, loss: Tensor, *, leads: bool) -> None:
        """One optimizer step on ``loss``.

        Lightning counts steps of its wrapped optimizers. Only the one that ``leads``, which steps on every batch,
        is stepped through the wrapper, so that ``global_step`` counts batches.
        """
        optimizer.zero_grad()
        self.manual_backward(loss)
        (optimizer if leads else optimizer.optimizer).step()

    def _settle_strategy(self) -> None:
        strategy = self.trainer.strategy
        if isinstance(strategy, FSDPStrategy | DeepSpeedStrategy):
            raise UserError("A GAN cannot be trained under FSDP or DeepSpeed: use --trainer.strategy=ddp.")
        if self.trainer.precision == "16-mixed":
            raise UserError(
                "16-mixed scales the losses of two optimizers by one factor: use --trainer.precision=bf16-mixed."
            )
        if isinstance(strategy, DDPStrategy) and "find_unused_parameters" not in strategy._ddp_kwargs:
            # each backward pass leaves one of the two networks out, which plain DDP takes for a mistake
            strategy._ddp_kwargs["find_unused_parameters"] = True
            rank_zero_info("Strategy: ddp_find_unused_parameters_true, since a GAN updates one network at a time.")

    def _load_perceptual(self) -> None:
        perceptual = VGGPerceptual()
        if perceptual.load():
            self.perceptual, self.features = perceptual, perceptual.name
        else:
            self.features = f"{perceptual.name} missing"
            rank_zero_warn(
                f"The perceptual term is dropped: {perceptual.weights_file().name} is not on this machine. "
                f"To have it next time: {perceptual.cure}"
            )
