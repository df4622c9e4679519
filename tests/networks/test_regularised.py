"""The regularised inverse: it restores, with a PSF learned or given, and never gives what is no number."""

import math
from typing import Any

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import convolve
from deblur_lightning.networks.regularised import MultiDeconv, RegularisedDeconv
from deblur_lightning.sources.photos import Photos
from deblur_lightning.sources.preprocessed import luma

PHOTO = luma(Photos().split("test").pixels(1))[None, :, :150, :171] / 255


def gaussian(size: int, sigma: float) -> torch.Tensor:
    offset = torch.arange(size) - size // 2
    weight = (-(offset**2 + offset[:, None] ** 2) / (2 * sigma**2)).exp()
    return (weight / weight.sum())[None]


def mse(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).square().mean())


@pytest.mark.parametrize("training", [True, False])
def test_told_the_psf_it_restores(training: bool) -> None:
    psf = gaussian(9, 1.5)
    blurred = convolve(PHOTO, psf)
    layer = RegularisedDeconv(psf_size=None, noise_to_signal=[1e-3]).train(training)
    restored = layer(blurred, psf)
    assert restored.shape == PHOTO.shape
    inner = (..., slice(16, -16), slice(16, -16))
    assert mse(restored[inner], PHOTO[inner]) < 0.3 * mse(blurred[inner], PHOTO[inner])


def test_every_sample_has_its_own_psf() -> None:
    psfs = torch.cat([gaussian(7, 0.7), gaussian(7, 2.0)])
    blurred = convolve(PHOTO.expand(2, -1, -1, -1), psfs)
    layer = RegularisedDeconv(psf_size=None).eval()
    both = layer(blurred, psfs)
    for i in range(2):
        alone = layer(blurred[i : i + 1], psfs[i : i + 1])
        torch.testing.assert_close(both[i : i + 1], alone, rtol=0, atol=1e-4)
    assert mse(both[0], layer(blurred[:1], psfs[1:])[0]) > 1e-5


def test_more_noise_to_signal_is_smoother() -> None:
    noisy = PHOTO + 0.1 * torch.randn(PHOTO.shape, generator=torch.Generator().manual_seed(0))
    changes = []
    for ratio in (1e-4, 1e-2, 1.0):
        restored = RegularisedDeconv(psf_size=None, noise_to_signal=[ratio]).eval()(noisy, gaussian(5, 1.0))
        changes.append(float(restored.diff(dim=-1).abs().mean()))
    assert changes == sorted(changes, reverse=True)


def shown(own_level: bool = True) -> RegularisedDeconv:
    """A layer that has seen the photograph, with noise of 1 %."""
    layer = RegularisedDeconv(psf_size=None, noise_to_signal=[1e-2], own_level=own_level).eval()
    if layer.spectra is not None:
        noise = 0.01 * torch.randn(PHOTO.shape, generator=torch.Generator().manual_seed(0))
        layer.spectra.show(PHOTO, noise, torch.ones(1))
    return layer


def test_less_contrast_is_trusted_less() -> None:
    blurred = convolve(PHOTO, gaussian(9, 1.5))
    sharpness = []
    for contrast in (0.1, 0.3, 1.0, 3.0):
        restored = shown()(contrast * blurred, gaussian(9, 1.5)) / contrast
        sharpness.append(float(restored.diff(dim=-1).abs().mean()))
    assert sharpness == sorted(sharpness)
    assert sharpness[-1] > 1.1 * sharpness[0]


def test_without_own_level_a_layer_is_linear() -> None:
    blurred = convolve(PHOTO, gaussian(9, 1.5))
    dim, bright = (shown(own_level=False)(factor * blurred, gaussian(9, 1.5)) for factor in (0.1, 1.0))
    torch.testing.assert_close(10 * dim, bright, rtol=0, atol=1e-4)


