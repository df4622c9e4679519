"""A continued run equals one that never stopped, bit for bit: weights, optimizers, averages and what was logged."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from deblur_lightning.callbacks.progress import RunProgress
from tests.helpers.command import SRCNN, photographs_of, write_tiny_labels
from tests.helpers.resuming import RUNS, arguments, assert_equal, assert_same_end

Deblur = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _tiny_labels(workplace: Path) -> None:
    write_tiny_labels(workplace)


def stop_at(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(self: RunProgress, trainer: Trainer, *_: Any) -> None:
        if trainer.fit_loop.epoch_loop.total_batch_idx == batch - 1:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(RunProgress, "on_train_batch_start", send)


def goes_on(batch: int, given: list[str], workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop a run after ``batch`` batches, continue it, and compare both with the one in ``whole``."""
    first, rest = (workplace / f"{part}{batch}" for part in ("first", "rest"))
    with monkeypatch.context() as patch:
        stop_at(batch, patch)
        code, _, complained = deblur("fit", *given, f"--run={first}")
        assert code == 143, complained
    code, _, complained = deblur(
        "fit", "--config", first / "config.yaml", "--ckpt_path", first / "checkpoints/last.ckpt", f"--run={rest}"
    )
    assert code == 0, complained
    assert_same_end(workplace / "whole", first, rest)


@pytest.mark.parametrize(
    ("name", "batch", "workers"),
    [
        ("srcnn", 2, 0),
        ("srcnn", 6, 2),
        ("deblurgan", 3, 0),
        ("regression", 1, 0),
        ("progressive", 4, 0),
        ("classifier", 4, 0),
    ],
)
def test_a_run_that_was_told_to_stop_goes_on_to_the_same_end(
    name: str, batch: int, workers: int, workplace: Path, photographs: Path, deblur: Deblur,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Stopped after so many batches of three in an epoch; a GAN at the end of the cycle that they lie in."""
    given = arguments(name, photographs, workers)
    code, _, complained = deblur("fit", *given, "--run=whole")
    assert code == 0, complained
    goes_on(batch, given, workplace, deblur, monkeypatch)


@pytest.mark.parametrize("name", ["srcnn", "classifier"])
def test_a_run_in_float64_goes_on_without_rounding(
    name: str, workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [*arguments(name, photographs, 0), "--trainer.precision=64-true"]
    code, _, complained = deblur("fit", *given, "--run=whole")
    assert code == 0, complained
    goes_on(2, given, workplace, deblur, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "workers"),
    [*((name, 0) for name in sorted(RUNS.keys() - {"regression"})), ("srcnn", 2), ("progressive", 2)],
)
def test_wherever_it_was_told_to_stop(
    name: str, workers: int, workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At three places in the second of three epochs, and at its end; a GAN's cycles are two batches long."""
    places, batches = ((9, 11, 13, 15), 8) if "gan" in name else ((5, 6, 7, 8), 4)
    given = arguments(name, photographs, workers, batches)
    code, _, complained = deblur("fit", *given, "--run=whole")
    assert code == 0, complained
    for batch in places:
        goes_on(batch, given, workplace, deblur, monkeypatch)


def test_a_run_that_was_told_to_stop_again_and_again_has_no_more_epochs(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["fit", *arguments("srcnn", photographs, 0)]
    for batch in (2, 3, 6, 8):
        with monkeypatch.context() as patch:
            stop_at(batch, patch)
            assert deblur(*command, f"--run=part{batch}")[0] == 143
        command = ["fit", "--config", f"part{batch}/config.yaml", "--ckpt_path", f"part{batch}/checkpoints/last.ckpt"]
    code, _, complained = deblur(*command, "--run=rest")
    assert code == 0, complained
    assert torch.load("rest/checkpoints/last.ckpt", weights_only=True)["global_step"] == 9


@pytest.mark.parametrize(("steps", "validation"), [(2, 1.0), (4, 1.0), (6, 1.0), (4, 2), (6, 2)])
def test_a_run_that_ended_by_its_steps_goes_on_to_the_same_end(
    steps: int, validation: float, workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    """Its last epoch, where it ended in the midst of one, is gone through to its end."""
    given = ["fit", *SRCNN, *photographs_of(photographs), "--model.schedule=Constant"]
    given.append(f"--trainer.val_check_interval={validation}")
    assert deblur(*given, "--trainer.max_epochs=3", "--run=whole")[0] == 0
    assert deblur(*given, "--trainer.max_epochs=-1", f"--trainer.max_steps={steps}", "--run=first")[0] == 0
    assert torch.load("first/checkpoints/last.ckpt", weights_only=True)["global_step"] == steps
    continued = ["--config", "first/config.yaml", "--ckpt_path", "first/checkpoints/last.ckpt", "--run=rest"]
    code, _, complained = deblur("fit", *continued, "--trainer.max_steps=9")
    assert code == 0, complained
    one, other = (torch.load(f"{run}/checkpoints/last.ckpt", weights_only=True) for run in ("whole", "rest"))
    assert one["global_step"] == other["global_step"] == 9
    assert_equal(one["state_dict"], other["state_dict"], "weights")
    assert_equal(one["optimizer_states"], other["optimizer_states"], "optimizer")


@pytest.mark.parametrize("name", ["srcnn", "deblurgan", "classifier"])
def test_a_run_that_overfits_one_batch_goes_on_with_it(
    name: str, workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [*arguments(name, photographs, 0), "--trainer.overfit_batches=1", "--trainer.max_epochs=4"]
    code, _, complained = deblur("fit", *given, "--run=whole")
    assert code == 0, complained
    goes_on(3, given, workplace, deblur, monkeypatch)
