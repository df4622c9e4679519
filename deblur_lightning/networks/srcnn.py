"""SRCNN: a short chain of plain convolutions (Dong, Loy, He and Tang, 2014)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from deblur_lightning.errors import UserError


class SRCNN(nn.Module):
    """Convolutions with a ReLU between each two and none after the last.

    Args:
        kernels: side of each convolution's kernel in pixels, odd.
        widths: channels between the convolutions, one fewer than ``kernels``.
        channels: of the image, in and out. A network for 1 restores every colour of a larger number alike.

    Raises:
        UserError: an even or negative kernel, a width below 1, or numbers of kernels and widths that do not fit.
    """

    def __init__(self, kernels: Sequence[int] = (9, 1, 5), widths: Sequence[int] = (64, 32), channels: int = 3) -> None:
        super().__init__()
        if len(widths) != len(kernels) - 1:
            raise UserError(
                f"SRCNN has {len(kernels)} kernels {list(kernels)} and {len(widths)} widths {list(widths)}: "
                "give one width fewer than kernels."
            )
        if min(widths, default=1) < 1:
            raise UserError(f"SRCNN widths={list(widths)}: give 1 channel or more each.")
        if any(kernel < 1 or kernel % 2 == 0 for kernel in kernels):
            raise UserError(f"SRCNN kernels={list(kernels)}: every kernel must be odd and at least 1.")
        self.channels = channels
        layers: list[nn.Module] = []
        for kernel, (before, after) in zip(kernels, pairwise([channels, *widths, channels]), strict=True):
            layers += [nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore ``blurred``, (B, channels, H, W) in [0, 1]; the output has its size and is not clamped."""
        if self.channels == 1 and blurred.shape[1] > 1:
            return self.forward(blurred.flatten(0, 1)[:, None]).view_as(blurred)
        restored: Tensor = self.layers(blurred)
        return restored
