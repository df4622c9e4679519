"""Intervals: as wide as theory says, and the same each time."""

import numpy as np
import pytest

from deblur_lightning.ledger.statistics import estimate


def test_the_interval_of_many_images_is_student_s() -> None:
    values = np.random.default_rng(0).normal(3, 2, (1, 400))
    found = estimate(values, "a")
    half = 1.96 * values.std() / 20
    assert (found.mean, found.seeds, found.images) == (pytest.approx(values.mean()), 1, 400)
    assert found.low == pytest.approx(found.mean - half, abs=0.1 * half)
    assert found.high == pytest.approx(found.mean + half, abs=0.1 * half)


def test_seeds_that_differ_widen_it() -> None:
    images = np.random.default_rng(0).normal(0, 0.1, 50)
    alike, unlike = (estimate(np.stack([images, images + shift, images - shift]), "a") for shift in (0.0, 1.0))
    assert unlike.high - unlike.low > 5 * (alike.high - alike.low)


def test_the_same_values_give_the_same_interval_and_a_single_one_none() -> None:
    values = np.arange(12.0).reshape(3, 4)
    assert estimate(values, "a") == estimate(values.copy(), "a")
    assert estimate(values, "a") != estimate(values, "b")
    single = estimate(values[:1, :1] + 7, "a")
    assert single.low == single.high == 7
