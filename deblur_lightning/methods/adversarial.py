"""Adversarial restoration: trains a generator against a discriminator, by manual optimization."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, final

import torch
from lightning.pytorch import Callback
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Adam

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.lightning_internals import batch_number, batch_weight
from deblur_lightning.losses.adversarial import AdversarialLoss, CrossEntropyGAN, Maps
from deblur_lightning.losses.plain import as_term
from deblur_lightning.losses.reconstruction import L1, ReconstructionLoss
from deblur_lightning.methods.base import Evaluation, Restorer, check_betas, check_rates
from deblur_lightning.methods.manual_step import manual_step, refuse_strategies, refuse_switches
from deblur_lightning.methods.pretrained import load_features
from deblur_lightning.metrics.checkerboard import stride_amplitude
from deblur_lightning.networks.applying import discriminate
from deblur_lightning.optim.ema import ExponentialMovingAverage
from deblur_lightning.optim.schedules import Constant, Schedule
from deblur_lightning.optim.update_ratio import UpdateRatio


@final
class AdversarialRestorer(Restorer):
    """Weighs distances to the sharp image and an adversarial loss, as DeblurGAN and its kin do.

    The two networks are updated in the ratio ``generator_steps`` : ``discriminator_steps``, each time on a fresh
    batch (see ``UpdateRatio``). Steps in ``max_steps``, checkpoints, schedules and logs are batches, whatever the
    ratio.

    Args:
        network: the generator, what restores.
        discriminator: maps images (B, C, H, W) to a map, or to a list of them. Needed for training alone.
        adversarial: the game the two play; cross-entropy when not given.
        reconstruction: the weighted distances between restored and sharp, or any modules that map the two to a
            number; L1 times 100 when not given. One whose pretrained features are not on disk is dropped.
        adversarial_weight: of the generator's side of the game.
        generator_steps: g of the ratio g:d.
        discriminator_steps: d of the ratio g:d.
        lr: learning rate of the generator's Adam.
        discriminator_lr: learning rate of the discriminator's Adam.
        betas: of both, from 0 to below 1.
        schedule: of both learning rates over the run's batches; constant when not given.
        clip_norm: the greatest norm of each network's gradient; no limit when not given.
        ema_decay: of the average over the generator's weights after each batch (see ``ExponentialMovingAverage``),
            which then is what validation, test and prediction use; 0 for none.
        crop_border: pixels at each edge that a test leaves out of the scores.

    Raises:
        UserError: a ratio, rate, beta, norm or decay out of its range; a strategy, precision or switch of Lightning's
            that cannot hold two optimizers.
    """

    def __init__(
        self,
        network: nn.Module,
        discriminator: nn.Module | None = None,
        adversarial: AdversarialLoss | None = None,
        reconstruction: list[ReconstructionLoss | nn.Module] | None = None,
        adversarial_weight: float = 1.0,
        generator_steps: int = 3,
        discriminator_steps: int = 1,
        lr: float = 2e-4,
        discriminator_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        schedule: Schedule | None = None,
        clip_norm: float | None = None,
        ema_decay: float = 0.0,
        crop_border: int = 0,
    ) -> None:
        super().__init__(network, crop_border)
        self.save_hyperparameters(logger=False)
        self.automatic_optimization = False
        check_rates(lr=lr, discriminator_lr=discriminator_lr)
        check_betas(betas)
        _check_ranges(adversarial_weight, clip_norm)
        self.discriminator = discriminator
        self.average = ExponentialMovingAverage(network, ema_decay) if ema_decay else None
        self.adversarial = adversarial or CrossEntropyGAN()
        terms = [L1(weight=100.0)] if reconstruction is None else reconstruction
        self.reconstruction = nn.ModuleList(map(as_term, terms))
        self.adversarial_weight = adversarial_weight
        self.cadence = UpdateRatio(generator_steps, discriminator_steps)
        self.lr = lr
        self.discriminator_lr = discriminator_lr
        self.betas = betas
        self.schedule = schedule or Constant()
        self.clip_norm = clip_norm
        self._latest: dict[str, Tensor] = {}

    @property
    def inference_network(self) -> nn.Module:
        """The average of the generator where there is one, else the generator."""
        return self.network if self.average is None else self.average.network

    @property
    def within_cycle(self) -> bool:
        """Whether generator and discriminator are still to meet the ratio of their updates."""
        return self.cadence.within_cycle(batch_number(self.trainer) + 1)

    def configure_callbacks(self) -> Sequence[Callback]:
        """None; it is Lightning's first call, before its own refusals, which name no cure."""
        if self.trainer.state.fn == TrainerFn.FITTING:
            refuse_switches(self.trainer)
        return []

    def setup(self, stage: str) -> None:
        super().setup(stage)
        if stage != "fit":
            return
        if self.discriminator is None:
            raise UserError("discriminator is missing: a generator alone can be tested and used, not trained.")
        refuse_strategies(self.trainer)
        self.reconstruction, self.features = load_features(self.reconstruction)

    def training_step(self, batch: RestorationBatch, batch_idx: int) -> None:
        number = batch_number(self.trainer)
        update_generator, update_discriminator = self.cadence.updates(number)
        self._set_rates(self.schedule.factor(number / self.trainer.estimated_stepping_batches))
        with torch.set_grad_enabled(update_generator):
            restored = self.restore(batch)
        if update_discriminator:
            draws = Draws(0, "train", torch.full_like(batch["index"], number), batch["index"])
            self._update_discriminator(batch["sharp"], restored.detach(), draws)
        if update_generator:
            self._update_generator(batch["sharp"], restored)
        if self.average is not None:
            self.average.update(self.network)
        self._log_latest(number + 1, len(restored))

    def validation_step(self, batch: RestorationBatch, batch_idx: int) -> Evaluation:
        evaluation = super().validation_step(batch, batch_idx)
        images = {"val/checkerboard": evaluation["restored"], "val/checkerboard_sharp": batch["sharp"]}
        amplitudes = {name: stride_amplitude(image).mean() for name, image in images.items()}
        self.log_dict(amplitudes, sync_dist=True, batch_size=batch_weight(batch["sharp"]))
        return evaluation

    def configure_optimizers(self) -> OptimizerLRScheduler:
        assert self.discriminator is not None
        rates = {"lr": (self.network, self.lr), "discriminator_lr": (self.discriminator, self.discriminator_lr)}
        groups = [{"params": network.parameters(), "lr": lr, "name": name} for name, (network, lr) in rates.items()]
        return [Adam([group], betas=self.betas, fused=True) for group in groups], []

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the latest losses and norms too: they are logged until there are newer ones."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["latest"] = dict(self._latest)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave the discriminator aside where nothing is trained: restoring asks for the generator alone."""
        super().on_load_checkpoint(checkpoint)
        self._latest = checkpoint.get("latest", {})
        if self._trainer is not None and self._trainer.state.fn == TrainerFn.FITTING:
            return
        state = {name: value for name, value in checkpoint["state_dict"].items() if not _is_discriminator(name)}
        state |= {name: value for name, value in self.state_dict().items() if _is_discriminator(name)}
        checkpoint["state_dict"] = state

    def _judge(self, image: Tensor) -> Maps:
        assert self.discriminator is not None
        return discriminate(self.discriminator, image)

    def _update_discriminator(self, sharp: Tensor, restored: Tensor, draws: Draws) -> None:
        assert self.discriminator is not None
        optimizer = self._optimizer(1)
        with self.toggled_optimizer(optimizer):
            real, fake = self._judge(sharp), self._judge(restored)
            loss = self.adversarial.discriminator(real, fake)
            penalty = self.adversarial.penalty(self._judge, sharp, restored, draws)
            if penalty is not None:
                loss = loss + penalty
                self._latest["train/loss_penalty"] = penalty.detach()
            self._latest["train/loss_discriminator"] = loss.detach()  # before its gradient: it is the first to go wrong
            self._descend(optimizer, loss, leads=self.cadence.discriminator > self.cadence.generator)
        self._latest |= {"train/d_real": _mean_output(real), "train/d_fake": _mean_output(fake)}

    def _update_generator(self, sharp: Tensor, restored: Tensor) -> None:
        optimizer = self._optimizer(0)
        with self.toggled_optimizer(optimizer):
            with torch.no_grad():
                real = self._judge(sharp) if self.adversarial.relative else ()
            terms: dict[str, Tensor] = defaultdict(lambda: sharp.new_zeros(()))
            terms["adversarial"] = self.adversarial_weight * self.adversarial.generator(self._judge(restored), real)
            for term in self.reconstruction:
                assert isinstance(term, ReconstructionLoss)
                terms[term.title] = terms[term.title] + term(restored, sharp)
            loss = torch.stack(list(terms.values())).sum()
            self._latest["train/loss_generator"] = loss.detach()
            self._descend(optimizer, loss, leads=self.cadence.generator >= self.cadence.discriminator)
        self._latest |= {f"train/loss_{name}": term.detach() for name, term in terms.items()}

    def _descend(self, optimizer: LightningOptimizer, loss: Tensor, *, leads: bool) -> None:
        name = "generator" if optimizer is self._optimizer(0) else "discriminator"
        norm = manual_step(self, optimizer, loss, clip_norm=self.clip_norm, leads=leads)
        self._latest[f"train/gradient_{name}"] = norm

    def _log_latest(self, batches: int, batch_size: int) -> None:
        """The newest value of everything, how often each network has been updated, and the ratio of their gradients."""
        latest: dict[str, Any] = {name: value.to(self.device) for name, value in self._latest.items()}
        generator, discriminator = self.cadence.totals(batches)
        latest |= {"train/updates_generator": float(generator), "train/updates_discriminator": float(discriminator)}
        norms = [latest.get(f"train/gradient_{name}") for name in ("generator", "discriminator")]
        if norms[0] is not None and norms[1] is not None:
            latest["train/gradient_ratio"] = norms[0] / norms[1].clamp(min=1e-12)
        self.log_dict(latest, batch_size=batch_size)

    def _set_rates(self, factor: float) -> None:
        for position, rate in enumerate((self.lr, self.discriminator_lr)):
            for group in self._optimizer(position).param_groups:
                group["lr"] = rate * factor

    def _optimizer(self, position: int) -> LightningOptimizer:
        optimizer: LightningOptimizer = self.optimizers()[position]  # type: ignore[index]
        return optimizer


def _mean_output(maps: Maps) -> Tensor:
    return torch.stack([x.detach().float().mean() for x in maps]).mean()


def _is_discriminator(name: str) -> bool:
    return name.startswith("discriminator.")


def _check_ranges(adversarial_weight: float, clip_norm: float | None) -> None:
    if not 0 <= adversarial_weight < float("inf"):
        raise UserError(f"adversarial_weight={adversarial_weight}: give 0 or more.")
    if clip_norm is not None and not 0 < clip_norm < float("inf"):
        raise UserError(f"clip_norm={clip_norm}: give a norm above 0, or None for no limit.")
