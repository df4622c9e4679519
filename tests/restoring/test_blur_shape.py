"""What is said of the blur that was taken out of a photo."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from deblur_lightning.degradations.motion import motion_psf
from deblur_lightning.restoring.blur_shape import BlurShape, removed_psf, shape_of
from deblur_lightning.restoring.report import verdict
from tests.helpers.models import discs

SHARP = discs(400)[..., None].astype(np.uint8)


def motion(length: float, angle: float) -> np.ndarray:
    psf: Tensor = motion_psf(torch.tensor([length]), torch.tensor([angle]), 31)
    return psf[0].double().numpy()


def blurred(psf: np.ndarray) -> np.ndarray:
    image = ndimage.convolve(SHARP[..., 0].astype(np.float64), psf, mode="nearest")
    return np.rint(image).astype(np.uint8)[..., None]


@pytest.mark.parametrize(("length", "angle"), [(7, 0), (9, 40), (13, 120), (15, 90), (25, 30)])
def test_a_motion_has_its_length_and_direction(length: int, angle: int) -> None:
    for psf in (motion(length, angle), removed_psf(blurred(motion(length, angle)), SHARP)):
        assert psf is not None
        shape = shape_of(psf)
        assert shape.length == pytest.approx(length, rel=0.15)
        assert shape.direction is not None
        assert abs((shape.direction - angle + 90) % 180 - 90) < 5


def test_a_round_blur_has_no_direction() -> None:
    delta = np.zeros((31, 31))
    delta[15, 15] = 1
    shape = shape_of(ndimage.gaussian_filter(delta, 2.0))
    assert shape.direction is None
    assert shape.length == pytest.approx(2 * 12**0.5, rel=0.2)
    assert shape_of(delta) == (1, None)


def test_the_part_that_has_changed_is_looked_at() -> None:
    """Most of a photo may be sky."""
    flat = np.full((2000, 1600, 1), 90, np.uint8)
    before, after = flat.copy(), flat.copy()
    before[1500:1900, 1100:1500], after[1500:1900, 1100:1500] = blurred(motion(9, 40)), SHARP
    psf = removed_psf(before, after)
    assert psf is not None
    assert shape_of(psf).direction == pytest.approx(40, abs=8)
    assert removed_psf(SHARP, SHARP.copy()) is None
    assert removed_psf(flat[:1, :1], flat[:1, :1].copy()) is None


def test_it_is_said_in_words() -> None:
    other = SHARP.copy()
    line, round_one = BlurShape(9.2, 39.7), BlurShape(4.0, None)
    told = "blur of about 9 pixels in direction 40 degrees: restored by"
    assert verdict(SHARP, other, line) == f"{told} the network"
    assert verdict(SHARP, other, line, 1.0) == f"{told} one PSF for the whole photo"
    assert verdict(SHARP, other, line, 0.62) == f"{told} one PSF for the whole photo, believed to 62 %"
    assert verdict(SHARP, other, round_one) == "blur of about 4 pixels in all directions: restored by the network"
    assert verdict(SHARP, other, None).startswith("sharp already")
    assert verdict(SHARP, SHARP, None).startswith("left as it is")
