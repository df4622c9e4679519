"""Linear light: the sRGB curve, and bright points that leave bright traces."""

import pytest
import torch
from kornia.color import linear_rgb_to_rgb, rgb_to_linear_rgb

from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.identity import Identity
from deblur_lightning.degradations.linear_light import LinearLight, linear_from_srgb, srgb_from_linear
from deblur_lightning.degradations.noise import SensorNoise
from tests.helpers.families import draws_for, images


def test_the_curve_is_kornias() -> None:
    ramp = torch.linspace(0, 1, 3 * 64 * 64).view(1, 3, 64, 64)
    torch.testing.assert_close(linear_from_srgb(ramp), rgb_to_linear_rgb(ramp), rtol=0, atol=1e-6)
    torch.testing.assert_close(srgb_from_linear(ramp), linear_rgb_to_rgb(ramp), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("encoded", "light"), [(0.0, 0.0), (0.04045, 0.0031308), (0.5, 0.2140411), (1.0, 1.0)])
def test_known_values(encoded: float, light: float) -> None:
    assert linear_from_srgb(torch.tensor(encoded)).item() == pytest.approx(light, abs=1e-6)
    assert srgb_from_linear(torch.tensor(light)).item() == pytest.approx(encoded, abs=1e-5)


def test_there_and_back() -> None:
    levels = torch.arange(256).view(1, 1, 16, 16) / 255
    torch.testing.assert_close(LinearLight(Identity())(levels, draws_for(1)).blurred, levels, rtol=0, atol=1e-6)


def test_an_edge_is_brighter_than_when_blurred_in_files_values() -> None:
    edge = torch.zeros(1, 3, 21, 21)
    edge[..., 11:] = 1
    box = BoxBlur((5, 5))
    result, psf, known = LinearLight(box)(edge, draws_for(1))
    wanted = srgb_from_linear(box(linear_from_srgb(edge), draws_for(1)).blurred)
    torch.testing.assert_close(result, wanted, rtol=0, atol=1e-6)
    assert (result - box(edge, draws_for(1)).blurred).max() > 0.2
    assert not known.any()
    assert torch.equal(psf, box.psf(draws_for(1)))


def test_highlights_spread_the_light_that_the_file_cut_off() -> None:
    point = torch.zeros(1, 3, 15, 15)
    point[..., 7, 7] = 1
    dim, bright = (
        linear_from_srgb(LinearLight(BoxBlur((5, 5)), (white, white))(point, draws_for(1)).blurred) for white in (1, 8)
    )
    torch.testing.assert_close(bright[..., 5:10, 5:10], 8 * dim[..., 5:10, 5:10], rtol=1e-4, atol=1e-6)
    assert LinearLight(BoxBlur((5, 5)), (100, 100))(point, draws_for(1)).blurred.max().item() == pytest.approx(1)
    grey = images() * 0.9
    untouched, plain = (LinearLight(BoxBlur((5, 5)), (white, white))(grey, draws_for(3)).blurred for white in (8, 1))
    assert torch.equal(untouched, plain)


def test_it_passes_on_what_its_inner_says() -> None:
    degradation = LinearLight(Chain([BoxBlur(border="zero"), SensorNoise((1, 1))]))
    assert (degradation.border, degradation.margin, degradation.smallest) == ("zero", 0, 9)
    assert degradation.noise == "read 1/255 in linear light"
    assert LinearLight(BoxBlur()).noise == "none"
