"""JPEG: the very values of a file that Pillow writes, at the quality drawn."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_lightning.degradations.jpeg import JPEGCompression, compress, compress_by_pillow
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


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 2), (8, 5), (16, 16), (17, 33), (40, 4), (47, 63)])
def test_on_an_accelerator_it_is_the_same_file(channels: int, size: tuple[int, int]) -> None:
    """``compress`` runs there; here on the CPU, against Pillow, each image at a quality of its own."""
    noise = (images(7, channels, *size) * 255).to(torch.uint8)
    smooth = torch.linspace(0, 255, size[1]).expand(7, channels, *size).to(torch.uint8)
    quality = torch.tensor([1, 10, 49, 50, 75, 95, 100])
    for pixels in (noise, smooth):
        assert torch.equal(compress(pixels, quality), compress_by_pillow(pixels, quality))


@pytest.mark.parametrize("place", range(3))
def test_photographs_too_are_the_same_to_the_bit(place: int) -> None:
    pixels = Photos().split("test").pixels(place)[None, :, 100:323, 50:241].expand(3, 3, -1, -1)
    quality = torch.tensor([30, 70, 90])
    assert torch.equal(compress(pixels, quality), compress_by_pillow(pixels, quality))
