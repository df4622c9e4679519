"""Lightning still has what this package uses of it beyond its public interface, and one module alone uses its loops."""

import re
from importlib import import_module
from operator import attrgetter

import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningCLI
from lightning.pytorch.strategies.launchers.multiprocessing import _MultiProcessingLauncher
from lightning.pytorch.strategies.launchers.subprocess_script import _SubprocessScriptLauncher

from deblur_lightning.commands.experiment.checkpoints import Checkpoints
from deblur_lightning.commands.experiment.cli import ExperimentCLI
from deblur_lightning.lightning_internals import CONNECTOR
from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "deblur_lightning"


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return Trainer(accelerator="cpu", devices=1, logger=False, enable_progress_bar=False, enable_model_summary=False)


@pytest.mark.parametrize(
    "name",
    [
        "_default_root_dir",
        "fit_loop._data_fetcher",
        "fit_loop._should_accumulate",
        "fit_loop.epoch_progress.current.processed",
        "fit_loop.restarting",
        "fit_loop.epoch_loop._batches_that_stepped",
        "fit_loop.epoch_loop._should_check_val_fx",
        "fit_loop.epoch_loop.batch_progress.is_last_batch",
        "fit_loop.epoch_loop.batch_progress.reset_on_run",
        "fit_loop.epoch_loop.batch_progress.total.completed",
        "fit_loop.epoch_loop.max_steps",
        "fit_loop.epoch_loop.total_batch_idx",
        "fit_loop.epoch_loop.val_loop.batch_progress.total.reset",
        "strategy.launcher",
    ],
)
def test_the_trainer_has_it(trainer: Trainer, name: str) -> None:
    attrgetter(name)(trainer)


def test_a_checkpoint_has_the_counters(trainer: Trainer) -> None:
    saved = trainer.fit_loop.state_dict()
    assert "_batches_that_stepped" in saved["epoch_loop.state_dict"]
    for key in ("epoch_loop.batch_progress", "epoch_loop.val_loop.batch_progress"):
        assert {"total", "current", "is_last_batch"} <= saved[key].keys()
        assert {"ready", "started", "processed", "completed"} <= saved[key]["total"].keys()


def test_launchers_know_the_processes_they_have_started() -> None:
    for launcher in (_MultiProcessingLauncher, _SubprocessScriptLauncher):
        assert "procs" in launcher.__init__.__code__.co_names  # type: ignore[misc]


def test_checkpoints_are_taken_over_by_functions_of_these_names() -> None:
    connector = import_module(CONNECTOR)._CheckpointConnector
    assert {"restore_loops", "restore_training_state", "resume_start"} <= vars(connector).keys()


@pytest.mark.parametrize(("ours", "theirs"), [(ExperimentCLI, LightningCLI), (Checkpoints, ModelCheckpoint)])
def test_private_methods_that_are_replaced_are_still_called(ours: type, theirs: type) -> None:
    replaced = {name for name in vars(ours) if re.match(r"_[a-z]", name) and callable(vars(ours)[name])}
    known = {name for name in replaced if hasattr(theirs, name)}
    assert replaced - known <= {"_writers", "_abc_impl"}
    assert known >= {"_parse_ckpt_path", "_run_subcommand"} or known == {"_save_topk_checkpoint"}


def test_nothing_else_reaches_into_lightnings_loops() -> None:
    inner = re.compile(
        r"fit_loop\b(?!\.max_epochs)|epoch_loop|batch_progress|\._default_root_dir|\.launcher\b|checkpoint_connector"
    )
    found = [path.name for path in PACKAGE.rglob("*.py") if inner.search(path.read_text())]
    assert found == ["lightning_internals.py"]