def test_the_image_that_was_shown_is_of_level_one() -> None:
    layer = shown()
    assert layer.spectra is not None
    size = (PHOTO.shape[-2], PHOTO.shape[-1])
    otf = torch.ones(1, 1, size[0], size[1] // 2 + 1, dtype=torch.complex64)
    for contrast in (0.2, 1.0):
        found = layer.spectra.levels(torch.fft.rfft2(contrast * PHOTO), otf, size)
        assert 0.5 < float(found) / contrast**2 < 2


def test_an_empty_image_stays_so_whatever_was_shown() -> None:
    restored = shown()(torch.zeros(2, 1, 40, 50), gaussian(9, 1.5).expand(2, -1, -1))
    assert torch.equal(restored, torch.zeros_like(restored))


def test_several_filters_stand_side_by_side() -> None:
    image = torch.cat([PHOTO, 1 - PHOTO], dim=1)
    layer = RegularisedDeconv(psf_size=5, noise_to_signal=[1e-3, 0.1, 1.0]).eval()
    together = layer(image)
    assert together.shape == (1, 6, 150, 171)
    for i, ratio in enumerate((1e-3, 0.1, 1.0)):
        alone = RegularisedDeconv(psf_size=5, noise_to_signal=[ratio]).eval()(image)
        torch.testing.assert_close(together[:, 2 * i : 2 * i + 2], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_a_constant_image_stays_constant(training: bool, level: float) -> None:
    image = torch.full((1, 1, 40, 37), level)
    torch.testing.assert_close(RegularisedDeconv().train(training)(image), image, rtol=0, atol=1e-4)


def test_the_learned_psf_is_one() -> None:
    layer = RegularisedDeconv(psf_size=9)
    with torch.no_grad():
        layer.roots.copy_(torch.randn(9, 9))
    assert layer.psf.min() >= 0
    assert layer.psf.sum().item() == pytest.approx(1)


def test_gradients_reach_every_parameter() -> None:
    for network in (RegularisedDeconv(psf_size=7), MultiDeconv(filters=2, psf_size=7, width=4, depth=2)):
        network(PHOTO[..., :40, :40]).diff(dim=-1).square().mean().backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("size", [(15, 15), (16, 33), (97, 51)])
def test_any_size_from_the_psfs_on(training: bool, size: tuple[int, int]) -> None:
    for network in (RegularisedDeconv(), MultiDeconv(width=4, depth=2)):
        restored = network.train(training)(PHOTO[..., : size[0], : size[1]])
        assert restored.shape == (1, 1, *size)
        assert restored.isfinite().all()


def test_a_smaller_image_is_refused_in_one_line() -> None:
    with pytest.raises(UserError, match="14x40 pixels is smaller than a PSF of 15x15") as error:
        RegularisedDeconv()(PHOTO[..., :14, :40])
    assert "\n" not in str(error.value)


def test_an_axis_of_one_pixel() -> None:
    for training in (True, False):
        row = PHOTO[..., :1, :60]
        assert RegularisedDeconv(psf_size=1).train(training)(row).isfinite().all()


def test_a_missing_psf_is_named() -> None:
    with pytest.raises(UserError, match="got none"):
        RegularisedDeconv(psf_size=None)(PHOTO)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    layer = RegularisedDeconv().eval()
    image = PHOTO[..., :50, :60].to(dtype)
    assert layer(image).dtype == torch.float32
    assert torch.equal(layer(image), layer(image.float()))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(image.float()), layer(image.float()))


def test_all_zero_images_and_psfs_without_a_middle_give_numbers() -> None:
    psf = torch.zeros(1, 3, 3)
    psf[0, 1, 0] = psf[0, 1, 2] = 0.5  # a quarter of a cycle per pixel is lost altogether
    for image in (torch.zeros(1, 1, 40, 40), PHOTO[..., :40, :40]):
        for training in (True, False):
            assert RegularisedDeconv(psf_size=None).train(training)(image, psf).isfinite().all()


def test_the_network_starts_as_the_mean_of_its_inverses() -> None:
    network = MultiDeconv(filters=3, width=4, depth=3, channels=1).eval()
    torch.testing.assert_close(network(PHOTO), network.inverses(PHOTO).mean(dim=1, keepdim=True))
    wide = MultiDeconv(filters=2, width=4, depth=2, channels=3).eval()
    assert wide(PHOTO.expand(-1, 3, -1, -1)).shape == (1, 3, 150, 171)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RegularisedDeconv(psf_size=4), "RegularisedDeconv psf_size=4"),
        (lambda: RegularisedDeconv(bands=1), "RegularisedDeconv bands=1"),
        (lambda: RegularisedDeconv(noise_to_signal=[]), "RegularisedDeconv noise_to_signal"),
        (lambda: RegularisedDeconv(noise_to_signal=[0.1, math.nan]), "RegularisedDeconv noise_to_signal"),
        (lambda: MultiDeconv(filters=0), "MultiDeconv filters=0"),
        (lambda: MultiDeconv(width=0), "MultiDeconv width=0"),
        (lambda: MultiDeconv(depth=1), "MultiDeconv depth=1"),
    ],
)
def test_bad_settings_are_refused(make: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make()


def test_a_network_for_grey_restores_every_colour_alike() -> None:
    image = torch.cat([PHOTO, 1 - PHOTO, PHOTO**2], dim=1).repeat(2, 1, 1, 1)
    psfs = torch.cat([gaussian(5, 0.7), gaussian(5, 2.0)])
    for size, psf in ((5, None), (None, psfs)):
        network = MultiDeconv(filters=2, psf_size=size, width=4, depth=2).eval()
        torch.nn.init.normal_(network.refine[-1].weight)  # type: ignore[arg-type]
        for channel in range(3):
            alone = network(image[:, channel : channel + 1], psf)
            torch.testing.assert_close(network(image, psf)[:, channel : channel + 1], alone, rtol=0, atol=1e-3)
