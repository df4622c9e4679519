"""What tests of the page share: models, a soft photo, and waiting."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from deblur_lightning.restoring.model import Model
from tests.helpers.models import discs, small_model

CPU = torch.device("cpu")


def models() -> dict[str, Model]:
    card = {"estimates": {"blur": [0.0, 0.1], "noise": [0.0, 3.0]}}
    small = small_model()
    return {"small": Model(small.network, small.settings, card), "idle": small_model(changes=False)}


def soft(path: Path, side: int = 200) -> Path:
    """Blurred discs."""
    blurred = ndimage.gaussian_filter(discs(side), 2.0)[..., None].repeat(3, axis=2)
    Image.fromarray(blurred.astype(np.uint8)).save(path)
    return path


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def pixels_of(path: Path | str | None) -> np.ndarray:
    assert path is not None
    return np.asarray(Image.open(path))
