"""The oracle Wiener filter: told what no blind method knows, it is the reference row of every table."""

from typing import final

import torch
from torch import Tensor, nn

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.degradations.convolution import convolve
from deblur_lightning.errors import UserError
from deblur_lightning.fourier import band_means, centred_transfer, regularised_inverse, spread
from deblur_lightning.methods.filtering import FilterRestorer
from deblur_lightning.surroundings import completed

LEAST_NOISE = 1e-10
"""Power for each pixel; rounding to 8 bits makes 1.3e-6. Without any the division could be one by zero."""


class MeasuredWiener(nn.Module):
    """Wiener's filter whose powers of signal and noise are means over what it was shown.

    Args:
        bands: radii at which the powers are kept.

    Attributes:
        sums: (2, bands), of the powers of the sharp images and of the noise.
        count: () of the planes summed.
    """

    sums: Tensor
    count: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.bands = bands
        self.register_buffer("sums", torch.zeros(2, bands))
        self.register_buffer("count", torch.zeros(()))

    def show(self, sharp: Tensor, noise: Tensor, valid: Tensor) -> None:
        """Add the powers of crops (B, C, H, W) and (B, C, H', W') where ``valid``, (B,) of 0 or 1."""
        for row, crops in enumerate((sharp, noise)):
            self.sums[row] += (radial_power(crops, self.bands) * valid[:, None, None]).sum(dim=(0, 1))
        self.count += valid.sum() * sharp.shape[1]

    def powers(self) -> tuple[Tensor, Tensor]:
        """Of the signal and of the noise, (bands,) each; the first, of the mean, is taken for equal to the second."""
        means = self.sums / self.count
        means[:, 0] = means[:, 1]
        signal, noise = means.clamp(min=LEAST_NOISE)
        return signal, noise

    def forward(self, blurred: Tensor, psf: Tensor) -> Tensor:
        """Restore ``blurred``, (B, C, H, W) of any size, by the PSFs (B, K, K); the output is not clamped."""
        signal, noise = self.powers()
        ratio = noise / signal
        ratio[0] = 0  # the mean is as it was
        with torch.autocast(blurred.device.type, enabled=False):
            wide = completed(blurred.to(ratio.dtype), psf)
            size = (wide.shape[-2], wide.shape[-1])
            otf = centred_transfer(psf.to(ratio.dtype), size)[:, None]
            spectrum = torch.fft.rfft2(wide)
            levels = level(spectrum.abs() ** 2 / wide[0, 0].numel(), otf, spread(noise, size), spread(signal, size))
            response = regularised_inverse(otf, spread(ratio, size) / levels)
            restored: Tensor = torch.fft.irfft2(spectrum * response, s=size)
            return restored[..., : blurred.shape[-2], : blurred.shape[-1]]


@final
class OracleWiener(FilterRestorer):
    """Wiener's filter, told each sample's PSF, the noise's spectrum and that of sharp images, from the train split.

    Spectra are radial means; an image's own is taken to be of the same shape, and its level to be the likeliest. In
    training nothing is learned but the spectra: one epoch over some thousand crops settles them.

    Args:
        bands: radii at which the spectra are measured, at least 3.
        crop: pixels at each edge that a test leaves out of the scores.

    Raises:
        UserError: fewer bands than that.
    """

    network: MeasuredWiener

    def __init__(self, bands: int = 32, crop: int = 0) -> None:
        if bands < 3:
            raise UserError(f"model.bands={bands}: give 3 or more.")
        super().__init__(MeasuredWiener(bands), crop)
        self.save_hyperparameters(logger=False)

    @property
    def title(self) -> str:
        return type(self).__name__

    @property
    def is_fitted(self) -> bool:
        return bool(self.network.count > 0)

    @torch.no_grad()
    def training_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor:
        sharp, blurred, psf = batch["sharp"], batch["blurred"], batch["psf"]
        reach = psf.shape[-1] // 2
        height, width = sharp.shape[-2:]
        if min(height, width) - 2 * reach < 0.7 * self.network.bands:  # fewer frequencies than bands to put them in
            raise UserError(
                f"Crops of {height}x{width} pixels, blurred by {psf.shape[-1]}x{psf.shape[-1]} taps, are too small for "
                f"{self.network.bands} bands: set --data.crop_size={2 * reach + self.network.bands} or fewer "
                "--model.bands."
            )
        noise = blurred - convolve(sharp.float(), psf.float()).to(blurred)
        inner = noise[..., reach : height - reach, reach : width - reach]  # beyond, the crop's border is unknown
        self.network.show(sharp, inner, batch["psf_known"].to(sharp.dtype))
        return super().training_step(batch, batch_idx)


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
