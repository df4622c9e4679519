"""Logs learning rates, and warns where a longer run makes its schedule jump."""

import math
from typing import Any, Protocol, runtime_checkable

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

KEY = "planned_steps"


class Schedule(Protocol):
    """What this callback asks of a schedule."""

    def factor(self, done: float) -> float:
        """What the learning rate is multiplied with after the part ``done`` of the run."""


@runtime_checkable
class Scheduled(Protocol):
    """What this callback asks of a method."""

    schedule: Schedule


class ScheduleMonitor(Callback):
    """Logs the learning rate of each group of weights as ``train/lr``, or by the name that its optimizer gives it.

    A checkpoint records for how many steps the run was planned. A schedule spans the whole run, so the rate may jump
    when a run is continued with another length. A warning then tells the rate before and after. Another warning says
    so when a continued run has already reached its length.
    """

    def __init__(self) -> None:
        self._planned: float | None = None
        self._began = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._began = True
        planned, now = self._planned, trainer.estimated_stepping_batches
        if planned is None or planned == now or not isinstance(pl_module, Scheduled):
            return
        before, after = (pl_module.schedule.factor(trainer.global_step / steps) for steps in (planned, now))
        if not math.isclose(before, after, abs_tol=1e-6):
            rank_zero_warn(
                f"This run was planned for {planned} steps and now has {now}, over all of which "
                f"{type(pl_module.schedule).__name__} is drawn: after step {trainer.global_step} its rates jump from "
                f"{before:.3g} to {after:.3g} of those that are set. At the length that it had they would not."
            )

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        # of this batch: a GAN sets its rates when the batch begins, a scheduler the next one's when it ends
        for name, rate in rates(trainer.optimizers).items():
            pl_module.log(f"train/{name}", rate)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint[KEY] = trainer.estimated_stepping_batches

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        planned = checkpoint.get(KEY)  # whatever the file says
        self._planned = planned if isinstance(planned, int | float) and planned > 0 else None

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._began or trainer.ckpt_path is None:
            return
        by_steps = 0 <= trainer.max_steps <= trainer.global_step
        name, length = ("max_steps", trainer.max_steps) if by_steps else ("max_epochs", trainer.max_epochs or 0)
        rank_zero_warn(
            f"Nothing was trained: {trainer.ckpt_path} has had all of its {name}={length}. "
            f"To train it longer, give more, such as --trainer.{name}={2 * length}."
        )


def rates(optimizers: list[Any]) -> dict[str, float]:
    """The learning rates of all groups, each by its ``name``; "lr" where it has none, numbered where that is taken."""
    found: dict[str, float] = {}
    for group in (group for optimizer in optimizers for group in optimizer.param_groups if "lr" in group):
        name = str(group.get("name", "lr"))
        found[name if name not in found else f"{name}_{len(found)}"] = float(group["lr"])
    return found
