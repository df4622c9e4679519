"""Estimates: Student's interval, and a line where it holds no variance of training or of images."""

import numpy as np
import pytest

from deblur_lightning.ledger.statistics import estimate


def test_the_interval_of_five_images_is_student_s() -> None:
    found = estimate(np.array([[0.6, 0.9, 1.1, 0.8, 1.6]]))
    assert (found.mean, found.low, found.high) == pytest.approx((1.0, 0.527, 1.473), abs=5e-4)
    assert (found.seeds, found.images) == (1, 5)


def test_seeds_that_differ_widen_it() -> None:
    images = np.random.default_rng(0).normal(0, 0.1, 50)
    alike, unlike = (estimate(np.stack([images, images + shift, images - shift])) for shift in (0.0, 1.0))
    assert unlike.high - unlike.low > 5 * (alike.high - alike.low)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((1, 5), "One seed: the interval holds no variance of training."),
        ((3, 1), "One image: the interval holds no variance of images."),
        ((3, 5), ""),
    ],
)
def test_what_it_holds_no_variance_of_is_told(shape: tuple[int, int], told: str) -> None:
    assert estimate(np.random.default_rng(0).normal(size=shape)).caveat == told


def test_a_single_value_has_no_interval() -> None:
    single = estimate(np.array([[7.0]]))
    assert single.low == single.high == 7


def test_ten_hits_of_ten_are_not_certain() -> None:
    assert estimate(np.ones((1, 10)), hits=True).low == pytest.approx(0.722, abs=5e-4)
    assert estimate(np.ones((1, 10))).low == 1
