"""Trains two small GANs in float64 and saves their weights: one process with batches of 4, or two with 2 each.

python -m tests.helpers.two_processes PHOTOGRAPHS OUT DEVICES

Run in a process of its own, since Lightning starts the second one by repeating the command.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from deblur_lightning.losses.adversarial import WassersteinGP
from deblur_lightning.losses.reconstruction import SSIM
from deblur_lightning.methods.adversarial import AdversarialRestorer
from deblur_lightning.networks.image_discriminator import ImageDiscriminator
from deblur_lightning.networks.skip_autoencoder import SkipAutoencoder
from tests.helpers.small import data, gan, trainer

BATCHES = 6
"""Two cycles of three generator updates and one of the discriminator."""


def deblurgan() -> AdversarialRestorer:
    return gan(adversarial=WassersteinGP(), ema_decay=0.9, clip_norm=1.0)


def autoencoder() -> AdversarialRestorer:
    """Without BatchNorm, whose statistics would be each process's own: SyncBatchNorm has no kernel for the CPU."""
    judge = ImageDiscriminator([4, 4, 4, 4])
    judge.features = nn.Sequential(*(layer for layer in judge.features if not isinstance(layer, nn.BatchNorm2d)))
    return AdversarialRestorer(SkipAutoencoder([8, 4, 8, 8, 8]), judge, reconstruction=[SSIM(100.0)])


def trained(build: Any, photographs: Path, devices: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model: AdversarialRestorer = build()
    settings = {"precision": "64-true", "max_epochs": -1, "max_steps": BATCHES, "limit_val_batches": 0}
    if devices > 1:
        settings |= {"devices": devices, "strategy": "ddp"}
    size = {"crop_size": 64, "batch_size": 4 // devices}
    trainer(photographs, **settings).fit(model, data(photographs, **size))
    return {f"{build.__name__}.{name}": value for name, value in model.state_dict().items()}


def main(photographs: Path, out: Path, devices: int) -> None:
    torch.set_num_threads(1)
    weights = {**trained(deblurgan, photographs, devices), **trained(autoencoder, photographs, devices)}
    if devices == 1 or torch.distributed.get_rank() == 0:
        torch.save(weights, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
