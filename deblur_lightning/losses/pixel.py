"""Distances between restored and sharp images, pixel by pixel."""

import torch
from torch import Tensor, nn

from deblur_lightning.errors import UserError


class Charbonnier(nn.Module):
    """The mean of sqrt(d^2 + eps^2) over all differences d: as robust as L1, and smooth at 0 (Charbonnier, 1994).

    Args:
        eps: the difference below which it is rather a square; above 0.

    Raises:
        UserError: ``eps`` is not above 0.
    """

    def __init__(self, eps: float = 1e-3) -> None:
        super().__init__()
        self.eps = _above_zero("Charbonnier eps", eps)

    def forward(self, preds: Tensor, target: Tensor) -> Tensor:
        """The distance of ``preds`` from ``target``, any shape, as a scalar."""
        return ((preds - target).square() + self.eps**2).sqrt().mean()


class PSNRLoss(nn.Module):
    """Minus the PSNR in dB, averaged over images: what a gain in dB asks for (NAFNet's loss).

    Each image counts by how much of its error goes, however small the error is, down to the floor.

    Args:
        floor: a mean squared error that is as good as none, above 0; 1e-5 is 50 dB.

    Raises:
        UserError: ``floor`` is not above 0.
    """

    def __init__(self, floor: float = 1e-5) -> None:
        super().__init__()
        self.floor = _above_zero("PSNRLoss floor", floor)

    def forward(self, preds: Tensor, target: Tensor) -> Tensor:
        """The loss of ``preds`` against ``target``, both (B, C, H, W) of data range 1, as a scalar."""
        error = (preds.float() - target.float()).square().flatten(1).mean(dim=1)
        return 10 * torch.log10(error + self.floor).mean()


def _above_zero(name: str, value: float) -> float:
    if not 0 < value < float("inf"):
        raise UserError(f"{name}={value}: give a number above 0.")
    return value
