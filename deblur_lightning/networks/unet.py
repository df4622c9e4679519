"""U-Net (Ronneberger, Fischer and Brox, 2015) that predicts what to add to the blurred image."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lightning.errors import UserError
from deblur_lightning.networks.channels import check_channels

NEIGHBOURHOOD = 17
"""Side in pixels of the square whose mean is taken from each pixel before the first layer."""


class UNet(nn.Module):
    """A U-Net that works at half size and below; skips add what each level saw on the way down.

    The correction of a blurred image does not depend on its brightness and is proportional to its contrast. So the
    layers see each image without its local mean and at unit contrast, and their output is scaled back. The first level
    turns every 2x2 pixels into one pixel with four times the channels, which loses nothing and costs a quarter of the
    time. Up-sampling repeats pixels before a 3x3 convolution, since transposed convolutions leave a checkerboard. The
    last layer starts at zero, so an untrained network returns its input.

    Args:
        widths: channels of each level, the first at half size.
        channels: of the image, in and out.
        skips: whether the way up is given what each level saw on the way down. Without them it has the lowest level
            and the blurred image alone.

    Raises:
        UserError: no widths, or one below 1.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import UNet
        >>> UNet(widths=(8, 16))(torch.rand(1, 3, 48, 64)).shape
        torch.Size([1, 3, 48, 64])
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512), channels: int = 3, skips: bool = True) -> None:
        super().__init__()
        if not widths or min(widths) < 1:
            raise UserError(f"UNet widths={list(widths)}: give the channels of at least one level, 1 or more each.")
        self.skips = skips
        self.channels = channels
        self.stride: int = 2 ** len(widths)
        self.head = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * channels, widths[0], 3, padding=1), _activation())
        self.encoders = nn.ModuleList(_block(width) for width in widths)
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(here, below, 2, stride=2), _activation()) for here, below in pairwise(widths)
        )
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(below, here, 1), nn.Upsample(scale_factor=2)) for here, below in pairwise(widths)
        )
        self.decoders = nn.ModuleList(_block(width) for width in widths[:-1])
        last = nn.Conv2d(widths[0], 4 * channels, 3, padding=1)
        self.tail = nn.Sequential(last, nn.PixelShuffle(2))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, a=0.1)
                nn.init.zeros_(layer.bias)
        nn.init.zeros_(last.weight)

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore ``blurred``, (B, channels, H, W) in [0, 1]; the output has its size and is not clamped.

        Raises:
            UserError: images of other channels.
        """
        check_channels("UNet", self.channels, blurred)
        height, width = blurred.shape[-2:]
        detail, contrast = _detail(
            F.pad(blurred, (0, self._missing(width), 0, self._missing(height)), mode="replicate")
        )
        x = self.head(detail)
        skips = []
        for encoder, down in zip(self.encoders, self.down, strict=False):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.encoders[-1](x)
        for decoder, up in zip(reversed(self.decoders), reversed(self.up), strict=True):
            seen = skips.pop()
            x = decoder(up(x) + seen if self.skips else up(x))
        restored: Tensor = blurred + (contrast * self.tail(x))[..., :height, :width]
        return restored

    def _missing(self, length: int) -> int:
        """Pixels to add so that every level is whole, and the lowest has two: instance norm needs some statistics."""
        return max(-length % self.stride, 2 * self.stride - length)


def _block(width: int) -> nn.Sequential:
    convolution = nn.Conv2d(width, width, 3, padding=1)
    return nn.Sequential(convolution, nn.InstanceNorm2d(width, affine=True), _activation())


def _activation() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.1, inplace=True)


def _detail(image: Tensor) -> tuple[Tensor, Tensor]:
    """``image`` less its local mean at unit root mean square, and the (B, 1, 1, 1) factor that undoes the latter."""
    reach = NEIGHBOURHOOD // 2
    mean = F.pad(image, (reach,) * 4, mode="replicate")
    mean = F.avg_pool2d(F.avg_pool2d(mean, (1, NEIGHBOURHOOD), stride=1), (NEIGHBOURHOOD, 1), stride=1)
    detail = image - mean
    contrast = (detail.square().mean(dim=(1, 2, 3), keepdim=True) + 1e-5).sqrt()
    return detail / contrast, contrast
