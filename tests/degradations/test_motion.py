"""Motion blur: PSFs of the promised shape and direction, a true convolution, and draws that keep to themselves."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve
from torch import Tensor

from deblur_lightning.degradations import motion
from deblur_lightning.degradations.motion import MotionBlur, motion_psf
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError

LENGTHS = st.floats(1, 31, width=32)
ANGLES = st.floats(-360, 360, width=32)


def one_psf(length: float, angle: float, size: int = 33) -> Tensor:
    return motion_psf(torch.tensor([length]), torch.tensor([angle]), size)[0]


def draws_for(index: Tensor, seed: int = 0) -> Draws:
    return Draws(seed=seed, split="train", visit=torch.zeros_like(index), index=index)


def images(count: int = 3, channels: int = 3, height: int = 24, width: int = 29) -> Tensor:
    return torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(0))


def moments(psf: Tensor) -> tuple[Tensor, Tensor]:
    """Centre (2,) and covariance (2, 2) in pixels, of the axes right and up."""
    offset = torch.arange(len(psf), dtype=torch.float64) - (len(psf) - 1) / 2
    up, right = torch.meshgrid(-offset, offset, indexing="ij")
    axes = torch.stack([right, up])
    centre = (psf * axes).sum(dim=(1, 2))
    axes = axes - centre[:, None, None]
    return centre, torch.einsum("hw,ihw,jhw->ij", psf.double(), axes, axes)


def convolved(image: Tensor, psf: Tensor) -> np.ndarray:
    """scipy's convolution of one image (C, H, W), whose "mirror" is torch's "reflect"."""
    return np.stack([convolve(plane.double().numpy(), psf.double().numpy(), mode="mirror") for plane in image])


@given(LENGTHS, ANGLES)
@settings(deadline=None)
def test_psf_is_a_centred_distribution(length: float, angle: float) -> None:
    psf = one_psf(length, angle)
    assert psf.shape == (33, 33)
    assert psf.dtype == torch.float32
    assert psf.min() >= 0
    assert psf.sum().item() == pytest.approx(1, abs=1e-5)
    assert moments(psf)[0].abs().max() < 1e-3


@given(st.floats(5, 31, width=32), st.floats(0, 180, width=32))
@settings(deadline=None)
def test_psf_is_as_long_as_asked_for_along_its_angle(length: float, angle: float) -> None:
    """An even motion over L pixels has a variance of L^2 / 12 along it, up to the grid, and hardly any beside it."""
    _, covariance = moments(one_psf(length, angle))
    variances, axes = torch.linalg.eigh(covariance)
    assert math.sqrt(12 * variances[1]) == pytest.approx(length, rel=0.08)
    assert variances[0] < 0.3
    right, up = axes[:, 1].tolist()
    difference = (math.degrees(math.atan2(up, right)) - angle + 90) % 180 - 90
    assert abs(difference) < 3


@given(st.floats(2, 31, width=32), st.floats(0, 180, width=32))
@settings(deadline=None)
def test_the_longest_motion_loses_no_more_than_its_faint_rim(length: float, angle: float) -> None:
    edge = 3
    psf = one_psf(length, angle, MotionBlur(length=(1, length)).size + 2 * edge)
    assert psf[edge:-edge, edge:-edge].sum() > 0.97


@pytest.mark.parametrize("length", [1, 3, 5, 15])
def test_horizontal_and_vertical_motions_of_odd_length_are_boxes(length: int) -> None:
    row = torch.zeros(17, 17)
    row[8, 8 - length // 2 : 9 + length // 2] = 1 / length
    torch.testing.assert_close(one_psf(length, 0, 17), row, rtol=0, atol=0)
    torch.testing.assert_close(one_psf(length, 90, 17), row.T, rtol=0, atol=1e-6)
    torch.testing.assert_close(one_psf(length, 180, 17), row, rtol=0, atol=1e-6)


def test_angles_turn_anti_clockwise() -> None:
    rising, falling = one_psf(9, 45, 9), one_psf(9, 135, 9)
    top_right = (slice(0, 4), slice(5, 9))
    bottom_left = (slice(5, 9), slice(0, 4))
    assert rising[top_right].sum() > 0.3
    assert rising[bottom_left].sum() > 0.3
    assert rising[:4, :4].sum() == 0
    torch.testing.assert_close(falling, rising.flip(-1), rtol=0, atol=1e-6)
    shallow = one_psf(9, 20, 9)
    assert shallow[top_right].sum() > shallow[:4, :4].sum()


@pytest.mark.parametrize("channels", [1, 3])
def test_blur_is_scipys_convolution(channels: int) -> None:
    sharp = images(channels=channels)
    blurred, psf, known = MotionBlur()(sharp, draws_for(torch.arange(3)))
    for i in range(3):
        np.testing.assert_allclose(blurred[i].numpy(), convolved(sharp[i], psf[i]), rtol=0, atol=1e-5)
    assert known.tolist() == [True] * 3
    assert known.dtype == torch.bool


def test_blur_is_a_convolution_and_no_correlation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Motion PSFs are their own mirror images and hide the difference: others take the same way."""
    psf = torch.rand(3, 15, 15, generator=torch.Generator().manual_seed(1))
    psf /= psf.sum(dim=(1, 2), keepdim=True)
    monkeypatch.setattr(motion, "motion_psf", lambda length, angle, size: psf)
    sharp = images()
    blurred = MotionBlur()(sharp, draws_for(torch.arange(3))).blurred
    for i in range(3):
        np.testing.assert_allclose(blurred[i].numpy(), convolved(sharp[i], psf[i]), rtol=0, atol=1e-5)
        mirrored = convolved(sharp[i], psf[i].flip(0, 1))
        assert np.abs(blurred[i].numpy() - mirrored).max() > 0.01


