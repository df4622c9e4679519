"""Claims the folder of a run for one process, and tells the run's other processes which it is."""

import os
from contextlib import suppress
from pathlib import Path

from jsonargparse import Namespace
from lightning.pytorch import Callback, LightningModule, Trainer

from deblur_lightning.commands.processes import is_first
from deblur_lightning.errors import CannotWrite, UserError
from deblur_lightning.files.writing import make_folder
from deblur_lightning.lightning_internals import share_root_folder

RUNS = Path("runs")
CLAIM = "checkpoints"
"""The subfolder whose making takes a folder: of several processes that try, the system lets one succeed."""


class SharedFolder(Callback):
    """Tells all processes of a run the folder that the first one has taken."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        share_root_folder(trainer)


def take_folder(given: str | None, experiment: str) -> Path:
    """The folder of a new run, in the name of this process alone.

    Of a run's several processes the first takes it, and ``SharedFolder`` tells the others.

    Args:
        given: what the user wants it to be; the next free number in ``runs/EXPERIMENT`` when not given.
        experiment: name of the experiment.

    Raises:
        UserError: ``given`` holds a run already, or is a file.
        CannotWrite: there is no room, or no right to.
    """
    first = is_first()
    if given is None:
        return _next(RUNS / experiment) if first else RUNS / experiment
    folder = Path(given)
    _refuse_a_file(folder)
    if os.path.exists(folder / "config.yaml") or (first and not _take(folder)):
        raise UserError(f"{folder} holds a run already: give another --run, or none.")
    return folder


def leave_if_unused(folder: Path | None) -> None:
    """Remove what ``taken_folder`` has made, if it was asked, where nothing was put into it."""
    if folder is None or not is_first():
        return
    for unused in (folder / CLAIM, folder):
        with suppress(OSError):  # not empty, or not there
            unused.rmdir()


def check_writable(folder: Path) -> None:
    """Make ``folder`` where it is missing; found out before hours of work, not after them.

    Raises:
        UserError: it is a file.
        CannotWrite: there is no room, or no right to.
    """
    _refuse_a_file(folder)
    make_folder(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotWrite(f"cannot write to the folder {folder}: check its rights, or give another --run")


def experiment_name(config: Namespace) -> str:
    """The name of the first YAML file; for a run's own ``config.yaml`` that of the run's experiment."""
    given = config.get("config")
    if not given:
        return str(config.model.class_path).rsplit(".", 1)[-1]
    path = Path(str(given[0]))
    if path.name != "config.yaml":
        return path.stem
    run = path.resolve().parent
    return run.parent.name if run.name.isdigit() else run.name


def _refuse_a_file(folder: Path) -> None:
    if os.path.exists(folder) and not os.path.isdir(folder):  # in pathlib a name that is too long would raise
        raise UserError(f"--run={folder} is a file: give a folder.")


def _next(experiment: Path) -> Path:
    numbers = [int(path.name) for path in experiment.glob("*") if path.name.isdigit()]
    number = max(numbers, default=0) + 1
    while not _take(folder := experiment / f"{number:03d}"):
        number += 1
    return folder


def _take(folder: Path) -> bool:
    """Make ``folder`` this process's own, if it is nobody's yet."""
    make_folder(folder)
    try:
        (folder / CLAIM).mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise CannotWrite(
            f"cannot write to the folder {folder}: {error.strerror}; check its rights, or that it has room left"
        ) from error
    return True
