"""Against OpenCV, SciPy and Pillow: an independent implementation for every family that they have."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.downsampling import Downsampling
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.measured import MeasuredBlur, read_psfs
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.shake import CameraShake
from tests.helpers.families import draws_for, images

# the same border under three names: mirrored, the outermost pixel once
CV2_REFLECT, SCIPY_REFLECT = cv2.BORDER_REFLECT_101, "mirror"
SHARP = images(1, 3, 61, 70)
PIXELS = np.ascontiguousarray(SHARP[0].permute(1, 2, 0).numpy())


def assert_equal(blurred: torch.Tensor, wanted: np.ndarray) -> None:
    """``blurred`` (1, C, H, W) against an image (H, W, C)."""
    np.testing.assert_allclose(blurred[0].permute(1, 2, 0).numpy(), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("size", "sigma"), [(3, 0.3), (5, 1.0), (7, 1.0), (11, 1.6), (21, 3.0)])
def test_gaussian(size: int, sigma: float) -> None:
    blurred = GaussianBlur((sigma, sigma), (size, size))(SHARP, draws_for(1)).blurred
    assert_equal(blurred, cv2.GaussianBlur(PIXELS, (size, size), sigma, borderType=CV2_REFLECT))
    radius = (size // 2, size // 2, 0)
    assert_equal(blurred, ndimage.gaussian_filter(PIXELS, (sigma, sigma, 0), mode=SCIPY_REFLECT, radius=radius))


@pytest.mark.parametrize("width", [1, 3, 5, 9])
def test_box(width: int) -> None:
    blurred = BoxBlur((width, width))(SHARP, draws_for(1)).blurred
    assert_equal(blurred, cv2.blur(PIXELS, (width, width), borderType=CV2_REFLECT))
    assert_equal(blurred, ndimage.uniform_filter(PIXELS, (width, width, 1), mode=SCIPY_REFLECT))


@pytest.mark.parametrize("length", [1, 3, 5, 15])
def test_motion_along_an_axis_is_a_box_of_one_row(length: int) -> None:
    across = MotionBlur((length, length), (0, 0))(SHARP, draws_for(1)).blurred
    assert_equal(across, cv2.blur(PIXELS, (length, 1), borderType=CV2_REFLECT))
    down = MotionBlur((length, length), (90, 90))(SHARP, draws_for(1)).blurred
    assert_equal(down, ndimage.uniform_filter1d(PIXELS, length, axis=0, mode=SCIPY_REFLECT))


@pytest.mark.parametrize("blur", [MotionBlur(), DefocusBlur(), CameraShake(), GaussianBlur(ratio=(0.2, 0.6))])
def test_any_psf(blur: MotionBlur) -> None:
    blurred, psf, _ = blur(SHARP, draws_for(1))
    mirrored = psf[0].flip(0, 1).numpy()  # OpenCV correlates
    assert_equal(blurred, cv2.filter2D(PIXELS, -1, mirrored, borderType=CV2_REFLECT))
    assert_equal(blurred, ndimage.convolve(PIXELS, psf[0].numpy()[..., None], mode=SCIPY_REFLECT))


@pytest.mark.parametrize("radius", [4.0, 5.5])
def test_a_disc_has_the_right_area_and_spread(radius: float) -> None:
    """An even disc has the mean squared distance r^2 / 2 from its centre."""
    psf = DefocusBlur((radius, radius)).psf(draws_for(1))[0].double().numpy()
    rows, columns = np.indices(psf.shape) - len(psf) // 2
    assert ((rows**2 + columns**2) * psf).sum() == pytest.approx(radius**2 / 2, rel=0.04)
    assert psf.max() == pytest.approx(1 / (np.pi * radius**2), rel=0.03)


@pytest.mark.parametrize("factor", [2, 4])
def test_antialiased_downsampling_is_pillows(factor: int) -> None:
    sharp = images(1, 1, 64, 72)
    low = Image.fromarray(sharp[0, 0].numpy()).resize((72 // factor, 64 // factor), Image.Resampling.BICUBIC)
    wanted = np.asarray(low.resize((72, 64), Image.Resampling.BICUBIC)).clip(0, 1)
    blurred = Downsampling(factor)(sharp, draws_for(1)).blurred
    np.testing.assert_allclose(blurred[0, 0].numpy(), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4])
def test_aliased_downsampling_is_opencvs(factor: int) -> None:
    sharp = images(1, 1, 64, 72)
    low = cv2.resize(sharp[0, 0].numpy(), (72 // factor, 64 // factor), interpolation=cv2.INTER_CUBIC)
    wanted = cv2.resize(low, (72, 64), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    blurred = Downsampling(factor, antialias=False)(sharp, draws_for(1)).blurred
    np.testing.assert_allclose(blurred[0, 0].numpy(), wanted, rtol=0, atol=1e-5)


def test_downsampling_with_and_without_antialias_differ() -> None:
    one, other = (Downsampling(4, antialias=flag)(SHARP, draws_for(1)).blurred for flag in (True, False))
    assert (one - other).abs().mean() > 0.01


@pytest.mark.parametrize("channel", range(3))
@pytest.mark.parametrize("kernel", range(4))
@pytest.mark.skipif("DEBLUR_DATA" not in os.environ, reason="DEBLUR_DATA names no folder of measured kernels")
def test_levins_measured_kernels(kernel: int, channel: int, tmp_path: Path) -> None:
    (file,) = Path(os.environ["DEBLUR_DATA"]).glob("kernels/levin*.npz")
    measured = read_psfs(file)[kernel]
    np.save(tmp_path / "psf.npy", measured)
    blurred, psf, _ = MeasuredBlur([str(tmp_path / "psf.npy")])(SHARP, draws_for(1))
    np.testing.assert_allclose(psf[0], measured / measured.sum(), rtol=0, atol=1e-7)
    wanted = ndimage.convolve(PIXELS[..., channel], measured, mode=SCIPY_REFLECT)
    np.testing.assert_allclose(blurred[0, channel], wanted, rtol=0, atol=1e-5)
