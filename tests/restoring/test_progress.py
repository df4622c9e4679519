"""What is told of the work on a photo while it goes on."""

from itertools import accumulate

import numpy as np
import pytest
import torch

from deblur_lightning.restoring.forward_progress import ForwardProgress
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.helpers.models import random_pixels, small_model

CPU = torch.device("cpu")


def test_a_pass_is_told_of_layer_by_layer() -> None:
    network = small_model().network
    images = torch.rand(1, 3, 576, 640)
    shares: list[float] = []
    with torch.inference_mode():
        assert torch.equal(ForwardProgress(network).run(images, shares.append), network(images))
    assert sum(shares) == pytest.approx(1, abs=0.05)
    assert max(shares) < 0.25
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_photo_s_pixels_are_told_as_they_are_done(averaged: bool, channels: int) -> None:
    pixels = random_pixels(560, 600, channels)
    told: list[float] = []
    PhotoRestorer(small_model(), CPU, averaged=averaged).restore(pixels, told.append)
    shares = [done / (560 * 600) for done in accumulate(told)]
    assert shares[-1] == pytest.approx(1)
    assert max(np.diff([0, *shares])) < 0.25
    assert min(np.diff(shares)) > -0.05


def test_all_passes_of_a_restoration_count() -> None:
    """The network is a third of the work; others are a check at half the size, the PSF, and what is supported."""
    pixels = random_pixels(128, 192, 3)
    told: list[float] = []
    PhotoRestorer(load_model(), CPU).restore(pixels, told.append)
    first, last = told[0] / (128 * 192), sum(told) / (128 * 192)
    assert first == pytest.approx(1 / 3.25)
    assert last == pytest.approx(1)
