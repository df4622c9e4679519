"""Learning rates are in the curves; a schedule that jumps, and a run with nothing left to do, are told."""

import csv
import math
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.command import GAN, SRCNN, photographs_of

Deblur = Callable[..., tuple[int, str, str]]

COSINE = [*SRCNN, "--model.schedule=Cosine", "--model.lr=0.01", "--model.last_lr=0.001"]


def curve(run: Path, key: str) -> list[float]:
    return [float(row[key]) for row in csv.DictReader((run / "metrics.csv").open()) if row.get(key)]


def half_cosine(steps: int, rate: float) -> list[float]:
    return [pytest.approx(rate * (1 + math.cos(math.pi * step / steps)) / 2) for step in range(steps)]


@pytest.mark.parametrize(
    ("experiment", "rates"),
    [
        (COSINE, {"train/lr": 0.01, "train/last_lr": 0.001}),
        (
            [*GAN, "--model.schedule=Cosine", "--model.lr=0.01", "--model.discriminator_lr=0.001"],
            {"train/lr": 0.01, "train/discriminator_lr": 0.001},
        ),
    ],
    ids=["srcnn", "gan"],
)
def test_every_rate_is_logged_as_the_batch_was_learned_with(
    experiment: list[str], rates: dict[str, float], workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    code, _, complained = deblur("fit", *experiment, *photographs_of(photographs), "--run=run")
    assert code == 0, complained
    for key, rate in rates.items():
        assert curve(workplace / "run", key) == half_cosine(3, rate)


def test_a_longer_run_s_schedule_jumps_and_says_so(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    assert deblur("fit", *COSINE, *photographs_of(photographs), "--run=first")[0] == 0
    continued = ["--config", "first/config.yaml", "--ckpt_path", "first/checkpoints/last.ckpt", "--run=rest"]
    told = r"planned for 3 steps and now has 6, .* Cosine is drawn: after step 3 its rates jump from 0 to 0.5 of those"
    with pytest.warns(UserWarning, match=told):
        assert deblur("fit", *continued, "--trainer.max_epochs=2")[0] == 0
    assert curve(workplace / "rest", "train/lr")[1:] == half_cosine(6, 0.01)[4:]


def test_a_constant_rate_of_a_longer_run_needs_no_word(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    assert deblur("fit", *SRCNN, "--model.schedule=Constant", *photographs_of(photographs), "--run=first")[0] == 0
    continued = ["--config", "first/config.yaml", "--ckpt_path", "first/checkpoints/last.ckpt", "--run=rest"]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert deblur("fit", *continued, "--trainer.max_epochs=2")[0] == 0
    assert not [warning for warning in told if "planned for" in str(warning.message)]


@pytest.mark.parametrize(("name", "length"), [("max_epochs", 1), ("max_steps", 2)])
def test_a_finished_run_that_is_continued_says_that_nothing_was_trained(
    name: str, length: int, workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    assert deblur("fit", *SRCNN, *photographs_of(photographs), f"--trainer.{name}={length}", "--run=first")[0] == 0
    continued = ["--config", "first/config.yaml", "--ckpt_path", "first/checkpoints/last.ckpt", "--run=rest"]
    told = rf"Nothing was trained: first/checkpoints/last.ckpt has had all of its {name}={length}\. "
    with pytest.warns(UserWarning, match=rf"{told}.* --trainer.{name}={2 * length}\."):
        assert deblur("fit", *continued)[0] == 0
