"""SRCNN: a short chain of plain convolutions (Dong, Loy, He and Tang, 2014)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks.channels import check_channels, check_counts


class SRCNN(nn.Module):
    """Convolutions with a ReLU between each two and none after the last.

    Args:
        kernels: side of each convolution's kernel in pixels, odd.
        widths: channels between the convolutions, one fewer than ``kernels``.
        channels: of the image, in and out. A network for 1 restores every colour of a larger number alike.
        paddings: zeros around each convolution's input, which together must keep the image's size; half of each
            kernel when not given.
        residual: whether the chain says what to add to the blurred image, at first nothing, in place of the restored
            image itself.

    Raises:
        UserError: an even or negative kernel, a width below 1, numbers of kernels and widths or paddings that do not
            fit, or paddings that change the size.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import SRCNN
        >>> SRCNN()(torch.rand(1, 3, 48, 64)).shape
        torch.Size([1, 3, 48, 64])
    """

    def __init__(
        self,
        kernels: Sequence[int] = (9, 1, 5),
        widths: Sequence[int] = (64, 32),
        channels: int = 3,
        paddings: Sequence[int] | None = None,
        residual: bool = False,
    ) -> None:
        super().__init__()
        if len(widths) != len(kernels) - 1:
            raise UserError(
                f"SRCNN has {len(kernels)} kernels {list(kernels)} and {len(widths)} widths {list(widths)}: "
                "give one width fewer than kernels."
            )
        check_counts("SRCNN", widths=widths, channels=channels)
        if any(kernel < 1 or kernel % 2 == 0 for kernel in kernels):
            raise UserError(f"SRCNN kernels={list(kernels)}: every kernel must be odd and at least 1.")
        paddings = [kernel // 2 for kernel in kernels] if paddings is None else paddings
        _check_paddings(kernels, paddings)
        self.channels = channels
        self.residual = residual
        self.smallest = _smallest(kernels, paddings)
        layers: list[nn.Module] = []
        sides = zip(kernels, paddings, pairwise([channels, *widths, channels]), strict=True)
        for kernel, padding, (before, after) in sides:
            layers += [nn.Conv2d(before, after, kernel, padding=padding), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])
        if residual:
            for parameter in self.layers[-1].parameters():
                nn.init.zeros_(parameter)

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore ``blurred``, (B, channels, H, W) in [0, 1]; the output has its size and is not clamped.

        Raises:
            UserError: another number of channels, or an image that the paddings leave nothing of on the way.
        """
        if self.channels == 1 and blurred.shape[1] > 1:
            return self.forward(blurred.flatten(0, 1)[:, None]).view_as(blurred)
        check_channels("SRCNN", self.channels, blurred)
        if min(blurred.shape[-2:]) < self.smallest:
            height, width = blurred.shape[-2:]
            raise UserError(
                f"SRCNN's paddings need images of {self.smallest} pixels a side, one has {height}x{width}: leave it "
                "out, or set paddings=None."
            )
        restored: Tensor = self.layers(blurred)
        return blurred + restored if self.residual else restored


def _check_paddings(kernels: Sequence[int], paddings: Sequence[int]) -> None:
    if len(paddings) != len(kernels) or min(paddings, default=0) < 0:
        raise UserError(f"SRCNN paddings={list(paddings)}: give 0 or more for each of the kernels {list(kernels)}.")
    change = sum(2 * padding - (kernel - 1) for kernel, padding in zip(kernels, paddings, strict=True))
    if change:
        raise UserError(
            f"SRCNN paddings={list(paddings)} with kernels={list(kernels)} change the image's size by {change:+d} "
            f"pixels: let them add up to {sum(kernel // 2 for kernel in kernels)}."
        )


def _smallest(kernels: Sequence[int], paddings: Sequence[int]) -> int:
    """The least side of an image of which every convolution sees at least its kernel."""
    change, smallest = 0, 1
    for kernel, padding in zip(kernels, paddings, strict=True):
        smallest = max(smallest, kernel - 2 * padding - change)
        change += 2 * padding - (kernel - 1)
    return smallest
