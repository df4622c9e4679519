"""The wheel is the whole thing: every command works from an empty folder, without the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import REPOSITORY

TINY = [
    *("--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]", "--data.crop_size=32"),
    *("--data.batch_size=2", "--data.num_workers=0", "--data.epoch_length=4", "--trainer.val_check_interval=2"),
    *("--trainer.enable_progress_bar=false", "--trainer.limit_val_batches=1", "--pictures.count=1"),
]
RUN = "runs/deblurgan/001"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed to."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", f"--outdir={place}", str(REPOSITORY)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    check = [sys.executable, "-m", "twine", "check", "--strict", str(wheel)]
    subprocess.run(check, check=True, capture_output=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", f"--target={place / 'site'}", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return place / "site"


@pytest.mark.slow
def test_every_command_works_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    def deblur(*arguments: str) -> str:
        command = [sys.executable, "-m", "deblur_lightning", *arguments]
        environment = os.environ | {"PYTHONPATH": str(installed)}
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr[-2000:]
        return ended.stdout

    photos = tmp_path / "photos"
    photos.mkdir()
    for index in range(3):
        pixels = np.random.default_rng(index).integers(0, 256, (64, 80, 3), np.uint8)
        Image.fromarray(pixels).save(photos / f"{index}.png")
    assert "deblurgan" in deblur("experiments")
    deblur("fit", "--config=experiments/deblurgan.yaml", "--config=presets/quick", "--trainer.max_epochs=1", *TINY)
    run = (f"--config={RUN}/config.yaml", f"--ckpt_path={RUN}/checkpoints/best.ckpt")
    for command in ("validate", "test", "predict"):
        deblur(command, *run)
    deblur("export", f"--ckpt={RUN}/checkpoints/best.ckpt", "--out=mine.safetensors")
    deblur("restore", "photos", "--out=restored", "--ckpt=mine.safetensors")
    deblur("restore", "photos/0.png", "--out=shipped")
    deblur("synthesize", "photos", "--out=pairs", "--config=deblurgan")
    deblur("report", "--out=report")
    assert "44 runs to make" in deblur("reproduce", "--all", "--list")
    deblur("app", "--help")
    assert (tmp_path / "shipped" / "0.png").exists()
    assert (tmp_path / "report").exists()
