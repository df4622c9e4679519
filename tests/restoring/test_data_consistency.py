"""What a photo supports of its restoration: a wrong change is taken back, a right one is kept."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from deblur_lightning.classical import estimate_psf
from deblur_lightning.degradations import MotionBlur
from deblur_lightning.restoring import data_consistency
from deblur_lightning.restoring.data_consistency import SUPPORT, fit_psf, keep_supported
from deblur_lightning.restoring.tiles import Pixels, scale
from deblur_lightning.restoring.uniform_blur import deconvolve
from tests.helpers.graphics import psnr

rng = np.random.default_rng(0)
SHARP = (ndimage.gaussian_filter(rng.random((120, 150, 3)), (0.6, 0.6, 0)) * 255).astype(np.uint8)


def moved(pixels: Pixels, length: int = 5) -> Pixels:
    """Blurred by a horizontal motion."""
    return np.rint(ndimage.uniform_filter1d(pixels.astype(np.float64), length, axis=1)).astype(np.uint8)


def test_the_psf_is_that_of_the_blur() -> None:
    psf = fit_psf(moved(SHARP), SHARP)
    middle = SUPPORT // 2
    assert psf.shape == (SUPPORT, SUPPORT)
    assert psf.min() >= 0
    assert abs(psf.sum() - 1) < 1e-9
    assert np.abs(psf[middle, middle - 2 : middle + 3] - 0.2).max() < 0.05
    assert psf[middle].sum() > 0.9


@pytest.mark.parametrize("pixels", [np.full((40, 40, 3), 90, np.uint8), SHARP[:1, :1], SHARP[:1], SHARP[:2, :3]])
def test_where_nothing_tells_there_is_no_blur(pixels: Pixels) -> None:
    psf = fit_psf(pixels, pixels)
    assert psf[SUPPORT // 2, SUPPORT // 2] > 0.99
    assert np.array_equal(keep_supported(pixels, pixels), pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_restoration_is_kept(dtype: type) -> None:
    step = 1 if dtype == np.uint8 else 257
    before, after = (pixels.astype(dtype) * dtype(step) for pixels in (moved(SHARP), SHARP))
    kept = keep_supported(before, after)
    assert kept.dtype == dtype
    assert psnr(kept[20:-20, 20:-20] / step, SHARP[20:-20, 20:-20]) > 36  # 19.5 before


def test_what_is_missing_is_added() -> None:
    soft = np.rint(ndimage.gaussian_filter(SHARP.astype(np.float64), (0.6, 0.6, 0))).astype(np.uint8)
    kept = keep_supported(moved(SHARP), soft)
    middle = np.s_[20:-20, 20:-20]
    assert psnr(kept[middle], SHARP[middle]) > psnr(soft[middle], SHARP[middle]) + 0.5


@pytest.mark.parametrize("size", [10, 30])
def test_a_change_that_does_not_lead_back_is_taken_back(size: int) -> None:
    before = moved(SHARP)
    change = ndimage.gaussian_filter(rng.standard_normal(before.shape), (1, 1, 0))
    wrong = (before + size * change / change.std()).clip(0, 255).astype(np.uint8)
    assert psnr(keep_supported(before, wrong), before) > psnr(wrong, before) + 6


def test_one_wrong_place_costs_that_place_alone() -> None:
    before, after = moved(SHARP), SHARP.copy()
    after[:40, :40] = rng.integers(0, 256, (40, 40, 3))
    kept = keep_supported(before, after)
    assert psnr(kept[8:32, 8:32], before[8:32, 8:32]) > 30
    assert psnr(kept[80:, 80:-20], SHARP[80:, 80:-20]) > psnr(before[80:, 80:-20], SHARP[80:, 80:-20]) + 6


def share_kept(photo: Pixels, restored: Pixels) -> float:
    """Of the change, away from the edges."""
    made, kept = (
        np.abs(after.astype(float) - photo)[20:-20, 20:-20].sum()
        for after in (restored, keep_supported(photo, restored))
    )
    return float(kept / made)


def printed() -> Pixels:
    """A page of words."""
    page = Image.new("L", (240, 160), 255)
    words = "\n".join("persons distribute above license"[line:] for line in range(7))
    ImageDraw.Draw(page).multiline_text((6, 6), words, fill=0, font=ImageFont.load_default(15), spacing=6)
    return np.array(page)[..., None]


def lamps() -> Pixels:
    """A wall with lights, white in a picture."""
    own = np.random.default_rng(1)
    wall = (ndimage.gaussian_filter(own.random((160, 240, 1)), (0.6, 0.6, 0)) * 200 + 20).astype(np.uint8)
    for top, left in own.integers(20, (136, 216), (8, 2)):
        wall[top : top + 4, left : left + 4] = 255
    return wall


def test_paper_is_no_light() -> None:
    """The PSF that a page's print shows is not quite the true one, so paper beside it is not white enough."""
    page = printed()
    blurred, _ = MotionBlur((9, 9), (60, 60))(scale(page)[None], seed=0)
    photo = (255 * blurred[0]).round().byte().permute(1, 2, 0).numpy()
    nearly = deconvolve(photo, estimate_psf(blurred[0], SUPPORT)[0].double().numpy())
    assert share_kept(photo, nearly) > 0.6


