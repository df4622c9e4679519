"""Restores brightness alone and keeps colour, as the SRCNN paper does."""

import torch
from torch import Tensor, nn

from deblur_lightning.batch import LUMA


class Luminance(nn.Module):
    """Gives a network the Y of YCbCr (ITU-R BT.601, full range) and passes Cb and Cr through.

    Back in RGB, a change of Y with Cb and Cr kept is the same change of red, green and blue.

    Args:
        network: maps (B, 1, H, W) to the same size.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import Luminance, SRCNN
        >>> Luminance(SRCNN(channels=1))(torch.rand(2, 3, 32, 32)).shape
        torch.Size([2, 3, 32, 32])
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore ``blurred``, (B, 3, H, W) in [0, 1], or grey (B, 1, H, W); the output is not clamped."""
        if blurred.shape[1] == 1:
            grey: Tensor = self.network(blurred)
            return grey
        weights = torch.tensor(LUMA, dtype=blurred.dtype, device=blurred.device)[:, None, None]
        luma = (blurred * weights).sum(dim=1, keepdim=True)
        restored: Tensor = blurred + (self.network(luma) - luma)
        return restored
