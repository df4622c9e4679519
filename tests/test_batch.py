"""Rounding to 8 bits clamps first, keeps the dtype, and changes nothing the second time."""

import pytest
import torch

from deblur_lightning.batch import to_8bit

LEVELS = torch.arange(256) / 255


def test_levels_stay_what_they_are() -> None:
    assert torch.equal(to_8bit(LEVELS), LEVELS)


def test_values_go_to_the_nearest_level() -> None:
    for offset in (-0.49, -0.2, 0.2, 0.49):
        assert torch.equal(to_8bit(LEVELS + offset / 255), LEVELS)


def test_all_256_levels_and_no_others() -> None:
    rounded = to_8bit(torch.linspace(-0.5, 1.5, 100_001))
    assert torch.equal(rounded.unique(), LEVELS)


def test_clamps_rather_than_wraps() -> None:
    image = torch.tensor([-7.0, -1e-3, 1.0 + 1e-3, 1.004, 1.2, 300.0, float("inf"), float("-inf")])
    wanted = torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    assert torch.equal(to_8bit(image), wanted)
    assert (to_8bit(image) * 255).round().to(torch.uint8).tolist() == (wanted * 255).tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_idempotent_in_shape_dtype_and_value(dtype: torch.dtype) -> None:
    image = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(0)).to(dtype)
    before = image.clone()
    rounded = to_8bit(image)
    assert rounded.dtype == dtype
    assert rounded.shape == image.shape
    assert torch.equal(to_8bit(rounded), rounded)
    assert torch.equal(image, before)


def test_rounding_in_place_is_the_same_and_overwrites() -> None:
    image = torch.linspace(-0.5, 1.5, 999)
    wanted = to_8bit(image)
    assert not torch.equal(image, wanted)
    assert to_8bit(image, in_place=True) is image
    assert torch.equal(image, wanted)
