"""fit, validate, test and predict: runs the command line, and tells in one line what ended it."""

import importlib
import logging
import pkgutil
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

import deblur_lightning
from deblur_lightning.callbacks.interrupt import stop_cause
from deblur_lightning.commands.experiment.allocator import keep_freed_memory
from deblur_lightning.commands.experiment.checkpoints import command_with, run_of
from deblur_lightning.commands.experiment.cli import ExperimentCLI
from deblur_lightning.commands.mistakes import one_line
from deblur_lightning.files.experiments import with_experiment_paths

PACKAGES = (
    "degradations",
    "networks",
    "classical",
    "losses",
    "metrics",
    "sources",
    "methods",
    "datamodules",
    "callbacks",
)


def run(argv: Sequence[str]) -> None:
    """Run ``argv``, which starts with a subcommand; a user's mistake ends in one line and exit code 2."""
    for room in PACKAGES:
        import_all(room)
    _quieten()
    keep_freed_memory()
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    unset = (signal.SIG_DFL, signal.default_int_handler)  # a shell's background ignores Ctrl-C
    found = {number: handler for number, handler in found.items() if handler in unset}
    for number in found:
        signal.signal(number, _stop_at_once)
    try:
        ExperimentCLI(with_experiment_paths(list(argv)))
    except BaseException as error:
        for number in found:
            signal.signal(number, signal.SIG_IGN)  # impatience must not cut short what is told
        code = _exit_code(error)
        if code is None:
            raise
        raise SystemExit(code) from None
    finally:
        for number, handler in found.items():
            signal.signal(number, handler)


def _exit_code(error: BaseException) -> int | str | None:
    """Tell what ended a command and how to go on; returns the exit code, or None for what is no mistake of the user."""
    stop = stop_cause(error)
    if stop is not None and rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        print(f"\ncontinue  {command_with('fit', run_of(stop.checkpoint), stop.checkpoint)}", flush=True)
    if stop is not None and stop.code:
        return stop.code
    if isinstance(error, SystemExit):
        return error.code or 0
    line = one_line(error)
    if line is not None:
        print(f"deblur: error: {line}", file=sys.stderr)
        return 2
    return None


def _stop_at_once(number: int, *_: Any) -> None:
    """End where there is nothing to save; a second signal cuts short no tidying up."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def import_all(room: str) -> None:
    """Import every module of a room, so that its classes can be named without their path."""
    package = importlib.import_module(f"{deblur_lightning.__name__}.{room}")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)


def _quieten() -> None:
    """Leave out advice that does not hold here."""
    for message in (
        ".*does not have many workers.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*Experiment logs directory .* exists and is not empty.*",
        ".*Using `DistributedSampler` with the dataloaders.*",  # ours repeats no image
        ".*number of training batches .* is smaller than the logging interval.*",
        ".*`LightningModule.configure_optimizers` returned `None`.*",  # filters have nothing to optimize
        ".*your dataloader is not resumable.*",  # ours goes on where it was
        ".*isinstance.treespec, LeafSpec.. is deprecated.*",
    ):
        warnings.filterwarnings("ignore", message)
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(
        lambda record: not record.getMessage().startswith(("\N{ELECTRIC LIGHT BULB} Tip", "TPU available"))
    )
