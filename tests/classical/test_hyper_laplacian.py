"""The hyper-Laplacian filter: each difference is shrunk to the least of its sum, edges stay, and its aim is neared."""

import numpy as np
import pytest
import torch

from deblur_lightning.classical.base import ClassicalFilter, Plane
from deblur_lightning.classical.hyper_laplacian import HyperLaplacian, shrink
from deblur_lightning.classical.wiener import Wiener
from deblur_lightning.functional.fourier import centred_transfer

PSF = np.full((1, 7), 1 / 7) * np.eye(7)[3][:, None]
STRENGTHS = tuple(10 ** (half / 2) for half in range(-12, 0))


def filtered(plane: Plane) -> Plane:
    """Blurred by ``PSF`` as a periodic scene."""
    otf = centred_transfer(torch.from_numpy(PSF), (plane.shape[0], plane.shape[1])).numpy()
    result: Plane = np.fft.irfft2(np.fft.rfft2(plane) * otf, s=plane.shape)
    return result


def blocks(noise: float = 0.01) -> tuple[Plane, Plane]:
    """Rectangles of differing brightness, and the same blurred and noisy."""
    random = np.random.default_rng(0)
    sharp = random.uniform(0.1, 0.9, (6, 6)).repeat(12, axis=0).repeat(12, axis=1)
    return sharp, filtered(sharp) + noise * random.standard_normal(sharp.shape)


def aim(plane: Plane, blurred: Plane, strength: float, power: float = 2 / 3) -> float:
    """What is to be the least."""
    differences = [np.roll(plane, -1, axis) - plane for axis in (0, 1)]
    rough = sum((np.abs(each) ** power).sum() for each in differences)
    return float(((blurred - filtered(plane)) ** 2).sum() / 2 + strength * rough)


def least_error(kind: ClassicalFilter, sharp: Plane, blurred: Plane) -> float:
    """The root mean squared error by the best of the strengths."""
    errors = [((kind.restore(blurred, PSF, strength) - sharp) ** 2).mean() ** 0.5 for strength in STRENGTHS]
    return float(min(errors))


@pytest.mark.parametrize("weight", [1.0, 0.1, 0.005])
def test_a_difference_is_shrunk_to_the_least_of_its_sum(weight: float) -> None:
    values = np.linspace(-3, 3, 61)
    candidates = np.linspace(-3, 3, 12001)
    sums = weight * np.abs(candidates) ** (2 / 3) + (candidates - values[:, None]) ** 2 / 2
    found = shrink(torch.from_numpy(values), weight).numpy()
    reached = weight * np.abs(found) ** (2 / 3) + (found - values) ** 2 / 2
    np.testing.assert_allclose(reached, sums.min(axis=1), atol=1e-4)
    assert (found == 0).any()
    assert (np.abs(found) <= np.abs(values)).all()


def test_blocks_come_back_with_half_of_what_wiener_s_filter_is_wrong_by() -> None:
    sharp, blurred = blocks()
    assert least_error(HyperLaplacian(), sharp, blurred) < 0.5 * least_error(Wiener(), sharp, blurred)


@pytest.mark.parametrize("strength", [1e-5, 1e-4, 1e-3])
def test_its_aim_is_nearer_than_by_wiener_s_filter_of_any_strength(strength: float) -> None:
    _, blurred = blocks()
    ours = aim(HyperLaplacian().restore(blurred, PSF, strength), blurred, strength)
    assert ours < 0.9 * aim(blurred, blurred, strength)
    assert ours < min(aim(Wiener().restore(blurred, PSF, each), blurred, strength) for each in STRENGTHS)


def test_more_weight_makes_smoother() -> None:
    _, blurred = blocks()
    restored = [HyperLaplacian().restore(blurred, PSF, strength) for strength in (1e-6, 1e-4, 1e-2)]
    rough = [aim(plane, filtered(plane), 1) for plane in restored]
    assert rough[0] > rough[1] > rough[2]
