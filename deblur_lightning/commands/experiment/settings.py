"""Saves the settings of a run, and compares them when the run is continued."""

import os
import shlex
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentParser, Namespace
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import SaveConfigCallback
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from lightning.pytorch.utilities import rank_zero_warn

from deblur_lightning.callbacks.scores import package_commit
from deblur_lightning.commands.experiment.absolute_paths import make_absolute
from deblur_lightning.commands.experiment.checkpoints import run_of
from deblur_lightning.errors import UserError
from deblur_lightning.files.plain_data import printable
from deblur_lightning.files.weight_files import read_checkpoint
from deblur_lightning.files.writing import make_folder, write_atomically

KEY = "settings"
INDIFFERENT = ("num_workers", "eval_batch_size")
"""Settings of data that change no update."""
DECISIVE = (
    *("accumulate_grad_batches", "devices", "gradient_clip_algorithm", "gradient_clip_val"),
    *("limit_train_batches", "num_nodes", "overfit_batches", "precision"),
)
"""Settings of the trainer that change the updates. Its length is none of them: runs are made longer."""


class RunConfig(SaveConfigCallback):
    """Writes the run's settings, headed by the commit, as its ``config.yaml``, whole or not at all.

    What decides the run's course goes into each checkpoint too.
    """

    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write them; Lightning calls this in the first process alone."""
        folder = Path(trainer.default_root_dir)
        make_folder(folder)
        settings = self.parser.dump(self.config, skip_unset=False, skip_validation=True)  # parsing has checked them
        settings = f"# commit {package_commit()}\n{settings}"
        write_atomically(folder / "config.yaml", settings.encode())
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger | TensorBoardLogger):
                logger.log_hyperparams(yaml.safe_load(settings))

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint[KEY] = self._course

    @cached_property
    def _course(self) -> dict[str, Any]:
        return course(self.parser, self.config)


def course(parser: ArgumentParser, config: Namespace) -> dict[str, Any]:
    """What decides which updates a run makes, beside its model: plain data, from a subcommand's ``config``.

    Paths are absolute, so that the same data are known to be the same from any folder.
    """
    settings = yaml.safe_load(parser.dump(config, skip_unset=False, skip_validation=True))
    data = settings["data"]
    make_absolute(data)
    data["init_args"] = {name: value for name, value in data["init_args"].items() if name not in INDIFFERENT}
    return {"data": data, "trainer": {name: settings["trainer"][name] for name in DECISIVE}}


def check_course(path: Path, wanted: dict[str, Any], allow_changes: bool) -> None:
    """Compare the settings that the run of a checkpoint had with those that it is to go on with.

    A checkpoint that tells none, such as one made in Python, is taken as it is.

    Args:
        path: of the checkpoint.
        wanted: the ``course`` that the configuration asks for.
        allow_changes: whether they may differ; then a warning tells in what.

    Raises:
        UserError: they differ.
    """
    saved = read_checkpoint(path).get(KEY, {})
    changes = [f"{place}={_short(old)}, now {_short(new)}" for place, old, new in _changes(saved, wanted)]
    if not changes:
        return
    told = f"{path} was trained with other settings ({'; '.join(changes)})"
    if not allow_changes:
        own = shlex.quote(f"--config={run_of(path)}/config.yaml")
        raise UserError(f"{told}: give the run's own with {own}, or mean it with --allow_changes=true.")
    rank_zero_warn(f"{told}: this run goes on from its weights, but it is no longer the same run.")


def without_run(config: Namespace) -> Namespace:
    """A copy of ``config`` that a later command can start from, in any folder: its run is new, from no checkpoint."""
    copy = config.clone()
    make_absolute([copy.data, copy.trainer])
    copy.run = copy.ckpt_path = None
    copy.allow_changes = False
    return copy


def _changes(old: Any, new: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two trees of settings differ; a key of only one of them is another version's, or goes with its class."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (key for key in old if key in new):
            inside = place if key in ("class_path", "init_args") else f"{place}.{key}".lstrip(".")
            yield from _changes(old[key], new[key], inside)
    elif old != new and not _same_place(old, new):
        yield place, old, new


def _same_place(old: Any, new: Any) -> bool:
    """Whether two values are one path; runs of before paths were made absolute have it as it was given."""
    return isinstance(old, str) and isinstance(new, str) and str(Path(os.path.expanduser(old)).absolute()) == new


def _short(value: Any) -> str:
    """A class by its name, anything else as it is written."""
    name = str(value.get("class_path", value) if isinstance(value, dict) else value)
    return printable(name.rsplit(".", 1)[-1] if name.startswith("deblur_lightning.") else name)
