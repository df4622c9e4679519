"""Sensor noise: as strong as asked for, where it should be, and every sample's its own."""

import pytest
import torch

from deblur_lightning.degradations.noise import SensorNoise, normal_fields
from tests.helpers.families import draws_for, images


@pytest.mark.parametrize("signal", [0.0, 0.25, 1.0])
@pytest.mark.parametrize(("read", "shot"), [(2.0, 0.0), (0.0, 3.0), (2.0, 3.0)])
def test_its_variance_is_that_of_its_model(signal: float, read: float, shot: float) -> None:
    sharp = torch.full((4, 3, 100, 100), signal)
    noise = (SensorNoise((read, read), (shot, shot))(sharp, draws_for(4)).blurred - sharp) * 255
    wanted = read**2 + shot**2 * signal
    assert noise.var().item() == pytest.approx(wanted, rel=0.03, abs=1e-9)
    assert abs(noise.mean().item()) < 4 * (wanted / noise.numel()) ** 0.5 + 1e-6


def test_it_is_normal_and_not_clipped() -> None:
    noise = normal_fields(torch.empty(4, 3, 100, 100), draws_for(4).bits("noise")).flatten()
    quantiles = torch.quantile(noise, torch.tensor([0.0228, 0.1587, 0.5, 0.8413, 0.9772]))
    torch.testing.assert_close(quantiles, torch.tensor([-2.0, -1, 0, 1, 2]), rtol=0, atol=0.05)
    assert SensorNoise((3, 3))(torch.zeros(1, 1, 9, 9), draws_for(1)).blurred.min() < 0


def test_samples_and_pixels_are_independent() -> None:
    fields = normal_fields(torch.empty(8, 10_000), draws_for(8).bits("noise"))
    correlations = torch.corrcoef(fields) - torch.eye(8)
    assert correlations.abs().max() < 0.05
    assert abs(torch.corrcoef(torch.stack([fields[0, 1:], fields[0, :-1]]))[0, 1]) < 0.05


def test_a_visit_brings_new_noise() -> None:
    sharp = images(2)
    first, again = (
        SensorNoise()(sharp, draws_for(2).__class__(0, "train", torch.full((2,), visit), torch.arange(2))).blurred
        for visit in (0, 1)
    )
    assert not torch.allclose(first, again, atol=1e-3)


@pytest.mark.parametrize(
    ("read", "shot", "words"),
    [
        ((0, 3), (0, 0), "read 0-3/255"),
        ((2, 2), (1, 4), "read 2/255 + shot 1-4/255"),
        ((0, 0), (0, 0), "none"),
    ],
)
def test_it_says_what_it_adds(read: tuple[float, float], shot: tuple[float, float], words: str) -> None:
    assert SensorNoise(read, shot).noise == words
