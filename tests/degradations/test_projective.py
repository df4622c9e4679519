"""Projective shake: the mean of what a turning camera sees."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates
from torch import Tensor

from deblur_lightning.degradations.projective import ProjectiveShake, rotations
from deblur_lightning.errors import UserError
from tests.helpers.families import draws_for, images


def places(blur: ProjectiveShake, count: int, height: int, width: int) -> np.ndarray:
    """Where the pixels of each instant lie: (B, T, 2, H, W), down and right."""
    homographies = blur.homographies(draws_for(count), height, width).numpy()
    y, x = np.mgrid[:height, :width].astype(np.float64)
    points = np.einsum("btij,jhw->btihw", homographies, np.stack([x, y, np.ones_like(x)]))
    seen: np.ndarray = points[:, :, 1::-1] / points[:, :, 2:]
    return seen


@pytest.mark.parametrize("settings", [{"extent": (9, 15), "roll": (3, 3)}, {"frame": 200, "roll": (2, 2)}])
def test_it_is_the_mean_of_warped_images(settings: dict[str, object]) -> None:
    blur, sharp = ProjectiveShake(**settings), images(2, 3, 50, 61)  # type: ignore[arg-type]
    blurred, psf, known = blur(sharp, draws_for(2))
    for planes, points, result in zip(sharp.numpy(), places(blur, 2, 50, 61), blurred.numpy(), strict=True):
        for plane, found in zip(planes, result, strict=True):
            wanted = np.mean([map_coordinates(plane, instant, order=1, mode="mirror") for instant in points], axis=0)
            np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-4)
    assert not known.any()
    assert psf.shape == (2, 1, 1)


def extent(points: Tensor | np.ndarray) -> float:
    """The side of the square, centred on the mean, that holds (T, 2) points, in pixels."""
    return 1 + 2 * np.abs(points - points.mean(axis=0)).max().item()


def test_the_middle_moves_by_the_extent_and_corners_by_the_roll_too() -> None:
    still = places(ProjectiveShake(extent=(9, 9), roll=(0, 0)), 20, 65, 65)
    rolled = places(ProjectiveShake(extent=(1, 1), roll=(10, 10)), 20, 65, 65)
    for points in still:
        assert extent(points[:, :, 32, 32]) == pytest.approx(9, abs=0.2)
    for points in rolled:
        assert extent(points[:, :, 32, 32]) == pytest.approx(1, abs=1e-6)
        radius = np.hypot(*(points[:, :, 0, 0] - 32).T)
        assert radius == pytest.approx(32 * np.sqrt(2), rel=1e-6)
        angles = np.degrees(np.arctan2(*(points[:, :, 0, 0] - 32).T))
        assert np.ptp(angles) == pytest.approx(10, rel=1e-6)


def test_the_shorter_the_lens_the_more_the_blur_varies() -> None:
    def variation(focal: float) -> float:
        points = places(ProjectiveShake(extent=(15, 15), roll=(0, 0), focal=(focal, focal)), 10, 65, 65)
        return float(np.mean([abs(extent(p[:, :, 0, 0]) - extent(p[:, :, 32, 32])) for p in points]))

    assert variation(0.7) > 2 * variation(3)


def test_no_pixel_within_the_margin_sees_beyond_the_edges() -> None:
    blur = ProjectiveShake(extent=(9, 9), roll=(8, 8), frame=300)
    trim, size = blur.margin, 96
    inside = places(blur, 300, size, size)[..., trim : size - trim, trim : size - trim]
    assert inside.min() >= 0
    assert inside.max() <= size - 1
    assert inside.min() < 5  # nor is the margin much too wide


def test_crops_come_from_all_over_the_photograph() -> None:
    points = places(ProjectiveShake(extent=(1, 1), roll=(2, 2), frame=1000), 200, 64, 64)
    lengths = [extent(p[:, :, 32, 32]) for p in points]
    assert min(lengths) < 5
    assert max(lengths) > 15


def test_rotations_are_exact() -> None:
    angles = torch.tensor([0.3, -1.2], dtype=torch.float64)
    zero = torch.zeros_like(angles)
    sines, cosines = angles.sin(), angles.cos()
    torch.testing.assert_close(rotations(zero, zero, angles)[:, :2, 0], torch.stack([cosines, sines], dim=1))
    turned = rotations(angles, angles, angles)
    torch.testing.assert_close(turned @ turned.transpose(1, 2), torch.eye(3, dtype=torch.float64).expand(2, 3, 3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extent": (0, 3)}, "ProjectiveShake extent"),
        ({"roll": (-1, 1)}, "ProjectiveShake roll"),
        ({"focal": (0, 1)}, "ProjectiveShake focal"),
        ({"frame": -1}, r"ProjectiveShake frame=-1: give 0 or more\."),
    ],
)
def test_wrong_arguments_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        ProjectiveShake(**settings)  # type: ignore[arg-type]
