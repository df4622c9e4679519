"""Finds the batch at which a continued run goes on, whenever its checkpoint was written."""

from typing import Any

from lightning.pytorch import Trainer


def resume_point(trainer: Trainer) -> tuple[int, int]:
    """Bring the counters of a continued run in order, before it goes through its loader.

    A checkpoint can be of the end of a batch, of a validation, of an epoch or of a run. Left alone, Lightning counts
    an epoch twice or not at all after some of them, and takes one that ``max_steps`` cut short for a whole one.

    Returns:
        The epoch to go on with, and the batches of it that were learned from.
    """
    fit, epoch = trainer.fit_loop, trainer.fit_loop.epoch_loop
    epochs, batches = fit.epoch_progress, epoch.batch_progress
    if not fit.restarting:
        return epochs.current.processed, 0  # type: ignore[attr-defined]  # completed lags behind at an epoch's end
    over = batches.is_last_batch and not _validating(epoch.val_loop.batch_progress)
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


def _validating(progress: Any) -> bool:
    """Whether the checkpoint is of the midst of a validation, which then is made first."""
    return bool(progress.total.processed < progress.total.started)
