"""NAFNet (Chen, Chu, Zhang and Sun, "Simple baselines for image restoration", 2022): gates in place of activations."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lightning.errors import UserError
from deblur_lightning.networks.bands import by_bands
from deblur_lightning.networks.channels import check_channels
from deblur_lightning.networks.local_mean import lacking, local_mean
from deblur_lightning.networks.nafnet_names import with_authors_names, with_our_names

CELL = 4
"""Side of the squares, in each level's own pixels, between which local means are interpolated."""


class NAFNet(nn.Module):
    """A U-shape of gated blocks that predicts what to add to the blurred image; an untrained one returns its input.

    Channel attention needs a mean over the image. In training this is the mean over the crop. The network has never met
    the statistics of a whole image, so there the means are taken over windows as large as those crops ("test-time local
    converter", Chu, Chen, Chen and Lu, 2022). An image of any size then comes out as its crops would.

    Args:
        width: channels of the first level; they double on each level below.
        encoder_blocks: blocks of each level on the way down.
        middle_blocks: blocks at the bottom, one level below the last of the encoder's.
        decoder_blocks: blocks of each level on the way up, first level first; as many levels as the encoder's.
        window: side in pixels of the windows that channel attention looks at: that of the training crops.
        shuffle: 2 takes every 2x2 pixels as one with four times the channels, a quarter of the time; 1 is the paper's.
        channels: of the image, in and out.
        eps: of the norms; the authors' code has 1e-6.
        padding: what is beyond the image where its sides are no multiples of ``stride``; the authors' code has zeros.

    Attributes:
        stride: the lowest level's pixels are squares of this side.
        alignment: where a tile may start: at multiples of it a tile is computed as the whole image is.
        receptive_radius: how many pixels away a pixel still matters: as far as convolutions go, and a window more.
            Through the means of channel attention, and the means of what they change, it has an effect further on;
            ``deblur restore --check`` measures it.

    Raises:
        UserError: an argument below 1, levels that do not match, or a window that the levels do not divide.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import NAFNet
        >>> NAFNet(width=8, encoder_blocks=[1], middle_blocks=1, decoder_blocks=[1])(torch.rand(1, 3, 48, 64)).shape
        torch.Size([1, 3, 48, 64])
    """

    def __init__(
        self,
        width: int = 32,
        encoder_blocks: Sequence[int] = (1, 1, 1, 28),
        middle_blocks: int = 1,
        decoder_blocks: Sequence[int] = (1, 1, 1, 1),
        window: int = 256,
        shuffle: int = 1,
        channels: int = 3,
        eps: float = 1e-5,
        padding: Literal["replicate", "zeros"] = "replicate",
    ) -> None:
        super().__init__()
        _check(width, encoder_blocks, middle_blocks, decoder_blocks, window, shuffle)
        if not 0 < eps < 1:
            raise UserError(f"NAFNet eps={eps}: give a small number above 0, such as 1e-6.")
        if padding not in ("replicate", "zeros"):
            raise UserError(f"NAFNet padding={padding}: give replicate or zeros.")
        self.padding = "constant" if padding == "zeros" else padding
        sides = [shuffle * 2**level for level in range(len(encoder_blocks) + 1)]
        widths = [width * 2**level for level in range(len(sides))]
        windows = [window // side for side in sides]
        self.stride = sides[-1]
        self.alignment = CELL * sides[-1]
        depths = [a + b for a, b in zip(encoder_blocks, decoder_blocks, strict=True)] + [middle_blocks]
        convolutions = sum(side * depth for side, depth in zip(sides, depths, strict=True)) + 2 * shuffle + self.stride
        self.receptive_radius = convolutions + window

        levels = list(zip(widths, windows, strict=True))
        self.channels = channels
        self.shuffle = shuffle
        inner = channels * shuffle**2
        self.head = nn.Sequential(nn.PixelUnshuffle(shuffle), nn.Conv2d(inner, width, 3, padding=1))

        def blocks(counts: Sequence[int]) -> nn.ModuleList:
            return nn.ModuleList(_blocks(n, *level, eps) for n, level in zip(counts, levels, strict=False))

        self.encoders = blocks(encoder_blocks)
        self.middle = _blocks(middle_blocks, *levels[-1], eps)
        self.decoders = blocks(decoder_blocks)
        self.down = nn.ModuleList(nn.Conv2d(here, below, 2, stride=2) for here, below in pairwise(widths))
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(below, 4 * here, 1, bias=False), nn.PixelShuffle(2))
            for here, below in pairwise(widths)
        )
        last = nn.Conv2d(width, inner, 3, padding=1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        self.tail = nn.Sequential(last, nn.PixelShuffle(shuffle))
        self.register_load_state_dict_pre_hook(_accept_authors_names)  # type: ignore[no-untyped-call]
        self.to(memory_format=torch.channels_last)

    def authors_state_dict(self) -> dict[str, Tensor]:
        """The weights by the names and shapes of the authors' code, from which ``load_state_dict`` takes them too.

        Raises:
            UserError: ``shuffle`` is not 1, which the authors do not have.
        """
        if self.shuffle != 1:
            raise UserError(f"NAFNet shuffle={self.shuffle} is not of its authors' making: no file of theirs holds it.")
        return with_authors_names(self.state_dict())

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore ``blurred``, (B, channels, H, W) in [0, 1]; the output has its size and is not clamped.

        Raises:
            UserError: images of other channels.
        """
        check_channels("NAFNet", self.channels, blurred)
        height, width = blurred.shape[-2:]
        below, right = (lacking(length, self.stride) for length in (height, width))
        padded = F.pad(blurred, (0, right, 0, below), mode=self.padding)
        x = self.head(padded.contiguous(memory_format=torch.channels_last))
        skips = []
        for encoder, down in zip(self.encoders, self.down, strict=True):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.middle(x)
        for decoder, up in zip(reversed(self.decoders), reversed(self.up), strict=True):
            x = decoder(up(x) + skips.pop())
        restored: Tensor = blurred + self.tail(x)[..., :height, :width]
        return restored


class NAFBlock(nn.Module):
    """Two gated residual branches: one with a depthwise convolution and channel attention, one pointwise.

    Channels come last inside, where pointwise convolutions are matrix products and norms run along memory.

    Args:
        width: channels.
        window: side, in the pixels that the block sees, of the windows of channel attention outside of training.
        eps: of the norms.
    """

    def __init__(self, width: int, window: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.widen = nn.Linear(width, 2 * width)
        self.spread = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.attention = ChannelAttention(width, window)
        self.project = nn.Linear(width, width)
        self.feed = nn.Linear(width, 2 * width)
        self.back = nn.Linear(width, width)
        self.beta = nn.Parameter(torch.zeros(width))
        self.gamma = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Refine ``x``, (B, width, H, W)."""
        x = x.permute(0, 2, 3, 1)
        y = by_bands(lambda top, bottom: self._spread(x, top, bottom), x)
        scale = self.attention(y)
        return by_bands(lambda top, bottom: self._refine(x, y, scale, top, bottom), x).permute(0, 3, 1, 2)

    def _spread(self, x: Tensor, top: int, bottom: int) -> Tensor:
        above = max(0, top - 1)
        y = self.widen(self.norm1(x[:, above : bottom + 1])).permute(0, 3, 1, 2)
        return gate(self.spread(y).permute(0, 2, 3, 1)[:, top - above : bottom - above])

    def _refine(self, x: Tensor, y: Tensor, scale: Tensor, top: int, bottom: int) -> Tensor:
        attended = y[:, top:bottom] * self.attention.at(scale, top, bottom, x.shape[2])
        x = x[:, top:bottom] + self.beta * self.project(attended)
        refined: Tensor = x + self.gamma * self.back(gate(self.feed(self.norm2(x))))
        return refined


class ChannelAttention(nn.Module):
    """Scales every channel by a linear function of the channels' means ("simplified channel attention").

    Args:
        width: channels.
        window: side in pixels of the windows that the means are taken over outside of training.
    """

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.mix = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """What scales ``x``, (B, H, W, width): (B, 1, 1, width) in training, outside of it a scale for each cell."""
        if self.training:
            means = x.mean(dim=(1, 2), keepdim=True)
        else:
            means = local_mean(x.permute(0, 3, 1, 2), self.window, CELL).permute(0, 2, 3, 1)
        scale: Tensor = self.mix(means)
        return scale

    def at(self, scale: Tensor, top: int, bottom: int, width: int) -> Tensor:
        """The scale of each pixel of the rows from ``top`` to ``bottom``, interpolated between cells."""
        if self.training:
            return scale
        above = max(0, top // CELL - 1)
        cells = scale[:, above : (bottom - 1) // CELL + 2].permute(0, 3, 1, 2)
        pixels = F.interpolate(cells, scale_factor=CELL, mode="bilinear", align_corners=False).permute(0, 2, 3, 1)
        return pixels[:, top - above * CELL : bottom - above * CELL, :width]


def gate(x: Tensor) -> Tensor:
    """The first half of the channels, which come last, times the second."""
    value, gate = x.chunk(2, dim=-1)
    return value * gate


def _accept_authors_names(network: nn.Module, weights: dict[str, Any], prefix: str, *_: Any) -> None:
    if f"{prefix}intro.weight" in weights:
        theirs = {name.removeprefix(prefix): weights.pop(name) for name in list(weights) if name.startswith(prefix)}
        ours = with_our_names(theirs, network.state_dict())
        weights |= {f"{prefix}{name}": value for name, value in ours.items()}


def _blocks(count: int, width: int, window: int, eps: float) -> nn.Sequential:
    return nn.Sequential(*(NAFBlock(width, window, eps) for _ in range(count)))


def _check(width: int, encoder: Sequence[int], middle: int, decoder: Sequence[int], window: int, shuffle: int) -> None:
    if width < 1 or not encoder or min(*encoder, *decoder, middle) < 0:
        raise UserError(f"NAFNet width={width}: give 1 or more, and blocks of one level or more, none below 0.")
    if len(encoder) != len(decoder):
        raise UserError(
            f"NAFNet encoder_blocks={list(encoder)} and decoder_blocks={list(decoder)}: give both as many levels."
        )
    if shuffle not in (1, 2):
        raise UserError(f"NAFNet shuffle={shuffle}: give 1 or 2.")
    stride = shuffle * 2 ** len(encoder)
    if window < 1 or window % stride:
        raise UserError(f"NAFNet window={window}: give a multiple of {stride}, the lowest level's pixel.")
