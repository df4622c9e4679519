"""fit, validate, test and predict as a user types them: runs, continued runs, and mistakes told in one line."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from deblur_lightning.callbacks.progress import RunProgress
from deblur_lightning.callbacks.scores import package_commit
from deblur_lightning.records import read_scores
from tests.conftest import write_image
from tests.helpers.command import GAN

Deblur = Callable[..., tuple[int, str, str]]


def test_a_run_holds_its_configuration_checkpoints_curves_and_pictures(run: Path) -> None:
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert files == {
        "config.yaml",
        "metrics.csv",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "pictures/health.png",
        "pictures/val_000003.png",
    }
    assert (run / "config.yaml").read_text().startswith(f"# commit {package_commit()}\n")
    header = (run / "metrics.csv").read_text().splitlines()[0]
    assert {"train/loss_generator", "train/loss_discriminator", "val/psnr", "val/ssim_gain"} <= set(header.split(","))


def test_runs_are_numbered_and_none_is_overwritten(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    folder = ["--data.source=Folder", f"--data.source.root={photographs}", "--trainer.limit_train_batches=1"]
    for _ in range(2):
        assert deblur("fit", *GAN, *folder)[0] == 0
    assert sorted(path.name for path in (workplace / "runs" / "deblurgan").iterdir()) == ["001", "002"]
    code, _, complained = deblur("fit", *GAN, *folder, "--run=runs/deblurgan/001")
    assert (code, complained) == (
        2,
        "deblur: error: runs/deblurgan/001 holds a run already: give another --run, or none.\n",
    )


def test_an_interrupted_run_goes_on_in_a_run_of_its_own(run: Path, workplace: Path, deblur: Deblur) -> None:
    config = ["--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "last.ckpt"]
    code, printed, complained = deblur("fit", *config, "--trainer.max_epochs=2")
    assert code == 0, complained
    assert "runs/run/001" in printed
    last = torch.load(workplace / "runs" / "run" / "001" / "checkpoints" / "last.ckpt", weights_only=True)
    assert (last["epoch"], last["global_step"]) == (1, 6)


def test_the_test_is_recorded_image_by_image_with_its_conditions(run: Path, deblur: Deblur) -> None:
    test = ["test", "--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "best.ckpt"]
    for _ in range(2):  # a second test replaces the records of the first
        code, printed, complained = deblur(*test)
        assert code == 0, complained
    records = read_scores(run / "scores.csv")
    assert len(records) == 3 * 7
    assert {record.image for record in records} == {"test/00.png", "test/01.png", "test/02.png"}
    first = records[0]
    assert (first.border, first.noise, first.rounding, first.split) == ("reflect", "none", "8-bit", "test")
    assert first.features in {"vgg19.relu3_3 missing", "vgg19.relu3_3"}
    assert len({record.inputs for record in records}) == 3
    for word in ("mean", "n = 3 images", "protocol rgb8", "border reflect", "scores.csv"):
        assert word in printed


def test_predictions_are_files_named_after_their_images(run: Path, deblur: Deblur) -> None:
    config = ["--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "best.ckpt"]
    assert deblur("predict", *config)[0] == 0
    found = sorted(path.relative_to(run).as_posix() for path in (run / "predictions").rglob("*.png"))
    assert found == [f"predictions/test/{number:02d}.png" for number in range(3)]


def test_w_and_b_without_a_key_stays_offline_and_the_test_in_its_run(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(workplace / "none"))
    wandb = ["--trainer.logger=WandbLogger", "--trainer.logger.project=p", "--run=run"]
    with pytest.warns(UserWarning, match="W&B has no key here"):
        code, _, complained = deblur("fit", *GAN, "--data.source=Folder", f"--data.source.root={photographs}", *wandb)
    assert code == 0, complained
    assert list(workplace.glob("wandb/offline-run-*"))
    code, _, complained = deblur("test", "--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt")
    assert code == 0, complained
    assert (workplace / "run" / "scores.csv").is_file()
    assert not (workplace / "scores.csv").exists()


@pytest.mark.parametrize("option", ["--trainer.enable_progress_bar=false", "--trainer.fast_dev_run=true"])
def test_lightning_s_own_switches_work(option: str, workplace: Path, photographs: Path, deblur: Deblur) -> None:
    code, _, complained = deblur(
        "fit", *GAN, "--data.source=Folder", f"--data.source.root={photographs}", option, "--run=run"
    )
    assert code == 0, complained
    assert (workplace / "run" / "config.yaml").exists() == ("fast_dev_run" not in option)


def test_a_generator_is_tested_without_its_discriminator(run: Path, deblur: Deblur) -> None:
    config = ["--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "best.ckpt"]
    scores = []
    for discriminator in ([], ["--model.discriminator=null"]):
        code, _, complained = deblur("test", *config, *discriminator)
        assert code == 0, complained
        scores.append((run / "scores.csv").read_text())
        (run / "scores.csv").unlink()
    assert scores[0] == scores[1]


def test_an_overlay_changes_the_data_of_a_trained_model(run: Path, tmp_path: Path, deblur: Deblur) -> None:
    for number in range(3):
        write_image(tmp_path / f"{number}.png", 64, 64, seed=number)
    config = ["--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "best.ckpt"]
    shutil.rmtree(tmp_path / "photographs")
    code, _, complained = deblur("test", *config, f"--data.source.root={tmp_path}")
    assert code == 0, complained
    assert len(read_scores(run / "scores.csv")) == 7


@pytest.mark.slow
def test_two_processes_train_one_gan_and_count_every_image_once(
    workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    """In a process of its own, since the second rank starts the same command again."""
    two = ["--trainer.devices=2", "--trainer.strategy=ddp", "--run=run", "--data.batch_size=1"]
    source = ["--data.source=Folder", f"--data.source.root={photographs}"]
    command = [sys.executable, "-m", "deblur_lightning", "fit", *GAN, *two, *source]
    answer = subprocess.run(command, cwd=workplace, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 0, answer.stderr
    last = torch.load(workplace / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 3  # batches: six samples, one for each of two processes at a time

    config = ["--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt"]
    command = [sys.executable, "-m", "deblur_lightning", "test", *config]
    answer = subprocess.run(command, cwd=workplace, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 0, answer.stderr
    together = (workplace / "run" / "scores.csv").read_text()
    (workplace / "run" / "scores.csv").unlink()
    code, _, complained = deblur("test", *config, "--trainer.devices=1", "--trainer.strategy=auto")
    assert code == 0, complained
    assert together == (workplace / "run" / "scores.csv").read_text()


def test_ctrl_c_leaves_a_run_that_goes_on(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    presses = iter([signal.SIGINT])  # one: pressed again, it would not wait for the end of the cycle
    monkeypatch.setattr(
        RunProgress, "on_train_batch_start", lambda *_: [signal.raise_signal(press) for press in presses]
    )
    own = ["--data.source=Folder", f"--data.source.root={photographs}", "--trainer.max_epochs=2"]
    code, printed, _ = deblur("fit", *GAN, *own, "--run=run")
    assert code == 130
    monkeypatch.undo()
    monkeypatch.chdir(workplace)
    command = printed.splitlines()[-1].removeprefix("continue  deblur ").split()
    assert command == ["fit", "--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt"]
    code, _, complained = deblur(*command)
    assert code == 0, complained
    last = torch.load(workplace / "runs" / "run" / "001" / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 6
