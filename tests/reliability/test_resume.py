"""A continued run equals one that never stopped, bit for bit: weights, optimizers, averages and what was logged."""

import csv
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from deblur_lightning.callbacks.progress import RunProgress
from tests.helpers.command import CLASSIFIER, GAN, SRCNN, photographs_of, write_tiny_labels

Deblur = Callable[..., tuple[int, str, str]]

FACES = ["--config", "experiments/gan_celeba.yaml", "--config", "tiny.yaml", "--data.crop_size=64"]
FACES += ["--model.network.widths=[8,4,8,8,8]", "--model.discriminator.widths=[4,4,4,4]"]
RUNS = {
    "srcnn": [*SRCNN, "--model.schedule=Cosine"],
    "deconv": ["--config", "experiments/deconv_layer.yaml", "--config", "tiny.yaml", "--model.loss_border=4"],
    "deblurgan": [*GAN, "--model.ema_decay=0.9", "--model.generator_steps=2"],
    "gan_celeba": [*FACES, "--model.generator_steps=2"],
    "regression": ["--config", "experiments/nafnet_blind.yaml", "--config", "tiny.yaml", "--model.network.width=4"],
    "classifier": [*CLASSIFIER, "--model.schedule=Cosine"],
}
PASSING = {"loops", "callbacks", "hparams_name", "datamodule_hyper_parameters"}
"""Parts of a checkpoint that name folders and count restarts."""


def arguments(name: str, photographs: Path, workers: int, batches: int = 3) -> list[str]:
    images = [] if name == "classifier" else photographs_of(photographs)
    epoch = [f"--data.epoch_length={2 * batches}", "--trainer.max_epochs=3"]
    return [*RUNS[name], *images, f"--data.num_workers={workers}", *epoch]


@pytest.fixture(autouse=True)
def _tiny_labels(workplace: Path) -> None:
    write_tiny_labels(workplace)


def stop_at(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(self: RunProgress, trainer: Trainer, *_: Any) -> None:
        if trainer.fit_loop.epoch_loop.total_batch_idx == batch - 1:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(RunProgress, "on_train_batch_start", send)


def logged(*runs: Path) -> dict[tuple[str, str], str]:
    """What was logged, by key and step; a later run tells nothing twice."""
    found: dict[tuple[str, str], str] = {}
    for run in runs:
        for row in csv.DictReader((run / "metrics.csv").open()):
            for name, value in row.items():
                if value and name not in ("step", "epoch"):
                    assert (name, row["step"]) not in found, (name, row["step"])
                    found[name, row["step"]] = value
    return found


def assert_equal(one: Any, other: Any, place: str) -> None:
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), place
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            assert_equal(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), place
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_equal(a, b, f"{place}.{number}")
    else:
        assert one == other, place


def assert_same_end(whole: Path, *parts: Path) -> None:
    one, other = (torch.load(run / "checkpoints/last.ckpt", weights_only=True) for run in (whole, parts[-1]))
    for part in one.keys() - PASSING:
        assert_equal(one[part], other[part], part)
    assert logged(whole) == logged(*parts)


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
    [("srcnn", 2, 0), ("srcnn", 6, 2), ("deblurgan", 3, 0), ("regression", 1, 0), ("classifier", 4, 0)],
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


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", sorted(RUNS.keys() - {"regression"}))
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
