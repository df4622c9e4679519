"""Intervals: Student's, over seeds and images too, and as often right as they say."""

import math

import numpy as np
import pytest
from scipy import stats

from deblur_lightning.intervals import estimate, half_width, holm, p_value, share_interval

REPEATS = 1500


def test_five_images_have_student_s_interval() -> None:
    values = [0.6, 0.9, 1.1, 0.8, 1.6]
    half = half_width(values)
    assert (1 - half, 1 + half) == pytest.approx((0.527, 1.473), abs=5e-4)
    assert half == pytest.approx(stats.sem(values) * stats.t.ppf(0.975, 4))
    assert half_width(np.transpose([values])) == pytest.approx(half)  # five seeds and one image


def test_seeds_and_images_add_up_as_squares() -> None:
    of_images, of_seeds = np.array([0.6, 0.9, 1.1, 0.8, 1.6]), np.array([-0.5, 0.1, 0.4])
    half = half_width(of_seeds[:, None] + of_images)
    assert half == pytest.approx(math.hypot(half_width(of_images), half_width(of_seeds)))


def test_a_single_value_has_none_and_equal_ones_have_no_width() -> None:
    assert math.isnan(half_width([3.0]))
    assert half_width(np.full((3, 5), 2.0)) == 0


@pytest.mark.parametrize(
    ("seeds", "images", "training", "rest"),
    [
        (1, 5, 0.0, 0.0),
        (1, 10, 0.0, 0.5),
        (1, 100, 0.0, 0.0),
        (2, 5, 0.5, 0.3),
        (2, 100, 0.5, 0.3),
        (3, 5, 0.5, 1.0),
        (3, 100, 0.1, 1.0),
        (5, 10, 1.0, 0.1),
    ],
)
def test_it_covers_95_of_a_hundred(seeds: int, images: int, training: float, rest: float) -> None:
    draws = np.random.default_rng(0)
    inside = 0
    for _ in range(REPEATS):
        values = training * draws.normal(size=(seeds, 1)) + draws.normal(size=(1, images))
        values = values + rest * draws.normal(size=(seeds, images))
        inside += abs(values.mean()) <= half_width(values)
    assert inside / REPEATS > 0.935  # three standard deviations of what 1,500 tell are .017


@pytest.mark.parametrize(("images", "least"), [(5, 0.86), (10, 0.88), (30, 0.9), (100, 0.92)])
def test_of_a_skewed_figure_it_covers_more_than_resampling_does(images: int, least: float) -> None:
    draws = np.random.default_rng(0)
    inside = resampled = 0
    for _ in range(400):
        values = draws.exponential(size=images)
        inside += abs(values.mean() - 1) <= half_width(values)
        means = values[draws.integers(images, size=(400, images))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        resampled += low <= 1 <= high
    assert inside / 400 > least - 0.02
    assert inside >= resampled - 4


def test_a_share_has_a_width_where_all_are_hits() -> None:
    assert share_interval(10, 10) == pytest.approx((0.722, 1.0), abs=5e-4)
    assert share_interval(0, 10) == pytest.approx((0.0, 0.278), abs=5e-4)
    expected = stats.binomtest(9732, 10_000).proportion_ci(method="wilson")
    assert share_interval(9732, 10_000) == pytest.approx((expected.low, expected.high))


def test_the_estimate_of_five_images() -> None:
    five = estimate(np.array([[0.6, 0.9, 1.1, 0.8, 1.6]]))
    assert (five.mean, five.low, five.high) == pytest.approx((1.0, 0.527, 1.473), abs=5e-4)
    assert (five.seeds, five.images) == (1, 5)


def test_seeds_that_differ_widen_the_estimate_s_interval() -> None:
    images = np.random.default_rng(0).normal(0, 0.1, 50)
    alike, unlike = (estimate(np.stack([images, images + shift, images - shift])) for shift in (0.0, 1.0))
    assert unlike.high - unlike.low > 5 * (alike.high - alike.low)


@pytest.mark.parametrize(
    ("shape", "caveat"),
    [
        ((1, 5), "One seed: the interval holds no variance of training."),
        ((3, 1), "One image: the interval holds no variance of images."),
        ((3, 5), ""),
    ],
)
def test_the_caveat_names_the_variance_that_is_missing(shape: tuple[int, int], caveat: str) -> None:
    assert estimate(np.random.default_rng(0).normal(size=shape)).caveat == caveat


def test_a_single_value_has_no_interval() -> None:
    single = estimate(np.array([[7.0]]))
    assert single.low == single.high == 7


def test_ten_hits_of_ten_are_not_certain() -> None:
    assert estimate(np.ones((1, 10)), hits=True).low == pytest.approx(0.722, abs=5e-4)
    nearly = np.ones((2, 10))
    nearly[0, 0] = 0
    assert estimate(nearly).high > 1
    assert estimate(nearly, hits=True).high == 1
    assert estimate(1 - nearly, hits=True).low == 0
    assert estimate(nearly, hits=True).low == estimate(nearly).low
    assert estimate(np.ones((1, 10))).low == 1


def test_the_p_value_of_images_is_of_student_s_test() -> None:
    values = [0.6, -0.4, 1.1, 0.8, 0.2]
    assert p_value(values) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-6)
    assert p_value([-v for v in values]) == pytest.approx(p_value(values))
    assert (p_value([0.5, -0.5]), p_value([1.0, 1.0])) == (1.0, 0.0)
    assert math.isnan(p_value([1.0]))
    assert math.isnan(p_value([1.0, math.inf]))


def test_the_p_value_is_5_per_cent_where_the_interval_reaches_zero() -> None:
    table = np.random.default_rng(0).normal(size=(3, 20))
    table += half_width(table) - table.mean()
    assert p_value(table) == pytest.approx(0.05, abs=1e-6)
    assert p_value(table + 0.1) < 0.05 < p_value(table - 0.1)


def test_holm_corrects_one_after_the_other() -> None:
    """The example of Wikipedia's article on the method, and what the order of the values cannot change."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    corrected = holm([0.01, math.nan, 0.04])
    assert corrected[::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(corrected[1])


def test_more_looks_are_wider() -> None:
    values = [0.6, 0.9, 1.1, 0.8, 1.6]
    assert half_width(values, looks=3) == pytest.approx(stats.sem(values) * stats.t.ppf(1 - 0.05 / 6, 4))
    assert share_interval(8, 10, looks=3)[0] < share_interval(8, 10)[0]
    assert "2 times" in estimate(np.array([values]), looks=3).caveat
