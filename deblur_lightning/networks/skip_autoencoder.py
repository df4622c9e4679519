"""The auto-encoder of report B, without padding and with skips: 64 -> 62 -> 30 -> 28 -> 13 -> 11 and back."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lightning.errors import UserError
from deblur_lightning.functional.imagenet import ImageNetNormalise
from deblur_lightning.networks.channels import check_channels

_DOWN = ((3, 1), (3, 2), (3, 1), (3, 2), (3, 1))
_UP = ((3, 1), (4, 2), (3, 1), (3, 2), (2, 1), (3, 1))
"""Kernel and stride of each convolution, and of each transposed one."""

_MULTIPLE, _SMALLEST = 4, 24
"""What the sizes that fit without padding are multiples of, and the least of them."""

MOST_MARGIN = 256


class SkipAutoencoder(nn.Module):
    """Five convolutions down and six transposed ones up, each joined by what the way down saw at its size.

    A ReLU follows every layer but the last. Images are normalised by ImageNet's mean and deviation, as in the report.
    Sizes that do not fit are padded by repeating the edge, and the padding is cut off again. Kernels, strides, channels
    and skips are those of the report's table. The report names no activations for this network; the ReLUs are ours, and
    so is the initialisation: the first skip carries the image's positive and negative parts, and the last layer joins
    them. An untrained network therefore returns its input. Its outermost pixels are the exception, since only a part of
    the last layer's taps reaches them; a ``margin`` cuts them off.

    Args:
        widths: channels of the convolutions. The transposed ones follow: a quarter of the last, and so on.
        margin: pixels of repeated edge around every image, whatever its size; 0 is the report's.

    Raises:
        UserError: not five widths, one that is no multiple of 4, or less than 8 at first; a negative margin.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import SkipAutoencoder
        >>> SkipAutoencoder(widths=(8, 8, 8, 8, 8))(torch.rand(2, 3, 64, 64)).shape
        torch.Size([2, 3, 64, 64])
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512, 512), margin: int = 0) -> None:
        super().__init__()
        if len(widths) != len(_DOWN) or any(width < 4 or width % 4 for width in widths) or widths[0] < 8:
            raise UserError(f"SkipAutoencoder widths={list(widths)}: give five multiples of 4, the first 8 or more.")
        if not 0 <= margin <= MOST_MARGIN:
            raise UserError(f"SkipAutoencoder margin={margin}: give 0 or more, up to {MOST_MARGIN}.")
        self.margin = margin
        one, two, three, four, five = widths
        down = [3, *widths]
        into = [five, five // 4 + four, three // 2 + three, one + two, one // 2, one // 4 + one]
        out = [five // 4, three // 2, one, one // 2, one // 4, 3]
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, kernel, stride)
            for before, after, (kernel, stride) in zip(down, widths, _DOWN, strict=False)
        )
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(before, after, kernel, stride)
            for before, after, (kernel, stride) in zip(into, out, _UP, strict=True)
        )
        self._start_as_identity()
        self.normalise = ImageNetNormalise()

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore ``blurred``, (B, 3, H, W) in [0, 1]; the output has its size and is not clamped.

        Raises:
            UserError: images of other channels.
        """
        check_channels("SkipAutoencoder", 3, blurred, argument="")
        margin, (height, width) = self.margin, blurred.shape[-2:]
        right, below = (margin + _missing(length + 2 * margin) for length in (width, height))
        padded = F.pad(blurred, (margin, right, margin, below), mode="replicate")
        restored = self.normalise.inverse(self.fitting(self.normalise(padded)))
        return restored[..., margin : margin + height, margin : margin + width]

    def fitting(self, x: Tensor) -> Tensor:
        """The report's network on normalised images (B, 3, H, W), H and W multiples of 4 from 24 on."""
        skips = []
        for layer in self.down:
            x = F.relu(layer(x))
            skips.append(x)
        first, second, third, fourth, x = skips
        for layer, skip in zip(self.up, (fourth, third, second, None, first, None), strict=True):
            x = layer(x)
            if layer is not self.up[-1]:
                x = F.relu(x)
            if skip is not None:
                x = torch.cat([x, skip], dim=1)
        return x

    @torch.no_grad()
    def _start_as_identity(self) -> None:
        first, last = self.down[0], self.up[-1]
        assert isinstance(first, nn.Conv2d)
        assert isinstance(last, nn.ConvTranspose2d)
        assert first.bias is not None
        assert last.bias is not None
        skip = last.in_channels - first.out_channels
        for zero in (first.weight[:6], first.bias[:6], last.weight, last.bias):
            zero.zero_()
        for colour in range(3):
            for part, sign in ((colour, 1.0), (colour + 3, -1.0)):
                first.weight[part, colour, 1, 1] = last.weight[skip + part, colour, 1, 1] = sign


def _missing(length: int) -> int:
    return max(-length % _MULTIPLE, _SMALLEST - length)