@pytest.mark.parametrize(("times", "kept"), [(1, True), (2, False)])
def test_light_brighter_than_white_is_not_explained(times: int, kept: bool) -> None:
    sharp = lamps()
    light = np.where(sharp == 255, 255.0 * times, sharp)
    photo = ndimage.uniform_filter1d(light, 9, axis=1).round().clip(0, 255).astype(np.uint8)
    nearly = ndimage.uniform_filter1d(sharp.astype(np.float64), 4, axis=1).round().astype(np.uint8)
    assert (share_kept(photo, nearly) > 0.75) == kept


def test_flat_stays_flat_grey_grey_white_white_black_black() -> None:
    before = moved(SHARP)
    before[:60] = before[:60].mean(axis=2, keepdims=True)  # grey, with a border that is not
    before[:, :50] = (33, 25, 23)
    before[80:90, 100:], before[90:100, 100:] = 255, 0
    after = (before + rng.integers(-3, 4, before.shape)).clip(0, 255).astype(np.uint8)
    kept = keep_supported(before, after).astype(int)
    assert (kept[:, :30] == (33, 25, 23)).all()
    assert (np.ptp(kept[:40, 65:], axis=2) <= 1).all()  # rounding
    assert (kept[before == 255] == 255).all()
    assert (kept[before == 0] == 0).all()


def test_each_cell_has_a_psf_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sharp = (ndimage.gaussian_filter(rng.random((160, 480, 3)), (0.6, 0.6, 0)) * 255).astype(np.uint8)
    before = moved(sharp, 7)
    before[:, 240:] = moved(sharp.transpose(1, 0, 2), 7).transpose(1, 0, 2)[:, 240:]
    middle = np.s_[20:-20, 20:-20]
    scores = []
    for cell in (160, 480):
        monkeypatch.setattr(data_consistency, "CELL", cell)
        scores.append(psnr(keep_supported(before, sharp)[middle], sharp[middle]))
    assert scores[0] > scores[1] + 6


def test_cells_that_are_worked_on_at_once_come_out_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_consistency, "CELL", 40)
    monkeypatch.setattr(data_consistency, "CELLS", 10)
    kept = []
    for threads in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        told: list[float] = []
        kept.append(keep_supported(moved(SHARP), SHARP, told.append))
        assert len(told) > 10
        assert sum(told) == pytest.approx(120 * 150)
    assert np.array_equal(*kept)


@pytest.mark.parametrize("length", [1, 300, 400, 401, 560, 561, 1000, 2560, 6000])
def test_shares_of_overlapping_cells_add_up_to_one(length: int) -> None:
    cells = data_consistency._cells(length)
    total = np.zeros(length)
    for (start, stop), share in zip(cells, data_consistency._shares(cells), strict=True):
        total[start:stop] += share
    assert np.abs(total - 1).max() < 1e-6
    assert all(following < stop for (_, stop), (following, _) in pairwise(cells))
