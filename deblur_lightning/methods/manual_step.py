"""One optimizer step of one of several networks, on one process or many."""

from contextlib import nullcontext
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import DeepSpeedStrategy, FSDPStrategy
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from deblur_lightning.errors import UserError


def manual_step(
    model: LightningModule, optimizer: LightningOptimizer, loss: Tensor, *, clip_norm: float | None, leads: bool
) -> Tensor:
    """Take one step of ``optimizer`` on ``loss``.

    Lightning counts steps of its wrapped optimizers. Only the one that ``leads``, which steps on every batch, is
    stepped through the wrapper, so that ``global_step`` counts batches.

    DDP's own averaging waits for the gradients of all networks, or searches each graph for those that are missing.
    Here it is left aside: one average of what the optimizer updates follows each backward pass.

    Args:
        model: whose networks they are.
        optimizer: of one of them.
        loss: a scalar.
        clip_norm: the greatest norm of the gradient; None for no limit.
        leads: whether this step counts as a batch.

    Returns:
        The norm of the gradient before it was clipped, a scalar.
    """
    optimizer.zero_grad()
    wrapped = model.trainer.strategy.model
    with wrapped.no_sync() if isinstance(wrapped, DistributedDataParallel) else nullcontext():
        model.manual_backward(loss)
    parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    gradients = [p.grad for p in parameters]
    if model.trainer.world_size > 1:
        _average(model.trainer.strategy, gradients)
    norm = get_total_norm(gradients)
    if clip_norm is not None:
        clip_grads_with_norm_(parameters, clip_norm, norm)
    (optimizer if leads else optimizer.optimizer).step()
    return norm


def refuse_switches(trainer: Trainer) -> None:
    """Refuse what Lightning does for a single optimizer alone.

    Raises:
        UserError: ``gradient_clip_val`` or ``accumulate_grad_batches`` is set.
    """
    if trainer.gradient_clip_val:
        raise UserError(
            f"gradient_clip_val={trainer.gradient_clip_val} cannot serve a GAN's two optimizers: "
            f"set clip_norm={trainer.gradient_clip_val} instead."
        )
    if trainer.accumulate_grad_batches != 1:
        raise UserError(
            f"accumulate_grad_batches={trainer.accumulate_grad_batches} cannot serve a GAN's two optimizers: "
            "give a larger batch_size instead."
        )


def refuse_strategies(trainer: Trainer) -> None:
    """Refuse where two optimizers cannot live.

    Raises:
        UserError: FSDP, DeepSpeed or 16-mixed.
    """
    if isinstance(trainer.strategy, FSDPStrategy | DeepSpeedStrategy):
        raise UserError("A GAN cannot be trained under FSDP or DeepSpeed: set strategy=ddp.")
    if trainer.precision == "16-mixed":
        raise UserError("16-mixed scales the losses of two optimizers by one factor: set precision=bf16-mixed.")


def _average(strategy: Any, gradients: list[Tensor]) -> None:
    """Average ``gradients`` over all processes in place, in one exchange."""
    together = torch.cat([gradient.flatten() for gradient in gradients])
    together = strategy.reduce(together, reduce_op="mean")
    parts = together.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))
