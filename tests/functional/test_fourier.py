"""Fourier tools against their definitions."""

import pytest
import torch

from deblur_lightning.functional.convolution import convolve
from deblur_lightning.functional.fourier import (
    HIGHEST,
    band_means,
    centred_spectrum,
    centred_transfer,
    interpolate_bands,
    mirror_rows,
    radius,
    regularised_inverse,
    transfer,
)

SIZES = [(8, 8), (9, 8), (8, 9), (7, 13), (1, 6), (6, 1)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("taps", [(1, 1), (4, 5), (9, 10)])
def test_taps_have_the_transform_of_the_padded_kernel(size: tuple[int, int], taps: tuple[int, int]) -> None:
    if taps[0] > size[0] or taps[1] > size[1]:
        size = (12, 11)
    kernel = torch.randn(2, 3, *taps, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(transfer(kernel, size), torch.fft.rfft2(kernel, s=size))


@pytest.mark.parametrize("size", [(9, 12), (10, 11)])
def test_a_product_with_the_transfer_function_is_a_circular_convolution(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(1)
    image, psf = torch.rand(2, 3, *size, generator=generator), torch.rand(2, 5, 5, generator=generator)
    product = torch.fft.rfft2(image) * centred_transfer(psf, size)[:, None]
    wanted = convolve(image, psf, "circular")
    torch.testing.assert_close(torch.fft.irfft2(product, s=size), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_mirrored_rows_are_the_negated_frequencies(size: tuple[int, int]) -> None:
    full = torch.fft.fft2(torch.rand(size, generator=torch.Generator().manual_seed(0)))
    down = -torch.arange(size[0]) % size[0]
    assert torch.equal(mirror_rows(full), full[down])


@pytest.mark.parametrize("size", SIZES)
def test_a_halved_spectrum_is_made_whole(size: tuple[int, int]) -> None:
    image = torch.rand(2, *size, generator=torch.Generator().manual_seed(0))
    whole = torch.fft.fftshift(torch.fft.fft2(image).abs(), dim=(-2, -1))
    torch.testing.assert_close(centred_spectrum(torch.fft.rfft2(image).abs(), size[1]), whole)


def test_radii() -> None:
    values = radius((8, 6))
    assert values.shape == (8, 4)
    assert values[0, 0] == 0
    assert values[4, 3].item() == pytest.approx(HIGHEST)
    assert values[7, 0] == values[1, 0] == 1 / 8


def test_what_is_spread_is_found_again_in_its_bands() -> None:
    bands = torch.tensor([[3.0, 1.0, 4.0, 1.5], [0.0, 1.0, 2.0, 3.0]])
    wide = interpolate_bands(bands, (200, 220))
    assert wide.shape == (2, 200, 111)
    assert wide[0, 0, 0] == 3
    torch.testing.assert_close(wide[1], 3 * radius((200, 220)) / HIGHEST, rtol=0, atol=1e-5)
    assert (band_means(wide, 4, (200, 220)) - bands)[1, 1:3].abs().max() < 0.1


def test_a_band_that_no_frequency_falls_into_has_the_nearest_ones_mean() -> None:
    means = band_means(radius((4, 4)), 40, (4, 4))
    torch.testing.assert_close(means, torch.linspace(0, HIGHEST, 40), rtol=0, atol=0.13)
    assert len(means.unique()) == 6


@pytest.mark.parametrize("side", [64, 96, 128, 250])
def test_a_frequency_midway_between_two_bands_counts_to_the_lower(side: int) -> None:
    size, bands = (side, side), 17
    values = torch.rand(side, side // 2 + 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    down, right = torch.fft.fftfreq(side).double(), torch.fft.rfftfreq(side).double()
    place = (((down[:, None] ** 2 + right**2) * 2).sqrt() * (bands - 1) - 1e-4).round()
    wanted = torch.stack([values[place == band].mean() for band in range(bands)])
    torch.testing.assert_close(band_means(values, bands, size), wanted, rtol=0, atol=1e-9)


def test_the_regularised_inverse() -> None:
    otf = torch.tensor([1 + 0j, 0.5j, 0 + 0j])
    torch.testing.assert_close(regularised_inverse(otf, torch.zeros(3))[:2] * otf[:2], torch.ones(2) + 0j)
    assert regularised_inverse(otf, torch.full((3,), 0.1))[2] == 0
