"""The deconvolution layer: equal to its formula, right gradients, and an error rather than an exploding inverse."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.networks.deconv import FourierDeconv2d, weakest


def by_formula(layer: FourierDeconv2d, image: Tensor) -> Tensor:
    """The report's formula, written down as it stands: every pair of channels, full complex transforms."""
    rows, columns = (round(layer.padding * side) for side in image.shape[-2:])
    wide = torch.nn.functional.pad(image, (columns, columns, rows, rows))
    height, width = wide.shape[-2:]
    outputs = []
    for filters in layer.kernel:
        total = torch.zeros(len(image), height, width, dtype=image.dtype)
        for channel, h in enumerate(filters):
            padded = torch.zeros(height, width, dtype=image.dtype)
            padded[: h.shape[0], : h.shape[1]] = h
            g1 = 1 / torch.fft.fft2(padded)
            g2 = g1.flip(0).roll(1, 0)
            g3 = g1.flip(1).roll(1, 1)
            g4 = g1.flip(0, 1).roll((1, 1), (0, 1))
            g = g1 * g2 * g3 * g4 if layer.factors == 4 else g1
            total = total + torch.fft.ifft2(torch.fft.fft2(wide[:, channel]) * g).real
        outputs.append(total / math.sqrt(len(filters)))
    result = torch.stack(outputs, dim=1)
    if layer.scale is not None:
        result = result * layer.scale
    if layer.bias is not None:
        result = result + layer.bias[:, None, None]
    return result[..., rows : height - rows, columns : width - columns]


def layer_of(inputs: int = 1, outputs: int = 1, kernel: tuple[int, int] = (4, 4), **settings: Any) -> FourierDeconv2d:
    torch.manual_seed(0)
    layer = FourierDeconv2d(inputs, outputs, kernel, **settings)
    with torch.no_grad():
        if layer.bias is not None:
            layer.bias.copy_(torch.linspace(-0.1, 0.2, outputs))
    return layer


def image_of(channels: int, height: int, width: int, **settings: Any) -> Tensor:
    return torch.rand(2, channels, height, width, generator=torch.Generator().manual_seed(1), **settings)


@pytest.mark.parametrize("factors", [1, 4])
@pytest.mark.parametrize("channels", [(1, 1), (3, 3), (2, 5), (12, 9)])
@pytest.mark.parametrize("size", [(16, 16), (15, 17), (16, 23), (9, 31), (4, 4)])
def test_it_is_the_reports_formula(factors: Any, channels: tuple[int, int], size: tuple[int, int]) -> None:
    layer, image = layer_of(*channels, factors=factors), image_of(channels[0], *size)
    wanted = by_formula(layer, image)
    assert layer(image).shape == (2, channels[1], *size)
    torch.testing.assert_close(layer(image), wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()))


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel": (2, 4)},
        {"kernel": (10, 10)},
        {"kernel": (1, 3)},
        {"first_tap": "trainable"},
        {"bias": False},
        {"scale": 0.5},
        {"padding": 0.5},
        {"padding": 0.13, "factors": 1},
    ],
    ids=str,
)
def test_every_option_is_the_formulas(settings: dict[str, Any]) -> None:
    layer, image = layer_of(2, 3, **settings), image_of(2, 15, 20)
    wanted = by_formula(layer, image)
    torch.testing.assert_close(layer(image), wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()))
    plain = layer_of(2, 3)(image)
    assert (layer(image) - plain).abs().max() > 1e-3 or settings == {"first_tap": "trainable"}


def test_the_first_tap_is_fixed_or_trained() -> None:
    for first_tap in ("fixed", "trainable"):
        layer = layer_of(first_tap=first_tap)
        layer(image_of(1, 16, 16)).square().mean().backward()
        assert layer.kernel[0, 0, 0, 0] == 1
        assert isinstance(layer.first, torch.nn.Parameter) == (first_tap == "trainable")
        assert layer.first.grad is not None if first_tap == "trainable" else layer.first.grad is None


def test_initial_taps_are_small() -> None:
    torch.manual_seed(0)
    taps = FourierDeconv2d(8, 8, (4, 4)).taps
    assert taps.std().item() == pytest.approx(1 / (16 * 16), rel=0.05)


