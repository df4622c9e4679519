"""Fourier tools: transfer functions of kernels, quantities that depend on frequency, and the regularised inverse.

Spectra are those of real images, halved as ``torch.fft.rfft2`` leaves them: (..., H, W // 2 + 1).
"""

import math

import torch
from torch import Tensor

_FEW_TAPS = 64
_MIDWAY = 1e-4  # of a band's width; well above float32's errors

HIGHEST = 0.5**0.5
"""The highest radial frequency of a pixel grid, at its spectrum's corner, in cycles for each pixel."""


def transfer(kernel: Tensor, size: tuple[int, int]) -> Tensor:
    """The transform of kernels whose first tap lies at the origin.

    Args:
        kernel: (..., I, J), real, at most of ``size``.
        size: height and width of the images.

    Returns:
        (..., H, W // 2 + 1) complex.
    """
    rows, columns = kernel.shape[-2:]
    if rows * columns > _FEW_TAPS:
        spectrum: Tensor = torch.fft.rfft2(kernel, s=size)
        return spectrum
    # a sum of so few taps is faster than the FFT of a padded image
    down = _waves(rows, size[0], size[0], kernel)
    right = _waves(columns, size[1], size[1] // 2 + 1, kernel)
    waves: Tensor = down.T @ (kernel.to(right.dtype) @ right)
    return waves


def _waves(taps: int, length: int, frequencies: int, like: Tensor) -> Tensor:
    """exp(-2 pi i t f / length) for each tap t and frequency f: (taps, frequencies) complex."""
    steps = torch.arange(max(taps, frequencies), device=like.device)
    turns = (steps[:taps, None] * steps[:frequencies] % length).to(like.dtype) / length
    return torch.polar(torch.ones_like(turns), -2 * math.pi * turns)


def centred_transfer(psf: Tensor, size: tuple[int, int]) -> Tensor:
    """The optical transfer function (OTF) of PSFs (..., K, K), K odd, whose middle tap is the origin."""
    height, width = size
    side = psf.shape[-1]
    placed = psf.new_zeros(*psf.shape[:-2], height, width)
    placed[..., :side, :side] = psf
    return transfer(placed.roll((-(side // 2), -(side // 2)), dims=(-2, -1)), size)


def differences(size: tuple[int, int], like: Tensor) -> list[Tensor]:
    """The transfer functions of "the next pixel less this", downwards and to the right.

    Args:
        size: height and width of the images.
        like: of whose dtype and device they are.

    Returns:
        (H, 1) and (1, W // 2 + 1) complex.
    """
    down = torch.fft.fftfreq(size[0], dtype=like.dtype, device=like.device)[:, None]
    right = torch.fft.rfftfreq(size[1], dtype=like.dtype, device=like.device)[None]
    return [torch.polar(torch.ones_like(turns), 2 * math.pi * turns) - 1 for turns in (down, right)]


def mirror_rows(spectrum: Tensor) -> Tensor:
    """The values (..., H, V) at the negated vertical frequencies."""
    mirrored: Tensor = spectrum.flip(-2).roll(1, dims=-2)
    return mirrored


def centred_spectrum(magnitude: Tensor, width: int) -> Tensor:
    """A real image's magnitudes (..., H, W // 2 + 1) at all frequencies: (..., H, W), frequency 0 in the middle."""
    rest = mirror_rows(magnitude)[..., 1 : (width + 1) // 2].flip(-1)
    whole: Tensor = torch.fft.fftshift(torch.cat([magnitude, rest], dim=-1), dim=(-2, -1))
    return whole


def radius(size: tuple[int, int], device: torch.device | str = "cpu") -> Tensor:
    """Radial frequencies (H, W // 2 + 1), from 0 to ``HIGHEST`` cycles for each pixel."""
    down = torch.fft.fftfreq(size[0], device=device)
    right = torch.fft.rfftfreq(size[1], device=device)
    radii: Tensor = (down[:, None] ** 2 + right**2).sqrt()
    return radii


def interpolate_bands(bands: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate values at N radii, evenly spaced from 0 to ``HIGHEST``, linearly over a spectrum.

    Args:
        bands: (..., N), N at least 2.
        size: height and width of the image.

    Returns:
        (..., H, W // 2 + 1).
    """
    last = bands.shape[-1] - 1
    place = radius(size, bands.device) * (last / HIGHEST)
    below = place.floor().long().clamp(max=last - 1)
    share = (place - below).to(bands.dtype)
    return bands[..., below] * (1 - share) + bands[..., below + 1] * share


def band_means(spectrum: Tensor, bands: int, size: tuple[int, int]) -> Tensor:
    """The mean of a real quantity over each of the bands of ``interpolate_bands``.

    Args:
        spectrum: (..., H, W // 2 + 1) real.
        bands: N, at least 2.
        size: height and width of the image.

    Returns:
        (..., N). Each frequency belongs to the nearest band, and midway between two to the lower one, whatever the last
        bits of a square root are. A band without frequencies gets the mean of the nearest band that has some.
    """
    place = (radius(size, spectrum.device) * ((bands - 1) / HIGHEST) - _MIDWAY).round().long().flatten()
    sums = spectrum.new_zeros(*spectrum.shape[:-2], bands).index_add(-1, place, spectrum.flatten(-2))
    counts = place.new_zeros(bands).index_add(0, place, torch.ones_like(place))  # bincount waits for the device
    order = torch.arange(bands, device=place.device)
    distance = (order[:, None] - order).abs().masked_fill(counts == 0, bands)
    nearest = distance.argmin(dim=1)
    return (sums / counts.clamp(min=1))[..., nearest]


def regularised_inverse(otf: Tensor, noise_to_signal: Tensor) -> Tensor:
    """conj(H) / (|H|^2 + e): Wiener's filter where e is the ratio of the noise's to the signal's power."""
    return otf.conj() / (otf.abs() ** 2 + noise_to_signal)