@pytest.mark.parametrize("level", [0.0, 0.25, 1.0])
def test_a_constant_image_stays_constant_to_its_edges(level: float) -> None:
    sharp = torch.full((4, 3, 20, 17), level)
    blurred = MotionBlur()(sharp, draws_for(torch.arange(4))).blurred
    torch.testing.assert_close(blurred, sharp, rtol=0, atol=1e-6)


def test_an_impulse_becomes_the_psf() -> None:
    blur = MotionBlur()
    sharp = torch.zeros(5, 1, 31, 31)
    sharp[:, :, 15, 15] = 1
    blurred, psf, _ = blur(sharp, draws_for(torch.arange(5)))
    torch.testing.assert_close(blurred[:, 0, 8:23, 8:23], psf, rtol=0, atol=1e-6)


def test_a_motion_of_one_pixel_changes_nothing() -> None:
    sharp = images()
    blur = MotionBlur(length=(1, 1), angle=(0, 0))
    assert blur.margin == 0
    torch.testing.assert_close(blur(sharp, draws_for(torch.arange(3))).blurred, sharp, rtol=0, atol=1e-6)


def test_every_sample_has_a_psf_of_its_own() -> None:
    sharp = images(1).expand(8, -1, -1, -1)
    blurred, psf, _ = MotionBlur()(sharp, draws_for(torch.arange(8)))
    for i in range(8):
        for j in range(i):
            assert not torch.allclose(psf[i], psf[j], atol=1e-3)
            assert not torch.allclose(blurred[i], blurred[j], atol=1e-3)


def test_lengths_and_angles_fill_their_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[Tensor, Tensor]] = []

    def spy(length: Tensor, angle: Tensor, size: int) -> Tensor:
        given.append((length, angle))
        return motion_psf(length, angle, size)

    monkeypatch.setattr(motion, "motion_psf", spy)
    MotionBlur(length=(2, 7), angle=(-30, 60))(torch.zeros(10_000, 1, 4, 4), draws_for(torch.arange(10_000)))
    ((length, angle),) = given
    for values, low, high in ((length, 2, 7), (angle, -30, 60)):
        reach = (high - low) / 1000
        assert low <= values.min() < low + reach
        assert high - reach < values.max() <= high
        counts = torch.histc(values, 10, low, high)
        assert counts.min() > 850
    assert abs(np.corrcoef(length, angle)[0, 1]) < 0.05


@pytest.mark.parametrize("size", [1, 7])
def test_psfs_do_not_depend_on_the_batch_size(size: int) -> None:
    blur, sharp = MotionBlur(), images(64, 1, 8, 8)
    index = torch.arange(100, 164)
    whole = blur(sharp, draws_for(index))
    parts = [blur(s, draws_for(i)) for s, i in zip(sharp.split(size), index.split(size), strict=True)]
    assert torch.equal(torch.cat([part.psf for part in parts]), whole.psf)
    torch.testing.assert_close(torch.cat([part.blurred for part in parts]), whole.blurred, rtol=0, atol=1e-6)


def test_psfs_do_not_depend_on_the_order() -> None:
    blur, sharp = MotionBlur(), images(64, 1, 8, 8)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    whole = blur(sharp, draws_for(torch.arange(64)))
    assert torch.equal(blur(sharp[order], draws_for(order)).psf, whole.psf[order])
    assert not torch.equal(blur(sharp, draws_for(torch.arange(64), seed=1)).psf, whole.psf)


@pytest.mark.parametrize(("longest", "size"), [(1, 1), (1.5, 3), (3, 3), (4, 5), (15, 15), (15.1, 17)])
def test_size_holds_the_longest_motion(longest: float, size: int) -> None:
    blur = MotionBlur(length=(1, longest))
    assert (blur.size, blur.margin) == (size, size // 2)
    sharp = images(2)
    blurred, psf, _ = blur(sharp, draws_for(torch.arange(2)))
    assert psf.shape == (2, size, size)
    assert blurred.shape == sharp.shape


@pytest.mark.parametrize(("height", "width"), [(7, 40), (40, 7), (1, 1)])
def test_an_image_smaller_than_the_blur_is_refused(height: int, width: int) -> None:
    with pytest.raises(UserError) as error:
        MotionBlur()(images(2, 3, height, width), draws_for(torch.arange(2)))
    message = str(error.value)
    assert "\n" not in message
    assert f"{height}x{width}" in message
    assert "15x15" in message
    assert "more than 7 pixels" in message


def test_the_smallest_image_that_is_taken() -> None:
    sharp = images(2, 3, 8, 8)
    blurred, psf, _ = MotionBlur()(sharp, draws_for(torch.arange(2)))
    np.testing.assert_allclose(blurred[0].numpy(), convolved(sharp[0], psf[0]), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        ({"length": (15, 7)}, "length"),
        ({"angle": (90, 0)}, "angle"),
        ({"length": (0.5, 7)}, "length"),
        ({"length": (-3, 7)}, "length"),
        ({"length": (0, 0)}, "length"),
        ({"length": (1, math.inf)}, "length"),
        ({"length": (math.nan, 7)}, "length"),
        ({"angle": (0, math.nan)}, "angle"),
        ({"angle": (-math.inf, 0)}, "angle"),
    ],
)
def test_bad_ranges_are_refused(arguments: dict[str, tuple[float, float]], culprit: str) -> None:
    with pytest.raises(UserError, match=f"MotionBlur {culprit}") as error:
        MotionBlur(**arguments)
    assert "\n" not in str(error.value)
