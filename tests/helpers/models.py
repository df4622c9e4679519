"""Small models and photos for the tests of restoring."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.restoring.export import export_safetensors
from deblur_lightning.restoring.model import Model

INIT: dict[str, Any] = {"width": 4, "encoder_blocks": [1], "middle_blocks": 1, "decoder_blocks": [1]}
INIT |= {"window": 32, "shuffle": 2}
SETTINGS = {"class_path": "deblur_lightning.networks.nafnet.NAFNet", "init_args": INIT}


def small_model(changes: bool = True) -> Model:
    """A NAFNet that changes what it sees, or returns it."""
    torch.manual_seed(0)
    network = NAFNet(**INIT)
    if changes:
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.1)
    return Model(network.requires_grad_(False).eval(), SETTINGS, name="small")


def write_model(path: Path, changes: bool = True) -> Path:
    """The same as a file."""
    export_safetensors(small_model(changes), path)
    return path


def random_pixels(height: int, width: int, channels: int, dtype: Any = np.uint8) -> np.ndarray:
    """A smooth picture with a little noise, so that JPEG can hold it."""
    rng = np.random.default_rng(0)
    down, right = np.linspace(0, 3, height)[:, None, None], np.linspace(0, 4, width)[None, :, None]
    waves = 0.5 + 0.4 * np.sin(down + right + np.arange(channels)) + 0.01 * rng.standard_normal((height, width, 1))
    return (waves.clip(0, 1) * np.iinfo(dtype).max).astype(dtype)


def discs(side: int = 200) -> np.ndarray:
    """Discs of several brightnesses: edges in all directions; (side, side) levels 0 to 255."""
    rng = np.random.default_rng(0)
    down, right = np.indices((side, side))
    picture = np.full((side, side), 90.0, np.float32)
    for _ in range(12):
        y, x, radius = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(20, 50)
        picture[np.hypot(down - y, right - x) < radius] = rng.uniform(20, 230)
    return picture
