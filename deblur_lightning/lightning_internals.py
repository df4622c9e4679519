"""Everything that this package reads or sets inside Lightning's loops, beyond its public interface.

A new version of Lightning may change any of it: its version is capped in ``pyproject.toml``, and
``tests/test_lightning_internals.py`` fails where a name is gone.
"""

import traceback
from collections.abc import Sized
from typing import Any, Literal

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

Place = Literal["batch end", "validation", "between batches"]
"""Where in its loops a training run is when it is saved."""

CONNECTOR = "lightning.pytorch.trainer.connectors.checkpoint_connector"
"""The module of Lightning that takes over a checkpoint."""


def batch_number(trainer: Trainer) -> int:
    """The batch in work, counted from 0 over all epochs."""
    return trainer.fit_loop.epoch_loop.total_batch_idx


def batches_begun(trainer: Trainer) -> int:
    """How many batches of the present epoch were begun."""
    return trainer.fit_loop.epoch_loop.batch_progress.current.ready


def is_accumulating(trainer: Trainer) -> bool:
    """Whether this batch's gradients wait for those of later batches."""
    return trainer.fit_loop._should_accumulate()


def validation_is_due(trainer: Trainer) -> bool:
    """Whether Lightning validates after this batch."""
    return trainer.fit_loop.epoch_loop._should_check_val_fx(trainer.fit_loop._data_fetcher)  # type: ignore[arg-type]


def replace_max_steps(trainer: Trainer, steps: int) -> int:
    """Set ``max_steps``; returns the former value."""
    loop = trainer.fit_loop.epoch_loop
    former, loop.max_steps = loop.max_steps, steps
    return former


def forget_unfinished_validation(trainer: Trainer) -> None:
    """Reset the validation counters if a checkpoint left them in the middle of a validation."""
    validated: Any = trainer.fit_loop.epoch_loop.val_loop.batch_progress.total
    if validated.processed < validated.started:
        validated.reset()


def stops_within_validation(checkpoint: dict[str, Any]) -> bool:
    """Whether a checkpoint was saved during a validation, which a continued run then makes first."""
    loop = checkpoint.get("loops", {}).get("fit_loop", {})
    validated = loop.get("epoch_loop.val_loop.batch_progress", {}).get("total", {})
    return bool(validated.get("processed", 0) < validated.get("started", 0))


def place_of_failure(trainer: Trainer) -> Place | None:
    """Where an exception stops training; None during an update and during what follows an epoch's last batch."""
    if trainer.state.fn != TrainerFn.FITTING:
        return None
    loop = trainer.fit_loop.epoch_loop
    if trainer.validating:
        validation = loop.val_loop.batch_progress
        over = validation.is_last_batch and validation.current.completed == validation.current.ready
        return None if over else "validation"
    epochs: Any = trainer.fit_loop.epoch_progress.current
    batches = loop.batch_progress
    within = epochs.ready > epochs.processed and not batches.is_last_batch
    return "between batches" if within and batches.current.completed == batches.current.ready else None


def correct_counters(checkpoint: dict[str, Any], place: Place) -> None:
    """Set a checkpoint's counters as Lightning has them at the end of a batch, or in the validation after one."""
    loop = checkpoint["loops"]["fit_loop"]
    batches, stepped = loop["epoch_loop.batch_progress"], loop["epoch_loop.state_dict"]
    if place == "validation":
        for counts in (batches["total"], batches["current"]):
            counts["completed"] = counts["processed"]
        begun = {"ready": 1, "started": 1, "processed": 0, "completed": 0}
        validation = {"total": dict(begun), "current": dict(begun), "is_last_batch": False}
        loop["epoch_loop.val_loop.batch_progress"] = validation
    elif place == "between batches" and batches["current"]["ready"]:  # else none of a new epoch
        for counts in (batches["total"], batches["current"]):
            counts["completed"] -= 1
        stepped["_batches_that_stepped"] -= 1


def resume_point(trainer: Trainer) -> tuple[int, int]:
    """Correct the counters of a continued run before its loader starts.

    A checkpoint can be of the end of a batch, a validation, an epoch or a run. After some of them Lightning would
    count an epoch twice or not at all, and take one that ``max_steps`` cut short for a whole one.

    Returns:
        The epoch to go on with, and how many of its batches the model has learned from.
    """
    fit, epoch = trainer.fit_loop, trainer.fit_loop.epoch_loop
    epochs, batches = fit.epoch_progress, epoch.batch_progress
    if not fit.restarting:
        return epochs.current.processed, 0  # type: ignore[attr-defined]  # completed lags behind at an epoch's end
    validated: Any = epoch.val_loop.batch_progress.total
    over = batches.is_last_batch and validated.processed >= validated.started
    untouched = not over and batches.current.ready == 0  # a batch of this epoch was never had
    counted = untouched or epochs.total.processed == epochs.total.ready  # type: ignore[attr-defined]
    finished = epochs.total.ready - (0 if over else 1)
    over = over or untouched
    progress: Any
    for progress in (epochs.total, epochs.current):
        progress.completed = progress.processed = finished
        progress.ready = progress.started = finished if over else finished + 1
    if not over:
        return finished, batches.current.ready
    batches.total.completed = batches.total.ready
    batches.reset_on_run()
    epoch._batches_that_stepped += 0 if counted else 1  # the logger's step, of which no setting exists
    fit.restarting = False  # there is nothing half done to go back to
    return finished, 0


def reload_each_epoch(trainer: Trainer) -> None:
    """Ask the data module for new loaders before each epoch, as ``reload_dataloaders_every_n_epochs`` does."""
    trainer.reload_dataloaders_every_n_epochs = 1  # type: ignore[attr-defined]


def share_root_folder(trainer: Trainer) -> None:
    """Give all processes the first one's ``default_root_dir``, which Lightning lets be set before they meet alone."""
    trainer._default_root_dir = trainer.strategy.broadcast(trainer.default_root_dir)  # type: ignore[attr-defined]


def end_started_processes(trainer: Trainer) -> None:
    """End the processes that Lightning started beside this one, which would wait half an hour for it."""
    for process in getattr(trainer.strategy.launcher, "procs", ()):
        process.kill()
        process.wait()


def prepare_precision(module: LightningModule) -> None:
    """Make a module float64 before a checkpoint's weights are loaded, if it is to train so.

    Lightning converts it after that, and the weights would be rounded to float32.
    """
    if module._trainer is not None and module._trainer.precision == "64-true":
        module.double()


def failed_in_restoring(error: BaseException) -> bool:
    """Whether ``error`` comes from Lightning's reading of a checkpoint, which it trusts to hold the right types."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(
        frame.f_globals.get("__name__") == CONNECTOR and frame.f_code.co_name.startswith(("restore", "resume"))
        for frame in frames
    )


def batch_weight(batch: Sized) -> Any:
    """The number of samples as a float, for ``batch_size`` of Lightning's ``log`` with several processes.

    Lightning (2.6) truncates the mean of whole numbers over the processes: with three images on two processes, the
    logged mean would be half as large again. A float stays exact.
    """
    return float(len(batch))
