"""Classes of the user's own: they simply work, or one line says what is missing."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.command import GAN, photographs_of

Deblur = Callable[..., tuple[int, str, str]]

REGRESSION = ["--config", "experiments/nafnet_blind.yaml", "--config", "tiny.yaml", "--model.network.width=2"]
REGRESSION += ["--data.degradation=GaussianBlur"]

MINE = """
from torch import nn
from deblur_lightning.losses.reconstruction import ReconstructionLoss


class Distance(nn.Module):
    def __init__(self, scale: float = 2.0) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, preds, target):
        return self.scale * (preds - target).abs().mean()


class Untitled(ReconstructionLoss):
    def distance(self, preds, target):
        return (preds - target).square().mean()


class Unfinished(ReconstructionLoss):
    def forward(self, preds, target):
        return (preds - target).abs().mean()


class OfOne(nn.Module):
    def forward(self, preds):
        return preds.mean()


class Map(Distance):
    def forward(self, preds, target):
        return (preds - target).abs()


class Pair(Distance):
    def forward(self, preds, target):
        return super().forward(preds, target), target
"""

LOSSES = "choose from Charbonnier, FrequencyL1, L1, PSNRLoss, SSIM, VGG16Perceptual, VGG19Perceptual"
SCHEDULES = "choose from Constant, Cosine, OneCycle, WarmUp"
IMPORTED = "check its name, and that PYTHONPATH has the folder it lies in."


@pytest.fixture(autouse=True)
def mine(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of the user's; its name is of this test alone, since modules stay."""
    name = f"mine_{abs(hash(str(workplace)))}"
    (workplace / f"{name}.py").write_text(MINE)
    (workplace / f"{name}_broken.py").write_text("def x(:")
    monkeypatch.syspath_prepend(str(workplace))
    return name


@pytest.mark.parametrize(
    "loss", [["Distance", "--model.loss.scale=3"], ["Untitled"], ["torch.nn.SmoothL1Loss", "--model.loss.beta=0.5"]]
)
def test_any_module_that_compares_two_images_is_a_loss(
    loss: list[str], mine: str, photographs: Path, deblur: Deblur
) -> None:
    name = loss[0] if "." in loss[0] else f"{mine}.{loss[0]}"
    code, _, complained = deblur(
        "fit", *REGRESSION, *photographs_of(photographs), f"--model.loss={name}", *loss[1:], "--run=run"
    )
    assert code == 0, complained
    code, _, complained = deblur("test", "--config=run/config.yaml", "--ckpt_path=run/checkpoints/last.ckpt")
    assert code == 0, complained


def test_a_gan_takes_such_modules_among_its_own_terms(mine: str, photographs: Path, deblur: Deblur) -> None:
    terms = (
        f"--model.reconstruction=[{{class_path: {mine}.Distance}}, {{class_path: {mine}.Untitled}}, {{class_path: L1}}]"
    )
    code, _, complained = deblur("fit", *GAN, *photographs_of(photographs), terms, "--run=run")
    assert code == 0, complained
    header = Path("run/metrics.csv").read_text().splitlines()[0].split(",")
    assert {"train/loss_distance", "train/loss_untitled", "train/loss_l1"} <= set(header)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("loss={mine}.Unfinished", "model.loss={mine}.Unfinished lacks distance: write it into Unfinished."),
        ("loss={mine}.Map", "the loss map returns a tensor of (2, 3, 48, 48): it must be one number, such as a mean."),
        ("loss={mine}.Pair", "the loss pair returns tuple: it must be one number, such as a mean."),
        ("loss={mine}.OfOne", "OfOne is no loss: its forward must take the restored and the sharp images."),
        (
            "loss={mine}.None",
            "model.loss={mine}.None cannot be imported (module '{mine}' has no attribute 'None'): " + IMPORTED,
        ),
        (
            "loss={mine}_broken.X",
            "model.loss={mine}_broken.X cannot be imported (invalid syntax ({mine}_broken.py, line",
        ),
        ("network=nowhere.X", "model.network=nowhere.X cannot be imported (No module named 'nowhere'): " + IMPORTED),
        ("loss=L2", f"no class 'L2' for model.loss: {LOSSES}."),
        (
            "loss=torch.optim.Adam",
            f"model.loss=torch.optim.Adam is no ReconstructionLoss: {LOSSES}, or extend ReconstructionLoss with its "
            "distance.",
        ),
        (
            "schedule=torch.optim.lr_scheduler.StepLR",
            f"model.schedule=torch.optim.lr_scheduler.StepLR is no Schedule: {SCHEDULES}, or extend Schedule with its "
            "factor.",
        ),
        ("schedule=StepLR", f"no class 'StepLR' for model.schedule: {SCHEDULES}."),
        ("schedule=Cosine --model.schedule.fina=1", "Cosine has no setting 'fina': did you mean 'final'?"),
        ("loss={mine}.Distance --model.loss.scal=1", "Distance has no setting 'scal': did you mean 'scale'?"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    setting: str, told: str, mine: str, workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    arguments = f"--model.{setting.format(mine=mine)}".split()
    code, _, complained = deblur("fit", *REGRESSION, *photographs_of(photographs), *arguments)
    assert code == 2
    assert f"deblur: error: {told.format(mine=mine)}" in complained
    assert "Traceback" not in complained


def test_in_a_file_too(mine: str, workplace: Path, photographs: Path, deblur: Deblur) -> None:
    linear = "{class_path: torch.nn.Linear, init_args: {in_features: 3, out_features: 2}}"
    files = {
        f"loss: {{class_path: {mine}.Unfinished}}": f"model.loss={mine}.Unfinished lacks distance",
        f"loss: {{class_path: {mine}.Gone, init_args: {{x: 2}}}}": f"model.loss={mine}.Gone cannot be imported (module",
        f"schedule: {linear}": "model.schedule=torch.nn.Linear is no Schedule: choose from Constant,",
    }
    for content, told in files.items():
        (workplace / "own.yaml").write_text(f"model: {{init_args: {{{content}}}}}")
        code, _, complained = deblur("fit", *REGRESSION, *photographs_of(photographs), "--config=own.yaml")
        assert code == 2
        assert complained.startswith(f"deblur: error: {told}")
        assert len(complained.splitlines()) == 1


def test_a_perceptual_loss_without_its_weights_says_how_to_get_them(
    workplace: Path, photographs: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(workplace))
    code, _, complained = deblur("fit", *REGRESSION, *photographs_of(photographs), "--model.loss=VGG16Perceptual")
    assert code == 2
    last = complained.splitlines()[-1]
    assert last.startswith(f"deblur: error: {workplace}/hub/checkpoints/vgg16-")
    assert "which the loss needs, is missing; to get it: python -c" in last


def test_a_module_beside_the_command_wants_its_folder_on_the_path(
    workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workplace / "hidden.py").write_text(MINE)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in ("", str(workplace))])
    code, _, complained = deblur("fit", *REGRESSION, "--model.network=hidden.X")
    assert code == 2
    assert complained.strip().endswith(
        "model.network=hidden.X cannot be imported (No module named 'hidden'): begin the command with PYTHONPATH=., so "
        "that this folder is searched."
    )
