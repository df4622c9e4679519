"""A checkpoint is there whole or not at all, and where there is no room for one the earlier stays."""

import csv
import os
import resource
import signal
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch import LightningModule, Trainer

from deblur_lightning.callbacks.progress import RunProgress
from deblur_lightning.commands.experiment.checkpoints import AtomicCheckpoints
from deblur_lightning.errors import CannotWrite
from tests.helpers.command import SRCNN, photographs_of
from tests.helpers.full_disk import no_room
from tests.helpers.small import data, srcnn, trainer

Deblur = Callable[..., tuple[int, str, str]]


@pytest.fixture
def trained(photographs: Path, tmp_path: Path) -> Trainer:
    runner = trainer(tmp_path, plugins=[AtomicCheckpoints()])
    runner.fit(srcnn(), data(photographs))
    return runner


def test_without_room_the_earlier_checkpoint_stays(trained: Trainer, tmp_path: Path) -> None:
    path = tmp_path / "checkpoints" / "last.ckpt"
    trained.save_checkpoint(path)
    before = path.read_bytes()
    assert len(before) > 4096
    with no_room(), pytest.raises(CannotWrite, match=r"^cannot write .*last\.ckpt: File too large; check that"):
        trained.save_checkpoint(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["last.ckpt"]


def test_a_process_killed_while_it_writes_leaves_the_earlier_checkpoint(trained: Trainer, tmp_path: Path) -> None:
    """Killed in the worst moment: all is written, nothing named."""
    path = tmp_path / "last.ckpt"
    trained.save_checkpoint(path)
    before = path.read_bytes()
    child = os.fork()
    if child == 0:
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        trained.save_checkpoint(path)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert path.read_bytes() == before
    assert [name for name in os.listdir(tmp_path) if name.endswith(".ckpt")] == ["last.ckpt"]


def test_a_checkpoint_that_could_not_be_replaced_is_not_removed(photographs: Path, tmp_path: Path) -> None:
    runner = trainer(tmp_path, plugins=[AtomicCheckpoints(go_on=True)])
    runner.fit(srcnn(), data(photographs))
    runner.save_checkpoint(tmp_path / "epoch1.ckpt")
    with no_room(), pytest.warns(UserWarning, match="Training goes on without this checkpoint: cannot write"):
        runner.save_checkpoint(tmp_path / "epoch2.ckpt")
    runner.strategy.remove_checkpoint(tmp_path / "epoch1.ckpt")
    assert (tmp_path / "epoch1.ckpt").is_file()
    runner.save_checkpoint(tmp_path / "epoch2.ckpt")
    runner.strategy.remove_checkpoint(tmp_path / "epoch1.ckpt")
    assert not (tmp_path / "epoch1.ckpt").exists()


def fill_the_disk_in_epoch(epoch: int, monkeypatch: pytest.MonkeyPatch, limit: int = 4096) -> None:
    """The disk is full from the start of ``epoch`` on, counted from 0, until the run ends."""

    def fill(self: RunProgress, trainer: Trainer, *_: Any) -> None:
        if trainer.current_epoch == epoch:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    monkeypatch.setattr(RunProgress, "on_train_epoch_start", fill)


@pytest.mark.parametrize("stop", [True, False])
def test_a_run_on_a_full_disk_stops_or_goes_on_as_configured(
    stop: bool, workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_the_disk_in_epoch(1, monkeypatch)
    few = ["--trainer.max_epochs=3", "--trainer.enable_model_summary=false", f"--stop_when_full={stop}".lower()]
    with no_room(resource.RLIM_INFINITY), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code, _, complained = deblur("fit", *SRCNN, *photographs_of(photographs), *few, "--run=run")
    kept = torch.load(workplace / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert kept["global_step"] == 3
    assert os.listdir(workplace / "run" / "pictures") == ["val_000003.png"]
    steps = [int(row["step"]) for row in csv.DictReader((workplace / "run" / "metrics.csv").open())]
    if stop:
        assert code == 2
        assert complained.splitlines()[-1].startswith("deblur: error: cannot write run/checkpoints/best.ckpt: File too")
        assert "Traceback" not in complained
        assert max(steps) <= 5
    else:
        assert code == 0, complained
        for word in ("checkpoint: cannot write run/checkpoints/last", "picture: cannot write run/pictures/val_000006"):
            assert any(f"Training goes on without this {word}" in str(warning.message) for warning in caught)
        assert max(steps) == 8


def test_the_curves_wait_until_there_is_room(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before stays whole, and what came in between is written in the end."""
    from deblur_lightning.commands.experiment.loggers import RunCurves

    curves = RunCurves(workplace / "run")
    curves.log_metrics({"train/loss": 1.0}, step=0)
    curves.save()
    before = (workplace / "run" / "metrics.csv").read_text()
    assert before.splitlines() == ["step,train/loss", "0,1.0"]
    for step, metrics in enumerate([{"train/loss": 0.5}, {"val/psnr": 30.0}], start=1):
        curves.log_metrics(metrics, step=step)
        with no_room(len(before) + 3), pytest.warns(UserWarning, match="its curves wait to be written: cannot write"):
            curves.save()
        assert (workplace / "run" / "metrics.csv").read_text() == before
    curves.save()
    assert (workplace / "run" / "metrics.csv").read_text().splitlines() == [
        "step,train/loss,val/psnr", "0,1.0,", "1,0.5,", "2,,30.0",
    ]  # fmt: skip


def test_the_configuration_is_written_whole_or_not_at_all(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    with no_room(1000):
        code, _, complained = deblur("fit", *SRCNN, *photographs_of(photographs), "--run=run")
    assert code == 2
    assert complained.splitlines()[-1].startswith("deblur: error: cannot write run/config.yaml: File too large")
    assert [path.name for path in (workplace / "run").rglob("*") if path.is_file()] == []
    assert deblur("fit", *SRCNN, *photographs_of(photographs), "--run=run")[0] == 0
    assert yaml.safe_load((workplace / "run" / "config.yaml").read_text())["stop_when_full"] is True


def test_the_last_checkpoint_is_the_last_also_where_the_best_is_an_earlier_one(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(self: RunProgress, trainer: Trainer, pl_module: LightningModule) -> None:
        for parameter in pl_module.parameters():
            parameter.data *= 1 - min(trainer.current_epoch, 1)  # zero after the first epoch

    monkeypatch.setattr(RunProgress, "on_train_epoch_start", spoil)
    code, _, complained = deblur("fit", *SRCNN, *photographs_of(photographs), "--trainer.max_epochs=3", "--run=run")
    assert code == 0, complained
    steps = {
        name: torch.load(workplace / "run" / "checkpoints" / f"{name}.ckpt", weights_only=True)["global_step"]
        for name in ("best", "last")
    }
    assert steps == {"best": 3, "last": 9}
