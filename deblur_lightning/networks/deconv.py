"""The learnable deconvolution layer: filters h whose inverse 1 / FFT(h) is applied as one product in frequency.

Source: the first report's layer and its published notebooks. Written from their formula, and computed otherwise: one
real transform for each input channel and one for each output channel, with the sum over channels in between, where
the report transforms every pair of channels there and back.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.functional.fourier import mirror_rows, transfer
from deblur_lightning.networks.channels import check_channels, check_counts

_FEW_CHANNELS = 8

MOST_PADDING = 4.0
"""Of which an image becomes 81 times as large."""


class FourierDeconv2d(nn.Module):
    """Applies the inverse of learnable filters, with or without the inverses of their three mirror images.

    With four factors the response is 1 / (|H(u, v)|^2 |H(-u, v)|^2), real and of zero phase; with one it is
    1 / H(u, v). Input channels are summed and divided by the square root of their number. Images are taken as
    periodic, as FFTs do.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        kernel_size: rows and columns of the filters h.
        factors: 4 or 1.
        first_tap: whether h[0, 0] is "fixed" at 1 or starts there and is "trainable".
        bias: whether each output channel has a bias.
        scale: where a learnable factor of the output starts; none when not given.
        padding: margin of zeros around the input, as a fraction of its height and width, cut off again afterwards.
        bound: least magnitude of the response's denominator; below it the inverse explodes.

    Raises:
        UserError: a size, number or fraction that makes no sense.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import FourierDeconv2d
        >>> FourierDeconv2d()(torch.rand(1, 1, 32, 32)).shape
        torch.Size([1, 1, 32, 32])
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        kernel_size: tuple[int, int] = (4, 4),
        factors: Literal[1, 4] = 4,
        first_tap: Literal["fixed", "trainable"] = "fixed",
        bias: bool = True,
        scale: float | None = None,
        padding: float = 0.0,
        bound: float = 1e-6,
    ) -> None:
        super().__init__()
        check_counts("FourierDeconv2d", in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size)
        if factors not in (1, 4):
            raise UserError(f"FourierDeconv2d factors={factors}: give 1 or 4.")
        if first_tap not in ("fixed", "trainable"):
            raise UserError(f"FourierDeconv2d first_tap={first_tap!r}: give fixed or trainable.")
        if not 0 <= padding <= MOST_PADDING:
            most = f"from 0 to {MOST_PADDING}"
            raise UserError(f"FourierDeconv2d padding={padding}: give a fraction of the image's size, {most}.")
        if scale is not None and not math.isfinite(scale):
            raise UserError(f"FourierDeconv2d scale={scale}: give a finite number, or null for none.")
        if not 0 <= bound < math.inf:
            raise UserError(f"FourierDeconv2d bound={bound}: give 0 or more.")
        self.kernel_size = kernel_size
        self.factors = factors
        self.padding = padding
        self.bound = bound
        rows, columns = kernel_size
        taps = torch.randn(out_channels, in_channels, rows * columns)
        taps /= rows * columns * (in_channels + out_channels)
        first = torch.ones(out_channels, in_channels, 1)
        if first_tap == "trainable":
            self.first: Tensor = nn.Parameter(first)
        else:
            self.register_buffer("first", first, persistent=False)
        self.taps = nn.Parameter(taps[..., 1:])
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.scale = None if scale is None else nn.Parameter(torch.tensor(float(scale)))

    @property
    def kernel(self) -> Tensor:
        """The filters h: (out, in, rows, columns)."""
        taps = torch.cat([self.first, self.taps], dim=-1)
        return taps.view(*taps.shape[:2], *self.kernel_size)

    def denominator(self, size: tuple[int, int]) -> Tensor:
        """What the spectrum of an image of ``size`` is divided by: (out, in, H, W // 2 + 1).

        Real for four factors, complex for one.
        """
        response = transfer(self.kernel, size)
        if self.factors == 1:
            return response
        power = response.real**2 + response.imag**2
        return power * mirror_rows(power)

    def forward(self, image: Tensor) -> Tensor:
        """Filter ``image``, (B, in, H, W); float32 at least, whatever the autocast: (B, out, H, W).

        A layer of one channel filters every colour alike.

        Raises:
            UserError: images of other channels, the padded image is smaller than the filters, or a response's
                denominator is below ``bound``.
        """
        if self.taps.shape[:2] == (1, 1) and image.shape[1] > 1:
            return self.forward(image.flatten(0, 1)[:, None]).view_as(image)
        check_channels("FourierDeconv2d", self.taps.shape[1], image, argument="in_channels")
        if image.dtype in (torch.float16, torch.bfloat16):
            image = image.float()  # FFTs of half precision want sizes that are powers of two
        with torch.autocast(image.device.type, enabled=False):
            rows, columns = (round(self.padding * length) for length in image.shape[-2:])
            wide = nn.functional.pad(image, (columns, columns, rows, rows))
            result: Tensor = self._filter(wide)
            return result[..., rows : rows + image.shape[-2], columns : columns + image.shape[-1]]

    def _filter(self, image: Tensor) -> Tensor:
        size = (image.shape[-2], image.shape[-1])
        if size[0] < self.kernel_size[0] or size[1] < self.kernel_size[1]:
            raise UserError(
                f"An image of {size[0]}x{size[1]} pixels is smaller than a deconvolution of "
                f"{self.kernel_size[0]}x{self.kernel_size[1]} taps: use larger images or fewer taps."
            )
        denominator = self.denominator(size)
        check_denominator(denominator, size, self.bound)
        spectrum = _sum_products(torch.fft.rfft2(image), denominator.reciprocal())
        result: Tensor = torch.fft.irfft2(spectrum, s=size) / self.taps.shape[1] ** 0.5
        if self.scale is not None:
            result = result * self.scale
        return result if self.bias is None else result + self.bias[:, None, None]