@pytest.mark.parametrize("factors", [1, 4])
@pytest.mark.parametrize("channels", [2, 9])
def test_gradients(factors: Any, channels: int) -> None:
    layer = layer_of(channels, 2, (2, 3), factors=factors, scale=0.7, first_tap="trainable").double()
    image = image_of(channels, 6, 5, dtype=torch.float64).requires_grad_()
    parameters = dict(layer.named_parameters())

    def apply(image: Tensor, *values: Tensor) -> Tensor:
        result = torch.func.functional_call(layer, dict(zip(parameters, values, strict=True)), (image,))
        assert isinstance(result, Tensor)
        return result

    assert torch.autograd.gradcheck(apply, (image, *parameters.values()))


def test_it_undoes_its_own_blur() -> None:
    layer, sharp = layer_of(bias=False), image_of(1, 20, 21)
    blurred = torch.fft.irfft2(torch.fft.rfft2(sharp) * layer.denominator((20, 21))[0], s=(20, 21))
    assert (blurred - sharp).abs().max() > 0.05
    torch.testing.assert_close(layer(blurred), sharp, rtol=0, atol=1e-5)


def test_four_factors_have_no_phase() -> None:
    denominator = layer_of().denominator((16, 15))
    assert not denominator.is_complex()
    assert denominator.min() > 0
    assert layer_of(factors=1).denominator((16, 15)).is_complex()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    layer, image = layer_of(2, 2), image_of(2, 15, 18).to(dtype)
    assert layer(image).dtype == torch.float32
    assert torch.equal(layer(image), layer(image.float()))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(image.float()), layer(image.float()))
        assert layer(image.float()).dtype == torch.float32


def test_an_image_smaller_than_the_filter_is_refused_in_one_line() -> None:
    for size in ((3, 20), (20, 3), (1, 20)):
        with pytest.raises(UserError, match=rf"{size[0]}x{size[1]} pixels is smaller than a deconvolution of 4x4"):
            layer_of()(image_of(1, *size))
    assert layer_of(padding=1.0)(image_of(1, 3, 20)).shape == (2, 1, 3, 20)


def test_an_axis_of_one_pixel() -> None:
    layer = layer_of(kernel=(1, 4))
    image = image_of(1, 1, 20)
    torch.testing.assert_close(layer(image), by_formula(layer, image), rtol=0, atol=1e-5)


def test_an_all_zero_image_gives_the_bias() -> None:
    assert torch.equal(layer_of(1, 3)(torch.zeros(1, 1, 8, 8))[0, :, 3, 3], torch.linspace(-0.1, 0.2, 3))


@pytest.mark.parametrize(
    ("kernel", "place"), [([[0.0, 0.0]], "0.000 vertical and 0.000"), ([[1.0, -1.0]], "0.000 vertical and 0.000")]
)
def test_an_exploding_inverse_is_named_with_its_frequency(kernel: list[list[float]], place: str) -> None:
    layer = layer_of(kernel=(1, 2), first_tap="trainable")
    with torch.no_grad():
        layer.first.fill_(kernel[0][0])
        layer.taps.fill_(kernel[0][1])
    with pytest.raises(UserError, match="inverse explodes") as error:
        layer(image_of(1, 8, 8))
    assert place in str(error.value)
    assert "\n" not in str(error.value)


def test_the_weakest_frequency() -> None:
    layer = layer_of(kernel=(2, 1), first_tap="trainable", factors=1)
    with torch.no_grad():
        layer.taps.fill_(0.9)  # 1 + .9 exp(-2 pi i u) is least at half a cycle per pixel, downwards
    assert weakest(layer.denominator((8, 6)), (8, 6)) == pytest.approx((0.1, 0.5, 0.0), abs=1e-6)


def test_weights_that_are_no_numbers_are_refused() -> None:
    layer = layer_of()
    with torch.no_grad():
        layer.taps[0, 0, 3] = math.nan
    with pytest.raises(UserError, match="explodes"):
        layer(image_of(1, 8, 8))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"in_channels": 0}, "in_channels=0"),
        ({"out_channels": -1}, "out_channels=-1"),
        ({"kernel_size": (0, 3)}, r"kernel_size=\[0, 3\]"),
        ({"factors": 2}, "factors=2"),
        ({"first_tap": "free"}, "first_tap='free'"),
        ({"padding": -0.1}, "padding=-0.1"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"FourierDeconv2d {message}"):
        FourierDeconv2d(**settings)


def test_a_layer_of_one_channel_filters_colours_alike() -> None:
    layer = layer_of()
    image = torch.rand(2, 3, 9, 8)
    planes = [layer(image[:, colour : colour + 1]) for colour in range(3)]
    torch.testing.assert_close(layer(image), torch.cat(planes, dim=1))
