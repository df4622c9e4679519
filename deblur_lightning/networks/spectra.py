"""Spectra of photographs and noise, measured in training, and how far an image differs from them."""

import torch
from torch import Tensor, nn

from deblur_lightning.functional.fourier import band_means, interpolate_bands

LEAST_NOISE = 1e-10
"""Power for each pixel; rounding to 8 bits makes 1.3e-6. Without any the division could be one by zero."""


class MeasuredSpectra(nn.Module):
    """Powers of signal and noise at radii of the spectrum, as means over what was shown.

    Args:
        bands: radii at which the powers are kept.
        memory: what earlier images still count, in (0, 1], each time that further ones are shown.

    Attributes:
        sums: (2, bands), of the powers of the sharp images and of the noise.
        count: () of the planes summed.
    """

    sums: Tensor
    count: Tensor

    def __init__(self, bands: int, memory: float = 1.0) -> None:
        super().__init__()
        self.bands = bands
        self.memory = memory
        self.register_buffer("sums", torch.zeros(2, bands))
        self.register_buffer("count", torch.zeros(()))

    @torch.no_grad()
    def show(self, sharp: Tensor, noise: Tensor, valid: Tensor) -> None:
        """Add the powers of crops (B, C, H, W) and (B, C, H', W') where ``valid``, (B,) of 0 or 1."""
        self.sums *= self.memory
        self.count *= self.memory
        for row, crops in enumerate((sharp, noise)):
            self.sums[row] += (radial_power(crops, self.bands) * valid[:, None, None]).sum(dim=(0, 1))
        self.count += valid.sum() * sharp.shape[1]

    def powers(self) -> tuple[Tensor, Tensor]:
        """Of the signal and of the noise, (bands,) each; the first, of the mean, is taken for equal to the second."""
        means = self.sums / self.count
        means[:, 0] = means[:, 1]
        signal, noise = means.clamp(min=LEAST_NOISE)
        return signal, noise

    @torch.no_grad()
    def levels(self, spectrum: Tensor, otf: Tensor, size: tuple[int, int]) -> Tensor:
        """How many times the power of the mean image each blurred image has; see ``level``. 1 before any was shown.

        Args:
            spectrum: (B, C, H, W // 2 + 1) complex, of blurred images of ``size``.
            otf: (B, 1, H, W // 2 + 1) complex, of their PSFs.
            size: height and width.

        Returns:
            (B, C, 1, 1).
        """
        signal, noise = (interpolate_bands(bands, size) for bands in self.powers())
        found = level(spectrum.abs() ** 2 / (size[0] * size[1]), otf, noise, signal)
        return torch.where(self.count > 0, found, torch.ones_like(found))


def level(power: Tensor, otf: Tensor, noise: Tensor, signal: Tensor, steps: int = 10) -> Tensor:
    """How many times the power of ``signal`` each image has: the likeliest factor, given the blurred image's power.

    Takes the coefficients for independent and normal (Whittle's likelihood), and climbs by Fisher scoring.

    Args:
        power: (B, C, H, W // 2 + 1), of a blurred image, for each pixel.
        otf: (B, 1, H, W // 2 + 1), of its PSF.
        noise: (H, W // 2 + 1), expected power of the noise.
        signal: (H, W // 2 + 1), expected power of a sharp image.
        steps: of the climb.

    Returns:
        (B, C, 1, 1), from 0.001 to 1000.
    """
    expected = otf.abs() ** 2 * signal
    expected[..., 0, 0] = 0  # the mean is of another kind
    factor = power.new_ones(*power.shape[:2], 1, 1)
    for _ in range(steps):
        weight = expected / (factor * expected + noise) ** 2
        total = (weight * (power - noise)).sum(dim=(-2, -1), keepdim=True)
        factor = (total / (weight * expected).sum(dim=(-2, -1), keepdim=True)).clamp(1e-3, 1e3)
    return factor


def radial_power(crops: Tensor, bands: int) -> Tensor:
    """Power for each pixel at N radii, under a Hann window, about the mean.

    Args:
        crops: (..., H, W).
        bands: N.

    Returns:
        (..., N); white noise of variance v has v at every radius but the first.
    """
    height, width = crops.shape[-2:]
    with torch.autocast(crops.device.type, enabled=False):
        down, right = (
            torch.hann_window(n, periodic=False, dtype=crops.dtype, device=crops.device) for n in (height, width)
        )
        window = down[:, None] * right
        mean = (crops * window).sum(dim=(-2, -1), keepdim=True) / window.sum()
        spectrum = torch.fft.rfft2((crops - mean) * window)
        return band_means(spectrum.abs() ** 2 / (window**2).sum(), bands, (height, width))
