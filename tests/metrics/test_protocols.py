"""Papers' protocols, against their definitions in other words."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import data, transform

from deblur_lightning.errors import UserError
from deblur_lightning.metrics import align_by_shift, psnr, psnr_ssim, register, scores_under
from deblur_lightning.metrics.protocols import PROTOCOLS


def as_batch(image: np.ndarray) -> torch.Tensor:
    """(1, 3, H, W) of (H, W, 3)."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].double()


def photograph(height: int, width: int) -> np.ndarray:
    """(H, W, 3) in [0, 1], in colours, with detail."""
    image: np.ndarray = data.astronaut()[:height, 100 : 100 + width] / 255.0
    return image


def matlab_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """MATLAB's ``ssim`` of uint8 arrays of two or three dimensions, by its documentation."""

    def means(values: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(values, 1.5, mode="nearest", radius=5)

    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = means(a), means(b)
    variance_a, variance_b = means(a * a) - mean_a**2, means(b * b) - mean_b**2
    covariance = means(a * b) - mean_a * mean_b
    c_1, c_2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    upper = (2 * mean_a * mean_b + c_1) * (2 * covariance + c_2)
    return float((upper / ((mean_a**2 + mean_b**2 + c_1) * (variance_a + variance_b + c_2))).mean())


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (64, 48)])
def test_protocols_of_papers_are_matlab_s(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psnr_ssim, "BAND", 600)
    rng = np.random.default_rng(0)
    sharp = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    restored = (sharp.astype(int) + rng.integers(-30, 31, sharp.shape)).clip(0, 255).astype(np.uint8)
    first, second = (torch.from_numpy(a).permute(2, 0, 1)[None].double() / 255 for a in (restored, sharp))
    gopro = scores_under("gopro", first, second)
    assert gopro["ssim"].item() == pytest.approx(matlab_ssim(restored, sharp), abs=1e-9)
    assert gopro["psnr"].item() == pytest.approx(psnr(first, second).item())
    weights = np.array([65.481, 128.553, 24.966]) / 255
    lumas = [np.rint(16 + image @ weights).astype(np.uint8) for image in (restored, sharp)]
    y8 = scores_under("y8", first, second)
    assert y8["ssim"].item() == pytest.approx(matlab_ssim(*lumas), abs=1e-9)
    error = np.square(lumas[0].astype(float) - lumas[1]).mean()
    assert y8["psnr"].item() == pytest.approx(min(100, 10 * np.log10(255**2 / error)) if error else 100)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(UserError, match="protocol ntire: choose from rgb8, y8, gopro, realblur, levin"):
        scores_under("ntire", torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))


