"""White noise: flat in levels and in frequency, the same for a seed, apart between splits."""

import pytest
import torch
from scipy.stats import chisquare

from deblur_lightning.errors import UserError
from deblur_lightning.sources.white_noise import WhiteNoise


def test_every_level_is_as_likely_as_another() -> None:
    image = WhiteNoise(size=256).split("train").pixels(0)
    assert image.dtype == torch.uint8
    assert image.shape == (1, 256, 256)
    assert chisquare(torch.bincount(image.flatten().long(), minlength=256).numpy()).pvalue > 1e-3


def test_no_frequency_is_stronger_than_another() -> None:
    image = WhiteNoise(size=256).split("train").pixels(0)[0].double()
    power = torch.fft.fft2(image - image.mean()).abs().square().view(8, 32, 8, 32).mean(dim=(1, 3))
    assert (power / power.mean() - 1).abs().max() < 0.25  # 1,024 values each


def test_images_depend_on_seed_split_and_index_alone() -> None:
    images = WhiteNoise(length=2, seed=3).split("train")
    first = images.pixels(0)
    assert len(images) == 2
    assert torch.equal(first, WhiteNoise(length=5, seed=3).split("train").pixels(0, visit=7))
    others = [images.pixels(1), WhiteNoise(seed=4).split("train").pixels(0), WhiteNoise(seed=3).split("test").pixels(0)]
    assert not any(torch.equal(first, other) for other in others)
    assert images.name(0) != images.name(1)
    assert images.size(0) == (48, 48)


@pytest.mark.parametrize("settings", [{"length": 0}, {"size": 0}])
def test_nothing_at_all_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(UserError, match=f"WhiteNoise {next(iter(settings))}=0"):
        WhiteNoise(**settings)
