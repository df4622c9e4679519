"""A batch that cannot be had ends a run in one line, with what was learned until then; it goes on as if never ended."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from torch.utils.data._utils import signal_handling

from deblur_lightning.callbacks.progress import RunProgress
from tests.conftest import write_image
from tests.helpers.command import GAN, SRCNN, photographs_of
from tests.helpers.resuming import assert_same_end

Deblur = Callable[..., tuple[int, str, str]]


def before_batch(number: int, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something while batch ``number`` is learned from, counted over the whole run."""

    def hook(self: RunProgress, trainer: Trainer, *_: Any) -> None:
        if trainer.fit_loop.epoch_loop.total_batch_idx == number:
            act()

    monkeypatch.setattr(RunProgress, "on_train_batch_start", hook)


def ended(given: list[str], told: str, saved: int, deblur: Deblur) -> None:
    code, printed, complained = deblur("fit", *given, "--run=first")
    assert code == 2, complained
    assert "Traceback" not in complained
    line = complained.splitlines()[-1]
    assert line.startswith("deblur: error: ")
    assert told in line
    command = "continue  deblur fit --config first/config.yaml --ckpt_path first/checkpoints/last.ckpt"
    assert printed.splitlines()[-1] == command
    assert torch.load("first/checkpoints/last.ckpt", weights_only=True)["global_step"] == saved


def goes_on(workplace: Path, deblur: Deblur) -> None:
    continued = ["--config", "first/config.yaml", "--ckpt_path", "first/checkpoints/last.ckpt", "--run=rest"]
    code, _, complained = deblur("fit", *continued)
    assert code == 0, complained
    assert_same_end(workplace / "whole", workplace / "first", workplace / "rest")


def vanish(folder: Path) -> None:
    for path in folder.glob("*.png"):
        path.rename(path.with_suffix(".gone"))


def spoil(folder: Path) -> None:
    for path in folder.glob("*.png"):
        path.with_suffix(".gone").write_bytes(path.read_bytes())
        path.write_bytes(b"")


def mend(folder: Path) -> None:
    for path in folder.glob("*.gone"):
        path.replace(path.with_suffix(".png"))


@pytest.mark.parametrize(
    ("experiment", "split", "batch", "lose", "told"),
    [
        (SRCNN, "train", 3, vanish, "does not exist"),  # within an epoch
        (GAN, "train", 4, spoil, "is not an image"),  # and within a cycle
        (
            SRCNN,
            "train",
            2,
            vanish,
            "does not exist",
        ),  # at its end, which is validated
        ([*SRCNN, "--trainer.val_check_interval=2"], "train", 4, vanish, "does not exist"),  # after a validation in one
        (SRCNN, "val", 1, spoil, "is not an image"),
    ],
)
def test_images_that_are_lost_cost_nothing_that_was_learned(
    experiment: list[str], split: str, batch: int, lose: Callable[[Path], None], told: str,
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    given = [*experiment, *photographs_of(photographs), "--trainer.max_epochs=3"]
    assert deblur("fit", *given, "--run=whole")[0] == 0
    with monkeypatch.context() as patch:
        before_batch(batch, lambda: lose(photographs / split), patch)
        ended(given, told, 3 if split == "val" else batch + 1, deblur)
    mend(photographs / split)
    goes_on(workplace, deblur)


@pytest.mark.slow
@pytest.mark.parametrize("experiment", [SRCNN, GAN], ids=["srcnn", "gan"])
def test_loaders_that_are_killed_cost_nothing_that_was_learned(
    experiment: list[str], workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12, 40):
        write_image(photographs / "train" / f"{number}.png", 72, 80, seed=number)
    given = [*experiment, *photographs_of(photographs), "--data.num_workers=2", "--data.epoch_length=40"]
    assert deblur("fit", *given, "--run=whole")[0] == 0

    def kill() -> None:
        for process in multiprocessing.active_children():
            process.kill()

    with monkeypatch.context() as patch:
        patch.setattr(signal_handling, "_SIGCHLD_handler_set", False)  # as in a process of its own
        before_batch(1, kill, patch)
        code, printed, complained = deblur("fit", *given, "--run=first")
    assert code == 2, complained
    assert complained.splitlines()[-1].startswith(
        "deblur: error: a loader process was ended from outside (killed by signal: Killed)"
    )
    assert "Traceback" not in complained
    assert printed.splitlines()[-1].startswith("continue  deblur fit")
    assert torch.load("first/checkpoints/last.ckpt", weights_only=True)["global_step"] >= 2
    goes_on(workplace, deblur)


def test_a_validation_that_fails_costs_nothing_that_was_learned(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that needs more memory than there is."""

    def fail(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(RunProgress, "on_validation_batch_start", fail)
    with pytest.raises(MemoryError):
        deblur("fit", *SRCNN, *photographs_of(photographs), "--run=run")
    assert torch.load("run/checkpoints/last.ckpt", weights_only=True)["global_step"] == 3


def test_what_fails_within_an_update_is_not_saved(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Callback, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == 1:
            raise MemoryError

    monkeypatch.setattr(RunProgress, "on_after_backward", fail)
    with pytest.raises(MemoryError):
        deblur("fit", *SRCNN, *photographs_of(photographs), "--run=run")
    assert not (workplace / "run/checkpoints").exists()
