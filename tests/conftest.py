"""What the tests share: small folders of images, the command line in this process, few threads, fixed draws."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch  # noqa: F401  # within a test its log handler would keep the test's stderr, soon closed
import numpy as np
import pytest
import torch
import yaml
from hypothesis import HealthCheck, settings
from PIL import Image

REPOSITORY = Path(__file__).parents[1]
EXPERIMENTS = REPOSITORY / "experiments"

TINY: dict[str, object] = {
    "trainer": {"accelerator": "cpu", "max_epochs": 1, "num_sanity_val_steps": 0, "log_every_n_steps": 1}
    | {"check_val_every_n_epoch": 1},
    "data": {"init_args": {"crop_size": 48, "batch_size": 2, "epoch_length": 6, "num_workers": 0}},
}
"""A budget of three batches, laid over any experiment on images."""


# the same examples everywhere, and none too late for a slow machine
settings.register_profile("any machine", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# a shell's background job starts with Ctrl-C ignored, one of nohup's with SIGHUP, and so would all that tests start
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _one_thread_and_one_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)  # else what a test draws hangs on the tests before it


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, from which ``experiments/...`` is found as in a clone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments").symlink_to(EXPERIMENTS)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    return tmp_path


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder of small images: 12 for training, 3 each for validation and test."""
    write_photographs(tmp_path / "photographs")
    return tmp_path / "photographs"


def write_photographs(root: Path) -> None:
    """Write small images below ``root``, in the subfolders of three splits."""
    for first_seed, (split, count) in zip((0, 100, 200), {"train": 12, "val": 3, "test": 3}.items(), strict=True):
        (root / split).mkdir(parents=True)
        for number in range(count):
            write_image(root / split / f"{number:02d}.png", 72, 80, seed=first_seed + number)


def write_image(path: Path, height: int, width: int, seed: int) -> None:
    """Write an image of blocks and noise, enlarged, so that blurring it does something."""
    coarse = np.random.default_rng(seed).integers(0, 256, (max(1, height // 8), max(1, width // 8), 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST).save(path)


@pytest.fixture
def chromium() -> str:
    """A browser's path. It is a program of the system's, which pip cannot install: ``.ci/run`` does."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or pytest.skip("Chromium is not installed")


@pytest.fixture
def deblur(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; returns the exit code and what it printed and complained."""
    from deblur_lightning.cli import main

    def run(*arguments: object) -> tuple[int, str, str]:
        code = 0
        capfd.readouterr()
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed, complained = capfd.readouterr()
        return code, printed, complained

    return run


os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # what a test shows must not depend on the machine's devices
