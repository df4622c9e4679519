"""A signal in a validation is answered after the image; the continued run makes that validation, and all is as ever."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from deblur_lightning.callbacks.progress import RunProgress
from tests.helpers.command import write_tiny_labels
from tests.helpers.resuming import arguments, assert_same_end

Deblur = Callable[..., tuple[int, str, str]]

LONG = ["--trainer.max_epochs=3"]
WITHIN = [*LONG, "--trainer.val_check_interval=2"]
BY_STEPS = ["--trainer.max_epochs=-1", "--trainer.max_steps=6", "--trainer.val_check_interval=2"]


@pytest.fixture(autouse=True)
def _tiny_labels(workplace: Path) -> None:
    write_tiny_labels(workplace)


def stop_in_validation(step: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Signal in the second image of the validation after ``step``; returns the images that were begun in it."""
    begun: list[int] = []

    def send(self: RunProgress, trainer: Trainer, module: Any, batch: Any, batch_idx: int, *_: Any) -> None:
        if trainer.global_step == step:
            begun.append(batch_idx)
            if batch_idx == 1:
                signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(RunProgress, "on_validation_batch_start", send)
    return begun


@pytest.mark.parametrize(
    ("name", "settings", "step", "workers"),
    [
        ("srcnn", LONG, 4, 0),  # at the end of an epoch
        ("deblurgan", WITHIN, 6, 0),  # within one, and within a cycle of updates
        ("srcnn", WITHIN, 12, 2),  # the last
        ("srcnn", BY_STEPS, 6, 0),  # the last, which no step follows
        pytest.param("classifier", WITHIN, 10, 0, marks=pytest.mark.slow),
        pytest.param("regression", WITHIN, 2, 0, marks=pytest.mark.slow),
        pytest.param("deconv", LONG, 8, 2, marks=pytest.mark.slow),
    ],
)
def test_it_is_answered_after_the_image_and_made_up_for(
    name: str, settings: list[str], step: int, workers: int, workplace: Path, photographs: Path, deblur: Deblur,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    given = [*arguments(name, photographs, workers, batches=4), *settings]
    given += ["--data.eval_batch_size=1", "--trainer.limit_val_batches=3"]
    code, _, complained = deblur("fit", *given, "--run=whole")
    assert code == 0, complained
    with monkeypatch.context() as patch:
        begun = stop_in_validation(step, patch)
        code, printed, complained = deblur("fit", *given, "--run=first")
    assert code == 143, complained
    assert begun == [0, 1]
    command = "continue  deblur fit --config first/config.yaml --ckpt_path first/checkpoints/last.ckpt"
    assert printed.splitlines()[-1] == command
    assert torch.load("first/checkpoints/last.ckpt", weights_only=True)["global_step"] == step
    continued = ["--config", "first/config.yaml", "--ckpt_path", "first/checkpoints/last.ckpt", "--run=rest"]
    code, _, complained = deblur("fit", *continued)
    assert code == 0, complained
    assert_same_end(workplace / "whole", workplace / "first", workplace / "rest")
