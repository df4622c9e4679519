"""Estimates of blur and noise, on blurs and noise that are known; and what the report makes of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from deblur_lightning.restoring.estimates import Estimate, blur_of, estimate, noise_of
from deblur_lightning.restoring.report import Report, picture, warning_of
from tests.helpers.models import discs, random_pixels


@pytest.mark.parametrize(("sigma", "noise"), [(0.7, 0), (1.0, 2), (2.0, 0), (2.0, 2), (3.0, 2), (5.0, 0)])
def test_a_gaussian_s_width_is_found(sigma: float, noise: float) -> None:
    blurred = ndimage.gaussian_filter(discs(), sigma)
    blurred += noise * np.random.default_rng(1).standard_normal(blurred.shape).astype(np.float32)
    found = blur_of(blurred)
    assert found == pytest.approx(sigma, rel=0.2, abs=0.1)


def test_a_motion_counts_in_its_own_direction() -> None:
    blurred = ndimage.uniform_filter1d(discs(), 9, axis=1)
    assert blur_of(blurred) == pytest.approx(9 / 12**0.5, rel=0.25)
    assert (blur_of(discs()) or 0) < 0.6


@pytest.mark.parametrize("sigma", [0.7, 1.5])
@pytest.mark.parametrize("period", [8, 16, 32])
def test_edges_that_are_all_alike_are_all_found(sigma: float, period: int) -> None:
    down, right = np.indices((128, 128)) // period
    for pattern in (right % 2, down % 2, (down + right) % 2):
        stripes = ndimage.gaussian_filter(200 * pattern.astype(np.float32) + 20, sigma)
        assert blur_of(stripes) == pytest.approx(sigma, rel=0.2)


@pytest.mark.parametrize("sigma", [0.0, 1.0, 3.0, 8.0])
def test_noise_is_found(sigma: float) -> None:
    clean = ndimage.gaussian_filter(discs(), 1.5)[..., None].repeat(3, axis=2)
    noisy = clean + sigma * np.random.default_rng(1).standard_normal(clean.shape).astype(np.float32)
    assert noise_of(noisy) == pytest.approx(sigma, rel=0.1, abs=0.15)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_photos_of_either_depth_give_levels_of_8_bits(dtype: type) -> None:
    smooth = ndimage.gaussian_filter(discs(), 2.0)[..., None]
    noisy = smooth + 2 * np.random.default_rng(1).standard_normal((200, 200, 3))
    found = estimate((noisy.clip(0, 255) / 255 * np.iinfo(dtype).max).round().astype(dtype))
    assert found is not None
    assert found.blur == pytest.approx(2, rel=0.2)
    assert found.noise == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize("pixels", [np.zeros((50, 50, 3), np.uint8), random_pixels(9, 300, 3)])
def test_without_edges_or_room_there_is_no_estimate(pixels: np.ndarray) -> None:
    assert estimate(pixels) is None


RANGES = {"blur": [0.5, 3.0], "noise": [0.0, 3.0]}


@pytest.mark.parametrize(
    ("blur", "noise", "words"),
    [
        (1.0, 1.0, ""),
        (0.2, 1.0, "this photo is sharper than anything this model has learned from"),
        (4.0, 1.0, "more blurred than"),
        (4.0, 5.0, "more blurred and noisier than"),
    ],
)
def test_what_lies_outside_is_told(blur: float, noise: float, words: str) -> None:
    warning = warning_of(Estimate(blur, noise), RANGES)
    assert words in warning
    assert bool(warning) == bool(words)
    assert warning_of(Estimate(blur, noise), {}) == ""


def test_the_report_gives_the_ranges_beside_the_estimates(tmp_path: Path) -> None:
    report = Report(tmp_path / "report", {"estimates": RANGES})
    photo = ndimage.gaussian_filter(discs(), 4.0)[..., None].repeat(3, axis=2).astype(np.uint8)
    assert "more blurred" in report.add("in/a.jpg", photo, photo)
    assert "the model has learned from blur 0.50 to 3.00, noise 0.00 to 3.00" in report.finish()
    row = (tmp_path / "report" / "report.csv").read_text().splitlines()[1]
    assert row.startswith("in/a.jpg,")
    assert "more blurred" in row
    assert (tmp_path / "report" / "in" / "a.jpg.png").is_file()


@pytest.mark.parametrize(("channels", "dtype"), [(1, np.uint8), (3, np.uint16), (4, np.uint8)])
def test_before_lies_left_of_after(channels: int, dtype: type, tmp_path: Path) -> None:
    before, after = (np.full((30, 40, channels), np.iinfo(dtype).max * share, dtype) for share in (0, 1))
    (tmp_path / "x.png").write_bytes(picture(before, after))
    drawn = np.asarray(Image.open(tmp_path / "x.png").convert("L"))
    assert drawn.shape == (30, 88)
    assert {drawn[5, 5], drawn[5, 80]} == {0, 255}
