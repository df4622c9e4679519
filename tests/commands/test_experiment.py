"""fit, validate, test and predict as a user types them: runs, continued runs, and mistakes told in one line."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from deblur_lightning.callbacks.progress import RunProgress
from deblur_lightning.records import read_scores
from tests.conftest import EXPERIMENTS, REPOSITORY, write_image

Deblur = Callable[..., tuple[int, str, str]]

GAN = ["fit", "--config", "experiments/deblurgan.yaml", "--config", "tiny.yaml"]
GAN += ["--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]"]


@pytest.fixture
def run(workplace: Path, photographs: Path, deblur: Deblur) -> Path:
    """A small GAN trained on the small photographs."""
    code, _, complained = deblur(*GAN, "--data.source=Folder", f"--data.source.root={photographs}", "--run=run")
    assert code == 0, complained
    return workplace / "run"


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
    header = (run / "metrics.csv").read_text().splitlines()[0]
    assert {"train/loss_generator", "train/loss_discriminator", "val/psnr", "val/ssim_gain"} <= set(header.split(","))


def test_runs_are_numbered_and_none_is_overwritten(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    folder = ["--data.source=Folder", f"--data.source.root={photographs}", "--trainer.limit_train_batches=1"]
    for _ in range(2):
        assert deblur(*GAN, *folder)[0] == 0
    assert sorted(path.name for path in (workplace / "runs" / "deblurgan").iterdir()) == ["001", "002"]
    code, _, complained = deblur(*GAN, *folder, "--run=runs/deblurgan/001")
    assert (code, complained) == (2, _one_line("runs/deblurgan/001 holds a run already: give another --run, or none."))


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


def _one_line(message: str) -> str:
    return f"deblur: error: {message}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data.crop_sizes=3"], "SyntheticBlur has no setting 'crop_sizes': did you mean 'crop_size'?"),
        (["--trainer.max_epoch=3"], "no setting 'trainer.max_epoch': did you mean 'trainer.max_epochs'?"),
        (["--config", "nested.yaml"], "UNet has no setting 'width': did you mean 'widths'?"),
        (["--config", "top.yaml"], "no setting 'modle.lr': did you mean 'model'?"),
        (["--data.source=Foldr"], "no class 'Foldr' for data.source: did you mean 'Folder'?"),
        (["--model=Gan"], "no class 'Gan' for model: choose from AdversarialRestorer, "),
        (
            ["--model.network=Photos"],
            "no class 'Photos' for model.network: choose from ",
        ),
        (
            ["--model.reconstruction=[{class_path: L2}]"],
            "no class 'L2' for model.reconstruction: choose from Charbonnier, FrequencyL1, L1, SSIM, VGG16Perceptual, ",
        ),
        (["--model.lr=fast"], "model.lr=fast does not fit: lr takes a number."),
        (["--config", "none.yaml"], "no file {here}/none.yaml: --config takes the path of a YAML file, such as"),
        (["--config", "broken.yaml"], "broken.yaml is not valid YAML (while parsing a flow node"),
        (["--data.source=Folder", "--data.source.root=nowhere"], "the image folder nowhere does not exist; check its"),
        (["--data.source=Folder", "--data.source.root=empty"], "the image folder empty is empty; put images into it"),
        (
            ["--data.source=Folder", "--data.source.root=texts"],
            "texts holds no image (none of its 1 files ends in .bmp",
        ),
        (
            ["--data.crop_size=300"],
            "crop_size=300 is larger than extra/dead-leaves-000000 (160x160 pixels): set --data.crop_size=160",
        ),
        (["--data.degradation.length=[0,5]"], "MotionBlur length starts at 0.0: give 1 or more."),
        (["--model.generator_steps=0"], "generator_steps=0, discriminator_steps=1: give 1 or more for both."),
        (["--data.crop_size=4"], "An image of 4x4 leaves the discriminator no patch: use a crop_size of at least"),
        (["--pictures.count=0"], "pictures.count=0, pictures.side=256: give 1 or more for both."),
        (["--ckpt_path=last"], "no checkpoint at last: give the file's path, such as RUN/checkpoints/last.ckpt."),
        (
            ["--ckpt_path=broken.yaml"],
            "broken.yaml cannot be read as a checkpoint: give one that deblur fit has written.",
        ),
        (["--data.source=Folder"], "Folder needs root: give --data.source.root."),
        (["--config", "flat.yaml"], "a class takes class_path and init_args, and nothing beside them"),
        (["--model.network.widths=abc"], "model.network.widths=abc does not fit: widths takes a list."),
        (["--model.lr=-1"], "model.lr=-1.0: give a learning rate above 0."),
        (["--trainer.gradient_clip_val=1"], "trainer.gradient_clip_val=1 cannot serve a GAN's two optimizers: set"),
        (["--model.ema_decay=2"], "model.ema_decay=2.0: give 0 for no average, or a number below 1 such as 0.999."),
        (
            ["--model.discriminator=null"],
            "model.discriminator is missing: a generator alone can be tested and used, not",
        ),
        (["--trainer.strategy=foo"], "You selected an invalid strategy name"),
        (["--trainer.precision=16-true"], "--trainer.precision=16-true cannot hold 256 levels"),
        (["--trainer.devices=0"], "`Trainer(devices='0')` value is not a valid input using cpu accelerator."),
    ],
)
def test_mistakes_end_in_one_line_that_names_culprit_and_cure(
    arguments: list[str], told: str, workplace: Path, deblur: Deblur
) -> None:
    (workplace / "empty").mkdir()
    (workplace / "texts").mkdir()
    (workplace / "texts" / "a.txt").touch()
    (workplace / "nested.yaml").write_text(yaml.safe_dump({"model": {"network": {"init_args": {"width": [3]}}}}))
    (workplace / "top.yaml").write_text("modle: {lr: 1}")
    (workplace / "flat.yaml").write_text("data: {source: {class_path: Folder, root: x}}")
    (workplace / "broken.yaml").write_text("model: {lr: [")
    code, _, complained = deblur(*GAN, *arguments)
    last = complained.splitlines()[-1]
    assert code == 2
    assert last.startswith(_one_line(told.replace("{here}", str(workplace.resolve())))[:-1])
    assert "Traceback" not in complained
    assert "usage:" not in complained


def test_a_worker_s_complaint_is_one_line_too(photographs: Path, workplace: Path, deblur: Deblur) -> None:
    for path in (photographs / "train").iterdir():
        path.write_bytes(path.read_bytes()[:-200])  # the header stays whole, the pixels do not
    source = ["--data.source=Folder", f"--data.source.root={photographs}", "--data.num_workers=1"]
    code, _, complained = deblur(*GAN, *source)
    assert code == 2
    assert re.search(r"^deblur: error: .*train/\d\d\.png.*$", complained.splitlines()[-1])


def test_an_overlay_before_its_experiment_is_told_to_come_after(workplace: Path, deblur: Deblur) -> None:
    code, _, complained = deblur("fit", "--config", "experiments/data/folder.yaml", *GAN[1:])
    assert code == 2
    assert complained.startswith("deblur: error: there is no class yet that has")


def test_w_and_b_without_a_key_stays_offline_and_the_test_in_its_run(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(workplace / "none"))
    wandb = ["--trainer.logger=WandbLogger", "--trainer.logger.project=p", "--run=run"]
    with pytest.warns(UserWarning, match="W&B has no key here"):
        code, _, complained = deblur(*GAN, "--data.source=Folder", f"--data.source.root={photographs}", *wandb)
    assert code == 0, complained
    assert list(workplace.glob("wandb/offline-run-*"))
    code, _, complained = deblur("test", "--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt")
    assert code == 0, complained
    assert (workplace / "run" / "scores.csv").is_file()
    assert not (workplace / "scores.csv").exists()


@pytest.mark.parametrize("option", ["--trainer.enable_progress_bar=false", "--trainer.fast_dev_run=true"])
def test_lightning_s_own_switches_work(option: str, workplace: Path, photographs: Path, deblur: Deblur) -> None:
    code, _, complained = deblur(*GAN, "--data.source=Folder", f"--data.source.root={photographs}", option, "--run=run")
    assert code == 0, complained
    assert (workplace / "run" / "config.yaml").exists() == ("fast_dev_run" not in option)


def test_nothing_but_a_trained_restorer_is_scored(workplace: Path, deblur: Deblur) -> None:
    code, _, complained = deblur("test", "--config", "experiments/srcnn_915.yaml")
    assert code == 2
    assert complained == _one_line("deblur test needs a trained restorer: --ckpt_path=RUN/checkpoints/best.ckpt")


@pytest.mark.parametrize(
    ("subcommand", "change", "culprit"),
    [
        ("fit", "--model.lr=0.5", "lr=0.001, the configuration says 0.5"),
        ("test", "--model.network.widths=[4,9]", "network.init_args.widths=[4, 8], the configuration says [4, 9]"),
        ("fit", "--model.network=SRCNN", "network.class_path=deblur_lightning.networks.unet.UNet, the configuration"),
    ],
)
def test_a_checkpoint_never_meets_other_settings_in_silence(
    subcommand: str, change: str, culprit: str, run: Path, deblur: Deblur
) -> None:
    config = ["--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "last.ckpt"]
    code, _, complained = deblur(subcommand, *config, change)
    assert code == 2
    assert f"was trained with {culprit}" in complained.splitlines()[-1]


def test_a_generator_is_tested_without_its_discriminator(run: Path, deblur: Deblur) -> None:
    config = ["--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "best.ckpt"]
    scores = []
    for discriminator in ([], ["--model.discriminator=null"]):
        code, _, complained = deblur("test", *config, *discriminator)
        assert code == 0, complained
        scores.append((run / "scores.csv").read_text())
        (run / "scores.csv").unlink()
    assert scores[0] == scores[1]


def test_a_diverged_run_ends_in_one_line_and_is_not_kept(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ["--data.source=Folder", f"--data.source.root={photographs}", "--run=run"]
    code, _, complained = deblur(*GAN, *source, "--model.lr=1e30")
    assert code == 2
    assert re.search(r"^deblur: error: .* became (nan|-?inf) .*: lower the learning rate", complained.splitlines()[-1])
    assert not (workplace / "run" / "checkpoints").exists()


def test_an_overlay_changes_the_data_of_a_trained_model(run: Path, tmp_path: Path, deblur: Deblur) -> None:
    for number in range(3):
        write_image(tmp_path / f"{number}.png", 64, 64, seed=number)
    config = ["--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "best.ckpt"]
    shutil.rmtree(tmp_path / "photographs")
    code, _, complained = deblur("test", *config, f"--data.source.root={tmp_path}")
    assert code == 0, complained
    assert len(read_scores(run / "scores.csv")) == 7


def test_two_processes_train_one_gan_and_count_every_image_once(
    workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    """In a process of its own, since the second rank starts the same command again."""
    two = ["--trainer.devices=2", "--trainer.strategy=ddp", "--run=run", "--data.batch_size=1"]
    source = ["--data.source=Folder", f"--data.source.root={photographs}"]
    command = [sys.executable, "-m", "deblur_lightning", *GAN, *two, *source]
    answer = subprocess.run(command, cwd=workplace, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 0, answer.stderr
    last = torch.load(workplace / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 6  # six samples an epoch, one for each of two processes at a time

    config = ["--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt"]
    command = [sys.executable, "-m", "deblur_lightning", "test", *config]
    answer = subprocess.run(command, cwd=workplace, capture_output=True, text=True, check=False, timeout=300)
    assert answer.returncode == 0, answer.stderr
    together = (workplace / "run" / "scores.csv").read_text()
    (workplace / "run" / "scores.csv").unlink()
    code, _, complained = deblur("test", *config, "--trainer.devices=1", "--trainer.strategy=auto")
    assert code == 0, complained
    assert together == (workplace / "run" / "scores.csv").read_text()


def test_a_wrong_way_import_fails_the_check(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "deblur_lightning", tmp_path / "deblur_lightning")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    lint = [Path(sys.executable).with_name("lint-imports")]
    assert subprocess.run(lint, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    with (tmp_path / "deblur_lightning" / "draws.py").open("a") as file:
        file.write("\nimport deblur_lightning.methods.base\n")
    answer = subprocess.run(lint, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert "deblur_lightning.draws -> deblur_lightning.methods.base" in answer.stdout


def test_every_class_an_experiment_names_is_found_by_its_short_name() -> None:
    for path in set(EXPERIMENTS.rglob("*.yaml")) - {EXPERIMENTS / "claims.yaml"}:
        assert not re.search(r"class_path: .*\.", path.read_text()), path


def test_ctrl_c_leaves_a_run_that_goes_on(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    presses = iter([signal.SIGINT])  # one: pressed again, it would not wait for the end of the cycle
    monkeypatch.setattr(
        RunProgress, "on_train_batch_start", lambda *_: [signal.raise_signal(press) for press in presses]
    )
    own = ["--data.source=Folder", f"--data.source.root={photographs}", "--trainer.max_epochs=2"]
    code, printed, _ = deblur(*GAN, *own, "--run=run")
    assert code == 130
    monkeypatch.undo()
    monkeypatch.chdir(workplace)
    command = printed.splitlines()[-1].removeprefix("continue  deblur ").split()
    assert command == ["fit", "--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt"]
    code, _, complained = deblur(*command)
    assert code == 0, complained
    last = torch.load(workplace / "runs" / "run" / "001" / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 6
