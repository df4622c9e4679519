"""U-Net (Ronneberger et al., 2015) that predicts what to add to the blurred image."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lightning.errors import UserError


class UNet(nn.Module):
    """Halves the image at each level, doubles it back, and joins equal levels by skip connections.

    Args:
        widths: channels of each level, the first at full size.
        channels: of the image, in and out.

    Raises:
        UserError: no widths.
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512), channels: int = 3) -> None:
        super().__init__()
        if not widths:
            raise UserError("UNet widths=[]: give the channels of at least one level.")
        self.stride = 2 ** (len(widths) - 1)
        self.head = _convolution(channels, widths[0])
        self.down = nn.ModuleList(_convolution(before, after, stride=2) for before, after in pairwise(widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in reversed(list(pairwise(widths))))
        self.join = nn.ModuleList(_convolution(2 * width, width) for width in reversed(widths[:-1]))
        self.tail = nn.Conv2d(widths[0], channels, 3, padding=1)
        nn.init.zeros_(self.tail.weight)

    def forward(self, blurred: Tensor) -> Tensor:
        height, width = blurred.shape[-2:]
        x = F.pad(blurred, (0, -width % self.stride, 0, -height % self.stride), mode="replicate")
        x = self.head(x)
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(x)
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat([up(x), skips.pop()], dim=1))
        restored: Tensor = blurred + self.tail(x)[..., :height, :width]
        return restored


def _convolution(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.LeakyReLU(0.2))
