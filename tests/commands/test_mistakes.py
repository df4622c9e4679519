"""Mistakes of a user of fit, test and predict: one line that names the culprit and the cure, and exit code 2."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from tests.helpers.command import GAN

Deblur = Callable[..., tuple[int, str, str]]


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
            "no class 'L2' for model.reconstruction: choose from Charbonnier, FrequencyL1, L1, PSNRLoss, SSIM, VGG16",
        ),
        (["--model.lr=fast"], "model.lr=fast does not fit: lr takes a number."),
        (
            ["--config", "none.yaml"],
            "no file none.yaml, and no experiment of that name: deblur experiments lists them.",
        ),
        (["--config", "broken.yaml"], "broken.yaml is not valid YAML (while parsing a flow node"),
        (["--config", "twice.yaml"], "twice.yaml is not valid YAML (the key 'lr' is given twice"),
        (["--data.source=Folder", "--data.source.root=nowhere"], "the image folder nowhere does not exist: check its"),
        (["--data.source=Folder", "--data.source.root=empty"], "the image folder empty is empty: put images into it"),
        (
            ["--data.source=Folder", "--data.source.root=texts"],
            "texts holds no image (none of its 1 files ends in .bmp",
        ),
        (
            ["--data.crop_size=300"],
            "crop_size=300 is larger than extra/dead-leaves-000000 (160x160 pixels): set --data.crop_size=160",
        ),
        (["--data.degradation.length=[0,5]"], "MotionBlur length starts at 0.0: give 1 or more."),
        (
            ["--model.generator_steps=0"],
            "generator_steps=0, discriminator_steps=1: give 1 or more for both (--model.generator_steps, ",
        ),
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
        (["--model.lr=-1"], "lr=-1.0: give a learning rate above 0 (--model.lr)."),
        (
            ["--trainer.gradient_clip_val=1"],
            "gradient_clip_val=1 cannot serve a GAN's two optimizers: set --model.clip_norm=1 instead",
        ),
        (
            ["--model.ema_decay=2"],
            "ema_decay=2.0: give 0 for no average, or a number below 1 such as 0.999 (--model.ema_decay).",
        ),
        (
            ["--model.discriminator=null"],
            "discriminator is missing: a generator alone can be tested and used, not",
        ),
        (["--trainer.strategy=foo"], "You selected an invalid strategy name"),
        (
            ["--trainer.precision=16-true"],
            "precision=16-true cannot hold 256 levels: give bf16-mixed or 32-true (--trainer.precision).",
        ),
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
    (workplace / "twice.yaml").write_text("model:\n  init_args:\n    lr: 1\n    lr: 2\n")
    code, _, complained = deblur("fit", *GAN, *arguments)
    last = complained.splitlines()[-1]
    assert code == 2
    assert last.startswith(_one_line(told.replace("{here}", str(workplace.resolve())))[:-1])
    assert "Traceback" not in complained
    assert "usage:" not in complained


KORNIA: dict[str, Any] = {
    "class_path": "KorniaDegradation",
    "init_args": {"augmentation": {"class_path": "kornia.augmentation.RandomMotionBlur"}},
}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"kernel_size": -1}, "RandomMotionBlur: `kernel_size` must be odd"),
        ({"kernel_size": 1.5}, "data.degradation.augmentation.kernel_size=1.5 does not fit: kernel_size takes a whole"),
        ({"angle": [float("nan"), 180.0]}, "RandomMotionBlur: If angle is a range, it must be finite."),
        ({"angle": [1, 2, 3]}, "data.degradation.augmentation.angle=[1, 2, 3] does not fit: angle takes a number or a"),
        (
            {"p": float("nan")},
            "KorniaDegradation augmentation p=nan: give a share from 0 to 1 (--data.degradation.",
        ),
        ({"kernel_size": [-5, -3]}, "RandomMotionBlur: "),  # refused when it is drawn
    ],
)
def test_what_another_library_refuses_is_told_in_one_line(
    settings: dict[str, object], told: str, workplace: Path, deblur: Deblur
) -> None:
    degradation = copy.deepcopy(KORNIA)
    degradation["init_args"]["augmentation"]["init_args"] = {
        "kernel_size": 5,
        "angle": 0.0,
        "direction": 0.0,
    } | settings
    (workplace / "kornia.yaml").write_text(yaml.safe_dump({"data": {"init_args": {"degradation": degradation}}}))
    code, _, complained = deblur("fit", *GAN, "--config", "kornia.yaml")
    assert code == 2
    assert complained.splitlines()[-1].startswith(_one_line(told)[:-1])
    assert "Traceback" not in complained
    (workplace / "photos").mkdir()
    Image.new("RGB", (40, 40)).save(workplace / "photos" / "a.png")
    code, _, complained = deblur("synthesize", "photos", "--out", "pairs", "--config", "kornia.yaml")
    assert code == 2
    assert complained.startswith("deblur: error: ")
    assert len(complained.splitlines()) == 1


def test_a_worker_s_complaint_is_one_line_too(photographs: Path, workplace: Path, deblur: Deblur) -> None:
    for path in (photographs / "train").iterdir():
        path.write_bytes(path.read_bytes()[:-200])  # the header stays whole, the pixels do not
    source = ["--data.source=Folder", f"--data.source.root={photographs}", "--data.num_workers=1"]
    code, _, complained = deblur("fit", *GAN, *source)
    assert code == 2
    assert re.search(r"^deblur: error: .*train/\d\d\.png.*$", complained.splitlines()[-1])


def test_an_overlay_before_its_experiment_is_told_to_come_after(workplace: Path, deblur: Deblur) -> None:
    code, _, complained = deblur("fit", "--config", "experiments/data/folder.yaml", *GAN)
    assert code == 2
    assert complained.startswith("deblur: error: there is no class yet that has")


def test_nothing_but_a_trained_restorer_is_scored(workplace: Path, deblur: Deblur) -> None:
    code, _, complained = deblur("test", "--config", "experiments/srcnn_915.yaml")
    assert code == 2
    wanted = "deblur test needs a trained restorer: --ckpt_path=RUN/checkpoints/best.ckpt, or --weights=FILE"
    assert complained == _one_line(wanted)


@pytest.mark.parametrize(
    ("subcommand", "change", "culprit"),
    [
        ("fit", "--model.lr=0.5", "lr=0.001, the configuration says 0.5"),
        ("test", "--model.network.widths=[4,9]", "network.init_args.widths=[4, 8], the configuration says [4, 9]"),
        ("fit", "--model.network=SRCNN", "network.class_path=deblur_lightning.networks.UNet, the configuration"),
    ],
)
def test_a_checkpoint_never_meets_other_settings_in_silence(
    subcommand: str, change: str, culprit: str, run: Path, deblur: Deblur
) -> None:
    config = ["--config", run / "config.yaml", "--ckpt_path", run / "checkpoints" / "last.ckpt"]
    code, _, complained = deblur(subcommand, *config, change)
    assert code == 2
    assert f"was trained with {culprit}" in complained.splitlines()[-1]


def test_a_diverged_run_ends_in_one_line_and_is_not_kept(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ["--data.source=Folder", f"--data.source.root={photographs}", "--run=run"]
    code, _, complained = deblur("fit", *GAN, *source, "--model.lr=1e30")
    assert code == 2
    assert re.search(
        r"^deblur: error: .* became \S+ at batch \d+ .*: lower the learning rate", complained.splitlines()[-1]
    )
    assert not (workplace / "run" / "checkpoints").exists()
