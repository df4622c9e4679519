"""The contract of a degradation, and the one function that turns sharp bytes into a training pair."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from deblur_lightning.batch import RestorationBatch, SharpBatch, to_8bit
from deblur_lightning.draws import Draws


class Conditions(NamedTuple):
    """How the blurred images of a test came about; printed with every score.

    Attributes:
        border: what the blur saw beyond the image: "reflect", "valid", "circular" or "zero".
        noise: in words with units, or "none".
        rounding: "8-bit" or "none".
    """

    border: str
    noise: str
    rounding: str


class Degraded(NamedTuple):
    """What a degradation returns.

    Attributes:
        blurred: (B, C, H, W) float32, the size of the sharp input.
        psf: (B, K, K) float32, non-negative, sum 1, centred; K is odd and the same for every batch.
        psf_known: (B,) bool, whether the blurred image is the sharp one convolved with ``psf``.
    """

    blurred: Tensor
    psf: Tensor
    psf_known: Tensor


class Degradation(nn.Module, ABC):
    """Makes blurred images of sharp ones, on their device, every sample by draws of its own.

    Attributes:
        border: what the blur assumes beyond the image's edge.
        noise: what noise it adds, in words with units.
    """

    border: str = "reflect"
    noise: str = "none"

    @property
    @abstractmethod
    def margin(self) -> int:
        """How many pixels next to each edge depend on what lies beyond it."""

    @abstractmethod
    def forward(self, sharp: Tensor, draws: Draws) -> Degraded:
        """Degrade ``sharp``, (B, C, H, W) float32 in [0, 1], by ``draws`` of length B on the same device."""


@torch.no_grad()
def degrade(
    degradation: Degradation, batch: SharpBatch, *, seed: int, split: str, trim: int, rounding: bool
) -> RestorationBatch:
    """Make the training or test pairs of a batch, in float32 whatever the surrounding autocast.

    Args:
        degradation: what blurs.
        batch: sharp images with their counters, on any device.
        seed: of the draws.
        split: whose draws to use.
        trim: pixels to cut from every side after blurring: the degradation's margin where the images carry one,
            else 0.
        rounding: whether the blurred image is rounded to 8 bits, as every file is.
    """
    sharp = batch["sharp"]
    with torch.autocast(sharp.device.type, enabled=False):
        sharp = sharp.to(torch.float32) / 255
        draws = Draws(seed=seed, split=split, visit=batch["visit"], index=batch["index"])
        blurred, psf, psf_known = degradation(sharp, draws)
        blurred, sharp = _trimmed(blurred, trim), _trimmed(sharp, trim)
        if rounding:
            blurred = to_8bit(blurred)
    return {"blurred": blurred, "sharp": sharp, "psf": psf, "psf_known": psf_known, "index": batch["index"]}


def _trimmed(image: Tensor, trim: int) -> Tensor:
    height, width = image.shape[-2:]
    return image[..., trim : height - trim, trim : width - trim].contiguous()