def _sum_products(spectrum: Tensor, response: Tensor) -> Tensor:
    """(B, in, H, V) complex times (out, in, H, V), summed over the input channels: (B, out, H, V) complex."""
    channels = spectrum.shape[1]
    if channels <= _FEW_CHANNELS:
        total = spectrum[:, :1] * response[:, 0]
        for channel in range(1, channels):
            total = total + spectrum[:, channel : channel + 1] * response[:, channel]
        return total
    if response.is_complex():
        return _matrix_products(spectrum.unsqueeze(-1), response).squeeze(-1)
    # a real response needs half the products: real and imaginary parts are but two more images
    return torch.view_as_complex(_matrix_products(torch.view_as_real(spectrum), response).contiguous())


def _matrix_products(parts: Tensor, response: Tensor) -> Tensor:
    """(B, in, H, V, P) times (out, in, H, V), a matrix product for each frequency: (B, out, H, V, P)."""
    left = parts.permute(2, 3, 0, 4, 1)  # (H, V, B, P, in)
    right = response.permute(2, 3, 1, 0)  # (H, V, in, out)
    total = torch.bmm(left.flatten(2, 3).flatten(0, 1), right.flatten(0, 1))
    return total.view(*left.shape[:4], -1).permute(2, 4, 0, 1, 3)


def weakest(denominator: Tensor, size: tuple[int, int]) -> tuple[float, float, float]:
    """The least magnitude of a denominator (..., H, W // 2 + 1), and its frequency, vertical and horizontal.

    Frequencies are in cycles for each pixel.
    """
    magnitude = denominator.detach().abs().flatten(0, -3).amin(dim=0) if denominator.ndim > 2 else denominator.abs()
    least, place = torch.stack([magnitude.min(), magnitude.argmin()]).tolist()  # of the device it is waited for once
    row, column = divmod(int(place), magnitude.shape[-1])
    down = (row if row <= size[0] // 2 else row - size[0]) / size[0]
    return least, down, column / size[1]


def check_denominator(denominator: Tensor, size: tuple[int, int], bound: float) -> None:
    """Refuse a response that explodes; this waits for the device.

    Raises:
        UserError: the least magnitude is below ``bound``, or none is a number.
    """
    least, down, right = weakest(denominator, size)
    if not least >= bound:
        raise UserError(
            f"The learned filter's inverse explodes: its denominator is {least:.2g} at {down:.3f} vertical and "
            f"{right:.3f} horizontal cycles per pixel (bound {bound:.2g}); lower the learning rate, or use "
            "RegularisedDeconv."
        )