def reference_realblur(sharp: np.ndarray, moved: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """The two figures by their formulas: SSIM's window is a Gaussian cut at 3.5 sigma, its edge is left out."""
    error = ((sharp * inside - moved) ** 2).sum() / inside.sum()

    def means(image: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(image, (1.5, 1.5, 0), truncate=3.5)

    a, b = (sharp * inside).astype(np.float64), moved.astype(np.float64)
    mean_a, mean_b = means(a), means(b)
    variance_a, variance_b = means(a * a) - mean_a**2, means(b * b) - mean_b**2
    covariance = means(a * b) - mean_a * mean_b
    upper = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4)
    similar = upper / ((mean_a**2 + mean_b**2 + 1e-4) * (variance_a + variance_b + 9e-4))
    core, weights = (similar * inside)[5:-5, 5:-5], inside[5:-5, 5:-5]
    return float(-10 * np.log10(error)), float((core.sum(axis=(0, 1)) / weights.sum(axis=(0, 1))).mean())


def turned_and_darkened(sharp: np.ndarray) -> np.ndarray:
    """Half a degree, a shift of two pixels and a tenth less light, as 8-bit levels."""
    moved = transform.warp(sharp, transform.EuclideanTransform(rotation=0.009, translation=(2.0, -1.0)), mode="reflect")
    levels: np.ndarray = np.rint(0.9 * moved * 255) / 255
    return levels


def test_realblur_registers_before_it_scores() -> None:
    sharp = photograph(120, 150)
    moved = turned_and_darkened(sharp)
    scores = {name: scores_under(name, as_batch(moved), as_batch(sharp)) for name in ("rgb8", "realblur")}
    assert scores["rgb8"]["psnr"].item() < 22
    assert scores["realblur"]["psnr"].item() > 32
    assert scores["realblur"]["ssim"].item() > 0.95
    arrays = [image.astype(np.float32) for image in (moved, sharp)]
    registered, inside = register(*arrays)
    assert 0.9 < inside.mean() < 1
    assert (registered[inside == 0] == 0).all()
    of_formula = reference_realblur(arrays[1].astype(np.float64), registered.astype(np.float64), inside)
    ours = (scores["realblur"]["psnr"].item(), scores["realblur"]["ssim"].item())
    assert ours == pytest.approx(of_formula, abs=1e-4)


def test_realblur_of_equal_images_is_capped() -> None:
    sharp = as_batch(np.rint(photograph(120, 150) * 255) / 255)
    scores = scores_under("realblur", sharp, sharp)
    assert (scores["psnr"].item(), scores["ssim"].item()) == pytest.approx((100.0, 1.0))


def test_what_cannot_be_registered_is_told_in_a_line() -> None:
    with pytest.raises(UserError, match="cannot be registered"):
        scores_under("realblur", torch.full((1, 3, 32, 32), 0.5), torch.full((1, 3, 32, 32), 0.5))
    with pytest.raises(UserError, match=r"too small|cannot be registered"):
        scores_under("realblur", torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8))


def test_levin_is_the_least_error_of_all_shifts() -> None:
    """By scipy's bilinear interpolation at each of the 1,681 shifts."""
    rng = np.random.default_rng(0)
    sharp = rng.uniform(size=(37, 41, 3))
    restored = ndimage.shift(sharp, (1.25, -2.5, 0), order=1) + 0.01 * rng.normal(size=sharp.shape)
    cut = sharp[15:-15, 15:-15]
    rows, columns = np.mgrid[15 : 37 - 15, 15 : 41 - 15].astype(float)
    errors = {}
    for down in np.arange(-5, 5.25, 0.25):
        for right in np.arange(-5, 5.25, 0.25):
            places = [rows + down, columns + right]
            moved = [ndimage.map_coordinates(restored[..., c], places, order=1) for c in range(3)]
            errors[down, right] = float(((np.stack(moved, axis=-1) - cut) ** 2).sum())
    best = min(errors, key=lambda shift: errors[shift])
    scores = scores_under("levin", as_batch(restored), as_batch(sharp))
    assert scores["ssd"].item() == pytest.approx(errors[best], rel=1e-9)
    assert scores["psnr"].item() == pytest.approx(-10 * np.log10(errors[best] / cut.size))


def test_each_image_of_a_batch_has_a_shift_of_its_own() -> None:
    sharp = photograph(48, 52)
    moved = [np.roll(sharp, (down, right), axis=(0, 1)) for down, right in ((2, 3), (-4, 0))]
    restored, target = (torch.cat([as_batch(image) for image in images]) for images in (moved, [sharp, sharp]))
    aligned, cut = align_by_shift(restored, target)
    assert torch.equal(aligned, cut)
    assert scores_under("levin", restored, target)["psnr"].tolist() == [100.0, 100.0]


def test_images_too_small_for_a_shift_are_refused() -> None:
    with pytest.raises(UserError, match="30x40 pixels are too small"):
        scores_under("levin", torch.rand(1, 3, 30, 40), torch.rand(1, 3, 30, 40))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_sees_a_worse_image(name: str) -> None:
    sharp = as_batch(photograph(120, 150))
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=tuple(sharp.shape)))
    better, worse = (scores_under(name, (sharp + amount * noise).clamp(0, 1), sharp) for amount in (0.01, 0.1))
    assert all(better[metric].item() > worse[metric].item() for metric in ("psnr", "ssim"))
