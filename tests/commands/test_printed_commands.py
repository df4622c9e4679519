"""Commands that are printed do what they say when they are typed, whatever characters the paths have."""

import csv
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from deblur_lightning.commands.experiment.checkpoints import command_with
from deblur_lightning.sources.files import download_command
from tests.helpers.command import SRCNN, photographs_of

Deblur = Callable[..., tuple[int, str, str]]

ODD = "my #1 'run\" [x]: $HOME"


def _typed(printed: str, title: str) -> list[str]:
    """What a shell makes of the command behind ``title``, without its first word."""
    (line,) = [line for line in printed.splitlines() if line.startswith(title)]
    first, *words = shlex.split(line.removeprefix(title))
    assert first == "deblur"
    return words


def test_what_a_run_prints_tests_and_continues_it(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    images = photographs.rename(workplace / f"photographs {ODD}")
    code, printed, complained = deblur("fit", *SRCNN, *photographs_of(images), f"--run={ODD}")
    assert code == 0, complained
    code, _, complained = deblur(*_typed(printed, "test"))
    assert code == 0, complained
    assert (workplace / ODD / "scores.csv").is_file()
    code, again, complained = deblur(*_typed(printed, "continue"), "--trainer.max_epochs=2")
    assert code == 0, complained
    assert f"run       runs/{ODD}/001" in again


def test_a_run_names_its_folder_at_both_ends_and_its_best_score(
    workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    _, printed, _ = deblur("fit", *SRCNN, *photographs_of(photographs), "--run=mine")
    lines = printed.splitlines()
    assert [line for line in lines if line.startswith("run ")] == ["run       mine"] * 2
    (best,) = [line for line in lines if line.startswith("best ")]
    with Path("mine/metrics.csv").open(newline="") as file:
        scores = [float(row["val/psnr"]) for row in csv.DictReader(file) if row["val/psnr"]]
    assert best == f"best      val/psnr {max(scores):.4g}, in mine/checkpoints/best.ckpt"


def test_a_run_that_ends_before_a_validation_is_due_makes_up_for_it(
    workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    few = ("--trainer.max_epochs=1", "--trainer.check_val_every_n_epoch=2")
    code, printed, complained = deblur("fit", *SRCNN, *photographs_of(photographs), "--run=mine", *few)
    assert code == 0, complained
    with Path("mine/metrics.csv").open(newline="") as file:
        (score,) = [float(row["val/psnr"]) for row in csv.DictReader(file) if row["val/psnr"]]
    assert f"best      val/psnr {score:.4g}, in mine/checkpoints/last.ckpt" in printed
    assert "picture   mine/pictures/validate.png" in printed
    assert Path("mine/pictures/validate.png").is_file()
    code, printed, _ = deblur(
        "fit", *SRCNN, *photographs_of(photographs), "--run=none", *few, "--trainer.limit_val_batches=0"
    )
    assert code == 0
    assert "best  " not in printed


def test_a_refusal_names_an_option_that_can_be_typed(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    deblur("fit", *SRCNN, *photographs_of(photographs), f"--run={ODD}")
    on = ["--config", f"{ODD}/config.yaml", "--ckpt_path", f"{ODD}/checkpoints/last.ckpt"]
    for changed in ("--model.lr=0.5", "--data.batch_size=3"):
        code, _, complained = deblur("fit", *on, changed)
        assert code == 2
        own = complained.splitlines()[-1].partition("give the run's own with ")[2]
        assert shlex.split(own)[0].rstrip(".,") == f"--config={ODD}/config.yaml"


@pytest.mark.parametrize("folder", ["data/stl10", f"sets {ODD} \\ \N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_what_fetches_a_set_names_its_folder(folder: str) -> None:
    assert shlex.split(download_command("stl10", folder)) == ["deblur", "data", "stl10", f"--root={folder}"]


def test_plain_paths_are_printed_plainly() -> None:
    command = command_with("test", Path("runs/a/001"), Path("runs/a/001/checkpoints/best.ckpt"))
    assert command == "deblur test --config runs/a/001/config.yaml --ckpt_path runs/a/001/checkpoints/best.ckpt"
