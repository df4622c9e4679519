"""One PSF for a whole photo: inverted where two estimates agree and a network does not know better."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage import data

from deblur_lightning.degradations import CameraShake
from deblur_lightning.restoring import uniform_blur
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels, Tiling, quantise, scale
from deblur_lightning.restoring.uniform_blur import UniformBlur, apply, deconvolve, find_uniform_blur
from tests.helpers.graphics import psnr

SHARP = np.ascontiguousarray(data.camera()[60:316, 120:408, None])  # type: ignore[no-untyped-call]


def shaken(seed: int) -> tuple[Pixels, np.ndarray]:
    """The photograph blurred by a camera's shake, with a little noise; and its PSF."""
    blurred, psf = CameraShake((15, 15))(scale(SHARP)[None], seed=seed)
    noise = np.random.default_rng(seed).normal(0, 1 / 255, SHARP.shape)
    values = blurred[0].permute(1, 2, 0).numpy() + noise
    return quantise(values.astype(np.float32), SHARP.dtype), psf[0].double().numpy()


def same(pixels: Pixels) -> Pixels:
    """A network that finds nothing to do."""
    return pixels


SHAKEN, PSF = shaken(1)
UNHELPED = deconvolve(SHAKEN, np.pad(np.full((5, 5), 1 / 25), 13))
"""What a network makes of it that takes it for another blur."""


def test_a_shaken_photo_shows_its_psf_and_comes_back() -> None:
    blur = find_uniform_blur(SHAKEN, UNHELPED, same)
    assert blur is not None
    assert blur.belief > 0.5
    assert psnr(apply(blur, SHAKEN, SHAKEN), SHARP) > psnr(SHAKEN, SHARP) + 3


def test_the_network_s_own_psf_is_as_good_as_that_of_a_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uniform_blur, "EXPLAINED", (-2.0, -1.0))
    monkeypatch.setattr(uniform_blur, "_halves", lambda pixels: pytest.fail("nothing more to ask"))
    blur = find_uniform_blur(SHAKEN, SHARP, same)
    assert blur is not None
    assert blur.belief > 0.5


def test_halves_that_were_blurred_otherwise_are_not_believed() -> None:
    other, _ = shaken(3)
    middle = SHAKEN.shape[1] // 2
    both = np.concatenate([SHAKEN[:, :middle], other[:, middle:]], axis=1)
    assert find_uniform_blur(both, UNHELPED, same) is None


def test_a_blur_larger_than_the_square_of_a_psf_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    psf = np.zeros((31, 31))
    psf[15] = 1 / 31
    monkeypatch.setattr(uniform_blur, "_estimate", lambda pixels: psf)
    monkeypatch.setattr(uniform_blur, "EXPLAINED", (-2.0, -1.0))
    assert find_uniform_blur(SHAKEN, UNHELPED, same) is None
    psf[15, [0, -1]], psf[15, 15] = 0, 3 / 31
    assert find_uniform_blur(SHAKEN, UNHELPED, same) is not None


def test_a_network_that_explains_the_photo_as_well_knows_better() -> None:
    assert find_uniform_blur(SHAKEN, SHARP, same) is None


def test_what_a_network_finds_artefacts_in_is_not_believed() -> None:
    assert find_uniform_blur(SHAKEN, UNHELPED, lambda pixels: pixels // 2) is None


def test_a_photo_without_blur_and_a_small_one_have_no_psf() -> None:
    assert find_uniform_blur(SHARP, SHARP, same) is None
    assert find_uniform_blur(SHAKEN[:92], UNHELPED[:92], same) is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_belief_is_the_share_of_the_photo_without_the_blur(dtype: type[np.unsignedinteger]) -> None:
    before = SHAKEN[:64, :80].astype(dtype) * (1 if dtype == np.uint8 else 257)
    own, after = deconvolve(before, PSF), before[::-1]
    for belief in (0.0, 0.25, 1.0):
        found = apply(UniformBlur(PSF, belief), before, after)
        assert found.dtype == dtype
        assert np.abs(found - (belief * own + (1 - belief) * after.astype(np.float64))).max() <= 0.51


def test_a_cut_photo_is_the_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = deconvolve(SHAKEN, PSF).astype(int)
    monkeypatch.setattr(uniform_blur, "TILING", Tiling(tile=96, overlap=62))
    told: list[float] = []
    difference = np.abs(deconvolve(SHAKEN, PSF, told.append) - whole)
    assert difference.mean() < 0.5
    assert difference.max() <= 20
    assert len(told) > 2
    assert sum(told) == pytest.approx(SHAKEN.shape[0] * SHAKEN.shape[1])


def test_fast_leaves_it_out() -> None:
    model, place = load_model(), torch.device("cpu")
    slow, fast = (PhotoRestorer(model, place, fast=fast).restore(SHAKEN) for fast in (False, True))
    alone = PhotoRestorer(replace(model, card={}), place).restore(SHAKEN)
    assert psnr(slow, SHARP) > max(psnr(fast, SHARP), psnr(alone, SHARP)) + 1
