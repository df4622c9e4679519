"""Parameters drawn: they fill their ranges, evenly, each by itself; and ranges that are none are refused."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.downsampling import Downsampling
from deblur_lightning.degradations.four_factor import FourFactorBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.identity import Identity
from deblur_lightning.degradations.jpeg import JPEGCompression
from deblur_lightning.degradations.linear_light import LinearLight
from deblur_lightning.degradations.measured import MeasuredBlur
from deblur_lightning.degradations.mixture import InTurn, Mixture
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.degradations.shake import CameraShake
from deblur_lightning.degradations.varying import SpatiallyVarying
from deblur_lightning.errors import UserError
from tests.helpers.families import draws_for

COUNT = 10_000
CONTINUOUS: list[tuple[Degradation, str, float, float]] = [
    (GaussianBlur((0.5, 3), (3, 3), (0.25, 0.75), (-20, 70)), "gaussian.sigma", 0.5, 3),
    (GaussianBlur((0.5, 3), (3, 3), (0.25, 0.75), (-20, 70)), "gaussian.ratio", 0.25, 0.75),
    (GaussianBlur((0.5, 3), (3, 3), (0.25, 0.75), (-20, 70)), "gaussian.axis", -20, 70),
    (BoxBlur((1, 5)), "box.width", 1, 5),
    (MotionBlur((2, 5), (-30, 60), (-1, 0.5)), "motion.length", 2, 5),
    (MotionBlur((2, 5), (-30, 60), (-1, 0.5)), "motion.angle", -30, 60),
    (MotionBlur((2, 5), (-30, 60), (-1, 0.5)), "motion.direction", -1, 0.5),
    (DefocusBlur((0.5, 2)), "defocus.radius", 0.5, 2),
    (CameraShake((3, 5)), "shake.extent", 3, 5),
    (CameraShake((3, 5)), "shake.horizontal1", -1, 1),
    (CameraShake((3, 5)), "shake.vertical6", -1, 1),
    (SensorNoise((1, 3), (0, 2)), "noise.read", 1 / 255, 3 / 255),
    (SensorNoise((1, 3), (0, 2)), "noise.shot", 0, 2 / 255),
    (LinearLight(Identity(), (1, 8)), "linear.highlights", 1, 8),
]


def drawn(degradation: Degradation, stream: str, count: int = COUNT) -> np.ndarray:
    record: dict[str, dict[int, float]] = {}
    side = degradation.smallest
    degradation(torch.zeros(count, 1, side, side), draws_for(count, record=record))
    return np.array(list(record[stream].values()))


@pytest.mark.parametrize(("degradation", "stream", "low", "high"), CONTINUOUS, ids=lambda value: str(value)[:20])
def test_parameters_are_uniform_from_end_to_end(degradation: Degradation, stream: str, low: float, high: float) -> None:
    values = drawn(degradation, stream)
    slack = (high - low) / 1000
    assert low - 1e-6 <= values.min() < low + slack
    assert high - slack < values.max() <= high + 1e-6
    counts, _ = np.histogram(values, 20, (low, high))
    assert chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(
    ("degradation", "stream", "choices"),
    [
        (GaussianBlur(kernel_size=(3, 11)), "gaussian.reach", 5),
        (JPEGCompression((71, 80)), "jpeg.quality", 10),
    ],
)
def test_whole_numbers_are_uniform(degradation: Degradation, stream: str, choices: int) -> None:
    values, counts = np.unique(drawn(degradation, stream), return_counts=True)
    assert len(values) == choices
    assert chisquare(counts).pvalue > 1e-3


def test_two_parameters_of_one_sample_are_independent() -> None:
    blur = MotionBlur((2, 5), (-30, 60))
    assert abs(np.corrcoef(drawn(blur, "motion.length"), drawn(blur, "motion.angle"))[0, 1]) < 0.03


def test_mixtures_draw_by_their_weights() -> None:
    mixture = Mixture([BoxBlur(), DefocusBlur(), Identity()], [1, 2, 5])
    counts = np.bincount(mixture.which(draws_for(COUNT)).numpy())
    assert chisquare(counts, COUNT * np.array([1, 2, 5]) / 8).pvalue > 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MotionBlur((15, 7)), r"MotionBlur length=\[15, 7\] is no range"),
        (lambda: MotionBlur(angle=(0, math.nan)), "MotionBlur angle"),
        (lambda: MotionBlur((0.5, 7)), "MotionBlur length starts at 0.5: give 1 or more"),
        (lambda: MotionBlur(direction=(0, 1.5)), "MotionBlur direction ends at 1.5: give 1 or less"),
        (lambda: GaussianBlur((0, 1)), "GaussianBlur sigma"),
        (lambda: GaussianBlur((1, math.inf)), "GaussianBlur sigma"),
        (lambda: GaussianBlur(kernel_size=(3, 8)), "GaussianBlur kernel_size=8 has no middle tap"),
        (lambda: GaussianBlur(ratio=(0.5, 2)), "GaussianBlur ratio"),
        (lambda: BoxBlur((0, 3)), "BoxBlur width"),
        (lambda: DefocusBlur((0.2, 3)), "DefocusBlur radius"),
        (lambda: CameraShake((0, 3)), "CameraShake extent"),
        (lambda: SensorNoise((-1, 3)), "SensorNoise read"),
        (lambda: SensorNoise(shot=(3, 1)), "SensorNoise shot"),
        (lambda: JPEGCompression((0, 50)), "JPEGCompression quality"),
        (lambda: JPEGCompression((50, 101)), "JPEGCompression quality"),
        (lambda: LinearLight(Identity(), (0.5, 1)), "LinearLight highlights"),
        (lambda: Downsampling(1), "Downsampling factor=1"),
        (lambda: SpatiallyVarying(BoxBlur(), rows=1), "SpatiallyVarying rows=1"),
        (lambda: SpatiallyVarying(BoxBlur(), columns=0), "SpatiallyVarying columns=0"),
        (lambda: FourFactorBlur([[1, 0.2], [0.2]]), "FourFactorBlur taps"),
        (lambda: FourFactorBlur([[1, -0.2]]), "FourFactorBlur taps"),
        (lambda: FourFactorBlur([[0]]), "FourFactorBlur taps"),
        (lambda: FourFactorBlur([]), "FourFactorBlur taps"),
        (lambda: MeasuredBlur([]), "MeasuredBlur files"),
        (lambda: Mixture([]), "Mixture members"),
        (lambda: Mixture([BoxBlur()], [1, 2]), r"Mixture weights=\[1, 2\] do not fit 1 members"),
        (lambda: Mixture([BoxBlur(), BoxBlur()], [1, 0]), "Mixture weights"),
        (lambda: Mixture([BoxBlur(), BoxBlur(border="zero")]), "Mixture mixes the borders reflect and zero"),
        (lambda: InTurn([]), "InTurn members"),
        (lambda: Chain([]), "Chain steps"),
        (lambda: Chain([BoxBlur(), BoxBlur(border="circular")]), "Chain mixes the borders"),
    ],
)
def test_bad_settings_are_refused_in_one_line(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
