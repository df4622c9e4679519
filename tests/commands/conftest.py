"""What the tests of commands start from."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.conftest import write_image
from tests.helpers.command import GAN, photographs_of
from tests.helpers.pretended import claim, claim_set, plan_runs, pretend

Deblur = Callable[..., tuple[int, str, str]]

HALF = {
    "class_path": "Mixture",
    "init_args": {"members": [{"class_path": "GaussianBlur"}, {"class_path": "MotionBlur"}]},
}


@pytest.fixture
def run(workplace: Path, photographs: Path, deblur: Deblur) -> Path:
    """A small GAN trained on the small photographs."""
    code, _, complained = deblur("fit", *GAN, *photographs_of(photographs), "--run=run")
    assert code == 0, complained
    return workplace / "run"


@pytest.fixture
def sharp(workplace: Path) -> Path:
    """Images of three sizes and formats, two of them in a subfolder."""
    root = workplace / "sharp images"
    (root / "train").mkdir(parents=True)
    for number, name in enumerate(["a.png", "b.jpg", "c.BMP", "d.e.png", "train/f.png", "train/g.png"]):
        write_image(root / name, 24 + 8 * (number % 2), 40, seed=number)
    return root


@pytest.fixture
def synthesize(deblur: Deblur, sharp: Path) -> Deblur:
    """Blur ``sharp`` by half Gaussians and half motions into a folder, with further arguments."""
    Path("half.yaml").write_text(yaml.safe_dump({"data": {"degradation": HALF}}))

    def run(out: str, *arguments: str) -> tuple[int, str, str]:
        configs = ["--config", "experiments/srcnn_915.yaml", "--config", "half.yaml"]
        return deblur("synthesize", sharp, "--out", out, *configs, *arguments)

    return run


@pytest.fixture
def tested(workplace: Path) -> Path:
    """Runs that say they were trained and tested, with pictures."""
    for run in plan_runs(claim_set(claim()), workplace / "runs/ledger"):
        pretend(run, [1.0, 2.0])
        (run.folder / "1/pictures").mkdir(parents=True)
        (run.folder / "pictures").mkdir()
        picture = Image.new("RGB", (3 * 16 + 8, 2 * (16 + 18)), "white")
        picture.paste((255, 0, 0), (20, 18, 36, 34))
        picture.save(run.folder / "pictures/test.png")
        picture.save(run.folder / "1/pictures/filters_000009.png")
        (run.folder / "1/metrics.csv").write_text("step,train/loss,val/psnr\n0,0.5,\n9,0.25,\n9,,30\n19,0.125,\n")
        (run.folder / "1/config.yaml").write_text(
            f"seed_everything: {run.seed}\n"
            "model: {class_path: a.DeconvRestorer, init_args: {network: {class_path: b.FourierDeconv2d}}}\n"
            "data: {init_args: {degradation: {class_path: c.Chain, init_args: {steps: ["
            "{class_path: d.BoxBlur, init_args: {width: [3, 5]}}]}}}}\n"
        )
    return workplace
