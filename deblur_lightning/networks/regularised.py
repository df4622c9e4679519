"""Regularised deconvolution for photographs: one layer, or several and a small network."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.functional.fourier import centred_transfer, interpolate_bands, regularised_inverse
from deblur_lightning.functional.padding import pad_for_deconvolution
from deblur_lightning.networks.channels import check_channels, check_counts
from deblur_lightning.networks.spectra import MeasuredSpectra

MEMORY = 0.98
"""What the spectra of earlier batches still count at each further one: PSF and noise are not right from the start."""


class RegularisedDeconv(nn.Module):
    """Filters every channel by conj(H) / (|H|^2 + e(f)), e learned at radii of the spectrum.

    This is Wiener's filter, with the ratio of noise to signal learned from pairs of images. H is the transform of the
    PSF, which is learned too (non-negative, sum 1) or given with each image. FFTs take an image for periodic and would
    ring at its borders, so the image is padded first; see ``pad_for_deconvolution``.

    e is learned for an image of the training's mean contrast. An image of less contrast has less signal beside the same
    noise. With ``own_level`` e is therefore divided by the level of each image: how many times the mean power the image
    most likely has. The level is 1 until ``spectra`` has seen images. What the PSF does not explain counts as noise, so
    a blur that no PSF explains wants no ``own_level``.

    Args:
        psf_size: K, odd, of the learned PSF; None if the PSF is given with each image.
        bands: radii at which e is learned.
        noise_to_signal: where e starts at the highest frequency, for each filter; it falls with f^2 towards 0.
        own_level: whether e depends on each image's level.

    Attributes:
        takes_psf: whether ``forward`` wants the PSFs.
        spectra: of the training's images; None without ``own_level``.

    Raises:
        UserError: an even size, fewer than two bands, or a ratio that is not above 0.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import RegularisedDeconv
        >>> RegularisedDeconv(psf_size=5).eval()(torch.rand(1, 3, 32, 32)).shape
        torch.Size([1, 3, 32, 32])
    """

    def __init__(
        self,
        psf_size: int | None = 15,
        bands: int = 32,
        noise_to_signal: list[float] | None = None,
        own_level: bool = True,
    ) -> None:
        super().__init__()
        ratios = [0.001] if noise_to_signal is None else noise_to_signal
        if psf_size is not None and (psf_size < 1 or psf_size % 2 == 0):
            raise UserError(f"RegularisedDeconv psf_size={psf_size}: give an odd number of taps, or null.")
        if bands < 2:
            raise UserError(f"RegularisedDeconv bands={bands}: give 2 or more.")
        if not ratios or not all(0 < ratio < math.inf for ratio in ratios):
            raise UserError(f"RegularisedDeconv noise_to_signal={ratios}: give ratios above 0.")
        self.takes_psf = psf_size is None
        radii = torch.linspace(0, 1, bands).clamp(min=0.5 / bands)
        self.log_ratio = nn.Parameter(torch.tensor(ratios).log()[:, None] + 2 * radii.log())
        self.spectra = MeasuredSpectra(bands, MEMORY) if own_level else None
        if psf_size is not None:
            offset = torch.arange(psf_size) - psf_size // 2
            square = offset**2 + offset[:, None] ** 2
            self.roots = nn.Parameter((-square / (4 * (1 + psf_size / 8) ** 2)).exp())

    @property
    def psf(self) -> Tensor:
        """The learned PSF: (K, K), non-negative, sum 1."""
        squares = self.roots**2
        return squares / squares.sum()

    def forward(self, blurred: Tensor, psf: Tensor | None = None) -> Tensor:
        """Restore ``blurred``, in float32 at least; the output is not clamped.

        Args:
            blurred: (B, C, H, W) in [0, 1], of any size from the PSF's on.
            psf: (B, K, K), where the layer was made for given PSFs.

        Returns:
            (B, N C, H, W) for N filters, all channels of the first one first.

        Raises:
            UserError: an image smaller than the PSF, or no PSF where one is needed.
        """
        if blurred.dtype in (torch.float16, torch.bfloat16):
            blurred = blurred.float()
        psf = self._chosen(blurred, psf)
        height, width = blurred.shape[-2:]
        with torch.autocast(blurred.device.type, enabled=False):
            with torch.no_grad():
                wide = pad_for_deconvolution(blurred, psf)
            size = (wide.shape[-2], wide.shape[-1])
            spectrum = torch.fft.rfft2(wide)
            otf = centred_transfer(psf, size)[:, None]
            ratio = self._ratio(size)[:, None]
            if self.spectra is not None:
                ratio = ratio / self.spectra.levels(spectrum, otf, size)[:, None]
            filtered = spectrum[:, None] * regularised_inverse(otf[:, None], ratio)
            restored: Tensor = torch.fft.irfft2(filtered, s=size)
            return restored[..., :height, :width].flatten(1, 2)

    def response(self, psf: Tensor, size: tuple[int, int]) -> Tensor:
        """The filters' spectra for PSFs (B, K, K) and images of ``size`` and level 1: (B, N, H, W // 2 + 1) complex."""
        return regularised_inverse(centred_transfer(psf, size)[:, None], self._ratio(size))

    def _ratio(self, size: tuple[int, int]) -> Tensor:
        """The filters' e at level 1: (N, H, W // 2 + 1)."""
        ratio = interpolate_bands(self.log_ratio, size).exp()
        start = torch.zeros(size[0], size[1] // 2 + 1, device=ratio.device)
        start[0, 0] = 1  # the mean is to stay as it is
        return ratio * (1 - start)

    def _chosen(self, blurred: Tensor, psf: Tensor | None) -> Tensor:
        """The PSFs to invert, (B or 1, K, K)."""
        if not self.takes_psf:
            psf = self.psf[None]
        elif psf is None:
            raise UserError("RegularisedDeconv was made for given PSFs (psf_size=null) and got none: pass them.")
        height, width = blurred.shape[-2:]
        if min(height, width) < psf.shape[-1]:
            raise UserError(
                f"An image of {height}x{width} pixels is smaller than a PSF of {psf.shape[-1]}x{psf.shape[-1]}: "
                "use larger images or a smaller PSF."
            )
        return psf.to(blurred.dtype)


class MultiDeconv(nn.Module):
    """Several regularised inverses side by side, and a small convolutional network that makes one image of them.

    The inverses share the PSF and differ in their ratios of noise to signal. A low ratio gives a sharper image, a high
    one a quieter image. The network learns where to trust which. What it adds to their mean starts at zero.

    Args:
        filters: number of inverses.
        psf_size: K, odd, of the learned PSF; None if the PSF is given with each image.
        width: channels of the convolutions.
        depth: number of convolutions, at least 2.
        channels: of the image. A network for 1 restores every colour of a larger number alike.
        bands: radii at which each ratio is learned.
        own_level: whether the ratios depend on each image's contrast; see ``RegularisedDeconv``.

    Raises:
        UserError: fewer than one filter, two convolutions, or one channel.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import MultiDeconv
        >>> MultiDeconv(psf_size=5).eval()(torch.rand(2, 1, 32, 32)).shape
        torch.Size([2, 1, 32, 32])
    """

    def __init__(
        self,
        filters: int = 4,
        psf_size: int | None = 15,
        width: int = 32,
        depth: int = 4,
        channels: int = 1,
        bands: int = 32,
        own_level: bool = True,
    ) -> None:
        super().__init__()
        check_counts("MultiDeconv", filters=filters, width=width, channels=channels)
        check_counts("MultiDeconv", least=2, depth=depth)
        ratios = [0.1 * 0.1**place for place in torch.linspace(0, 3, filters, device="cpu").tolist()]
        self.inverses = RegularisedDeconv(psf_size, bands, ratios, own_level)
        self.takes_psf = self.inverses.takes_psf
        self.channels = channels
        widths = [(filters + 1) * channels, *[width] * (depth - 1), channels]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
        self.refine = nn.Sequential(*layers[:-1])
        last = self.refine[-1]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, blurred: Tensor, psf: Tensor | None = None) -> Tensor:
        """Restore ``blurred``, (B, channels, H, W) in [0, 1]; see ``RegularisedDeconv``.

        Raises:
            UserError: images of other channels.
        """
        colours = blurred.shape[1]
        if self.channels == 1 and colours > 1:
            each = None if psf is None else psf.repeat_interleave(colours, dim=0)
            return self.forward(blurred.flatten(0, 1)[:, None], each).view_as(blurred)
        check_channels("MultiDeconv", self.channels, blurred)
        inverses = self.inverses(blurred, psf)
        mean: Tensor = inverses.unflatten(1, (-1, blurred.shape[1])).mean(dim=1)
        change: Tensor = self.refine(torch.cat([blurred, inverses], dim=1))
        return mean + change
