"""The oracle Wiener filter: the best linear filter, told the PSF, the noise and the spectrum of photographs."""

from typing import final

import torch
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.errors import UserError
from deblur_lightning.functional.fourier import centred_transfer, interpolate_bands, regularised_inverse
from deblur_lightning.functional.padding import pad_for_deconvolution
from deblur_lightning.methods.filtering import FilterRestorer
from deblur_lightning.networks.measuring import measure
from deblur_lightning.networks.spectra import MeasuredSpectra


class MeasuredWiener(MeasuredSpectra):
    """Wiener's filter whose powers of signal and noise are means over what it was shown."""

    def forward(self, blurred: Tensor, psf: Tensor) -> Tensor:
        """Restore ``blurred``, (B, C, H, W) of any size, by the PSFs (B, K, K); the output is not clamped."""
        signal, noise = self.powers()
        ratio = noise / signal
        ratio[0] = 0  # the mean is as it was
        with torch.autocast(blurred.device.type, enabled=False):
            wide = pad_for_deconvolution(blurred.to(ratio.dtype), psf)
            size = (wide.shape[-2], wide.shape[-1])
            otf = centred_transfer(psf.to(ratio.dtype), size)[:, None]
            spectrum = torch.fft.rfft2(wide)
            response = regularised_inverse(otf, interpolate_bands(ratio, size) / self.levels(spectrum, otf, size))
            restored: Tensor = torch.fft.irfft2(spectrum * response, s=size)
            return restored[..., : blurred.shape[-2], : blurred.shape[-1]]


@final
class OracleWiener(FilterRestorer):
    """Wiener's filter, told each sample's PSF, the noise's spectrum and that of sharp images, from the train split.

    Spectra are radial means; an image's own is taken to be of the same shape, and its level to be the likeliest. In
    training nothing is learned but the spectra: one epoch over some thousand crops settles them.

    Args:
        bands: radii at which the spectra are measured, at least 3.
        crop_border: pixels at each edge that a test leaves out of the scores.

    Raises:
        UserError: fewer bands than that.
    """

    network: MeasuredWiener

    def __init__(self, bands: int = 32, crop_border: int = 0) -> None:
        if bands < 3:
            raise UserError(f"bands={bands}: give 3 or more.")
        super().__init__(MeasuredWiener(bands), crop_border)
        self.save_hyperparameters(logger=False)

    @property
    def title(self) -> str:
        return type(self).__name__

    @property
    def is_fitted(self) -> bool:
        return bool(self.network.count > 0)

    @torch.no_grad()
    def training_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor:
        sharp, psf = batch["sharp"], batch["psf"]
        reach = psf.shape[-1] // 2
        height, width = sharp.shape[-2:]
        if min(height, width) - 2 * reach < 0.7 * self.network.bands:  # fewer frequencies than bands to put them in
            raise UserError(
                f"Crops of {height}x{width} pixels, blurred by {psf.shape[-1]}x{psf.shape[-1]} taps, are too small for "
                f"{self.network.bands} bands: set crop_size={2 * reach + self.network.bands} or fewer "
                "bands."
            )
        measure(self.network, batch, psf, batch["psf_known"])
        return super().training_step(batch, batch_idx)
