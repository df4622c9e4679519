"""PatchGAN discriminators (Isola et al., 2017) at several scales (Wang et al., 2018)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lightning.errors import UserError
from deblur_lightning.networks.channels import check_channels


def _patch_discriminator(widths: Sequence[int], channels: int) -> nn.Sequential:
    """Strided 4x4 convolutions up to the last width, without normalisation, then one logit for each patch."""
    layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for depth, (before, after) in enumerate(pairwise(widths), start=2):
        stride = 1 if depth == len(widths) else 2
        layers += [nn.Conv2d(before, after, 4, stride=stride, padding=1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, padding=1))


class MultiScalePatchGAN(nn.Module):
    """One PatchGAN for the image, one for the image at half its size, and so on.

    Args:
        widths: channels of each discriminator's convolutions.
        scales: how many discriminators; each sees half the size of the one before it.
        channels: of the image.

    Raises:
        UserError: fewer than two widths, one below 1, or fewer than one scale.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import MultiScalePatchGAN
        >>> maps = MultiScalePatchGAN()(torch.rand(1, 3, 64, 64))
        >>> len(maps)
        2
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512), scales: int = 2, channels: int = 3) -> None:
        super().__init__()
        if len(widths) < 2 or min(widths) < 1 or scales < 1:
            raise UserError(
                f"MultiScalePatchGAN widths={list(widths)}, scales={scales}: give at least two widths and one scale."
            )
        self.channels = channels
        self.discriminators = nn.ModuleList(_patch_discriminator(widths, channels) for _ in range(scales))
        # each halving convolution, the two that follow at stride 1 and each scale need some pixels left
        self.smallest = 2 ** (len(widths) - 1) * 3 * 2 ** (scales - 1)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Logits of being real for each patch, one (B, 1, h, w) map for each scale.

        Args:
            image: (B, channels, H, W) in [0, 1], both sides at least ``self.smallest`` pixels.

        Raises:
            UserError: an image of other channels, or one that leaves no patch to judge.
        """
        check_channels("MultiScalePatchGAN", self.channels, image)
        if min(image.shape[-2:]) < self.smallest:
            raise UserError(
                f"An image of {image.shape[-2]}x{image.shape[-1]} leaves the discriminator no patch: "
                f"use a crop_size of at least {self.smallest}."
            )
        logits = []
        for scale, discriminator in enumerate(self.discriminators):
            if scale:
                image = F.avg_pool2d(image, 2)
            logits.append(discriminator(image))
        return logits
