"""JPEG: the very values of a file that Pillow writes, at the quality drawn."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_lightning.degradations.jpeg import JPEGCompression
from deblur_lightning.sources.photos import Photos
from tests.helpers.families import draws_for, images


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [20, 90])
def test_it_is_a_file_read_again(channels: int, quality: int) -> None:
    sharp = images(1, channels, 41, 50)
    result = JPEGCompression((quality, quality))(sharp, draws_for(1)).blurred[0] * 255
    pixels = (sharp[0] * 255).round().byte().permute(1, 2, 0).numpy()
    file = BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=quality, subsampling=2)
    wanted = np.asarray(Image.open(file)).reshape(41, 50, channels)
    np.testing.assert_allclose(result.permute(1, 2, 0), wanted, rtol=0, atol=1e-4)


def test_less_quality_is_more_damage() -> None:
    sharp = Photos().split("test").pixels(1)[None, :, :200, :200] / 255
    errors = [
        (JPEGCompression((quality, quality))(sharp, draws_for(1)).blurred - sharp).square().mean().item()
        for quality in (95, 75, 30, 5)
    ]
    assert errors == sorted(errors)
    assert errors[-1] > 10 * errors[0] > 0


def test_values_beyond_the_range_are_cut_off_and_do_not_wrap() -> None:
    sharp = torch.full((1, 3, 16, 16), 1.2)
    assert JPEGCompression()(sharp, draws_for(1)).blurred.min() == 1


@pytest.mark.parametrize(("quality", "words"), [((70, 95), "JPEG 70-95"), ((80, 80), "JPEG 80")])
def test_it_says_what_it_does(quality: tuple[int, int], words: str) -> None:
    assert JPEGCompression(quality).noise == words
