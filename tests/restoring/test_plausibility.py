"""What is believed of a restoration: synthetic changes, and the shipped model on blurs within and beyond its range."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from deblur_lightning.degradations.base import Degradation, degrade_images
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.draws import EVALUATION_SEED, Draws
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.plausibility import halve, is_plausible
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels
from deblur_lightning.sources.photos import Photos

CPU = torch.device("cpu")
rng = np.random.default_rng(0)
BEFORE = rng.integers(60, 190, (40, 50, 3))
CHANGE = np.kron(rng.integers(-10, 11, (20, 25, 3)), np.ones((2, 2, 1), int))
OTHER = np.kron(rng.integers(-10, 11, (20, 25, 3)), np.ones((2, 2, 1), int))


def adding(change: np.ndarray) -> Callable[[Pixels], Pixels]:
    """Changes the half-size photo as ``change`` does when it is shrunk too."""
    return lambda small: (small + change[::2, ::2] * 257.0).astype(np.uint16)


@pytest.mark.parametrize(
    ("asked", "believed"),
    [
        (0 * CHANGE, True),
        (CHANGE, True),
        (3 * CHANGE, True),
        (OTHER, True),
        (3 * OTHER, False),
        (-3 * CHANGE, False),
        (3 * OTHER + CHANGE, True),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_half_the_size_contradicts_is_not_believed(asked: np.ndarray, believed: bool, dtype: type) -> None:
    step = 1 if dtype == np.uint8 else 257
    before, after = ((pixels * step).astype(dtype) for pixels in (BEFORE, BEFORE + CHANGE))
    assert is_plausible(before, after, adding(asked)) == believed


def test_faint_changes_are_believed() -> None:
    before = BEFORE.astype(np.uint8)
    after = before.copy()
    after[0, 0] += 4
    assert is_plausible(before, after, adding(np.sign(OTHER)))
    assert not is_plausible(before, after, adding(OTHER))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (3, 500)])
def test_any_size(size: tuple[int, int]) -> None:
    pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    assert is_plausible(pixels, pixels, lambda small: small)


def test_half_the_size_is_means_of_the_middle() -> None:
    assert np.allclose(halve(np.array([[[0], [2]], [[4], [6]]], np.uint8)), 3 / 255)
    assert halve(np.zeros((4099, 7, 1), np.uint16)).shape == (1024, 3, 1)


@pytest.mark.parametrize(
    ("blur", "restored"),
    [(MotionBlur((41, 41)), False), (MotionBlur((9, 9)), True), (GaussianBlur((2, 2)), True)],
)
def test_the_shipped_model_leaves_what_is_beyond_it(blur: Degradation, restored: bool) -> None:
    sharp = Photos().split("test").pixels(0)[None, :, 100:300, 100:300]
    draws = Draws(EVALUATION_SEED, "test", torch.tensor([0]), torch.tensor([0]))
    pixels = (degrade_images(blur, sharp, draws, trim=0, rounding=True)["blurred"][0] * 255).round().to(torch.uint8)
    photo = pixels.permute(1, 2, 0).numpy()
    assert (PhotoRestorer(load_model(), CPU).restore(photo) is not photo) == restored
