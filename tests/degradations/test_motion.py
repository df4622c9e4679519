"""Motion blur: PSFs of the promised shape, size and direction."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from kornia.core.exceptions import BaseError
from kornia.filters import get_motion_kernel2d
from torch import Tensor

from deblur_lightning.degradations.motion import MotionBlur, motion_psf
from tests.helpers.families import draws_for, images

LENGTHS = st.floats(1, 31, width=32)
ANGLES = st.floats(-360, 360, width=32)


def one_psf(length: float, angle: float, size: int = 33) -> Tensor:
    return motion_psf(torch.tensor([length]), torch.tensor([angle]), size)[0]


def moments(psf: Tensor) -> tuple[Tensor, Tensor]:
    """Centre (2,) and covariance (2, 2) in pixels, of the axes right and up."""
    offset = torch.arange(len(psf), dtype=torch.float64) - (len(psf) - 1) / 2
    up, right = torch.meshgrid(-offset, offset, indexing="ij")
    axes = torch.stack([right, up])
    centre = (psf * axes).sum(dim=(1, 2))
    axes = axes - centre[:, None, None]
    return centre, torch.einsum("hw,ihw,jhw->ij", psf.double(), axes, axes)


@given(LENGTHS, ANGLES)
def test_psf_is_a_centred_distribution(length: float, angle: float) -> None:
    psf = one_psf(length, angle)
    assert psf.shape == (33, 33)
    assert psf.dtype == torch.float32
    assert psf.min() >= 0
    assert psf.sum().item() == pytest.approx(1, abs=1e-5)
    assert moments(psf)[0].abs().max() < 1e-6


@given(st.floats(5, 31, width=32), st.floats(0, 180, width=32))
def test_psf_is_as_long_as_asked_for_along_its_angle(length: float, angle: float) -> None:
    """An even motion over L pixels has a variance of L^2 / 12 along it, up to the grid, and hardly any beside it."""
    _, covariance = moments(one_psf(length, angle))
    variances, axes = torch.linalg.eigh(covariance)
    assert math.sqrt(12 * variances[1]) == pytest.approx(length, rel=0.08)
    assert variances[0] < 0.3
    right, up = axes[:, 1].tolist()
    difference = (math.degrees(math.atan2(up, right)) - angle + 90) % 180 - 90
    assert abs(difference) < 3


@pytest.mark.parametrize("length", [3, 7, 15])
@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0, 90.0, 130.0])
def test_even_motions_of_odd_length_are_kornias(length: int, angle: float) -> None:
    (theirs,) = get_motion_kernel2d(length, torch.tensor([angle]), torch.tensor([0.0]), mode="bilinear").flip(1, 2)
    torch.testing.assert_close(one_psf(length, angle, length), theirs, rtol=0, atol=1e-3)


def test_why_kornias_are_not_used() -> None:
    """It takes one odd size for a batch, its own setting loses a sixth of the length, and light unevenly moves it."""
    with pytest.raises(BaseError, match="must be an odd integer"):
        get_motion_kernel2d(8, torch.tensor([0.0]), torch.tensor([0.0]))
    angles = torch.arange(0.0, 180, 5)
    nearest = [moments(psf)[1] for psf in get_motion_kernel2d(7, angles, torch.zeros_like(angles))]
    (uneven,) = get_motion_kernel2d(9, torch.tensor([0.0]), torch.tensor([1.0]), mode="bilinear")
    assert min(math.sqrt(12 * torch.linalg.eigvalsh(covariance)[1]) for covariance in nearest) < 7 * 5 / 6
    assert moments(uneven)[0].abs().max() > 1.6


@given(st.floats(2, 31, width=32), st.floats(0, 180, width=32))
def test_the_longest_motion_loses_no_more_than_its_faint_rim(length: float, angle: float) -> None:
    edge = 3
    psf = one_psf(length, angle, MotionBlur(length=(1, length)).psf_size + 2 * edge)
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


def test_every_sample_has_a_psf_of_its_own() -> None:
    sharp = images(1).expand(8, -1, -1, -1)
    blurred, psf, _ = MotionBlur()(sharp, draws_for(8))
    for i in range(8):
        for j in range(i):
            assert not torch.allclose(psf[i], psf[j], atol=1e-3)
            assert not torch.allclose(blurred[i], blurred[j], atol=1e-3)


@pytest.mark.parametrize(("longest", "size"), [(1, 1), (1.5, 3), (3, 3), (4, 5), (15, 15), (15.1, 17)])
def test_size_holds_the_longest_motion(longest: float, size: int) -> None:
    blur = MotionBlur(length=(1, longest))
    assert (blur.psf_size, blur.margin) == (size, size // 2)
    sharp = images(2)
    blurred, psf, _ = blur(sharp, draws_for(2))
    assert psf.shape == (2, size, size)
    assert blurred.shape == sharp.shape


def test_an_uneven_motion_is_brighter_towards_its_end() -> None:
    """The light falls as a ramp: a third of the variance of its square, and skewed the way it should be."""
    forward, even, backward = (
        MotionBlur((15, 15), (0, 0), (direction, direction)).psf(draws_for(1))[0] for direction in (1.0, 0.0, -1.0)
    )
    row = forward.sum(dim=0)
    assert row.argmax() > row.count_nonzero() // 2
    assert row[row > 0.01].diff()[:-1].min() > 0
    torch.testing.assert_close(backward, forward.flip(1), rtol=0, atol=1e-6)
    assert even.shape == (15, 15)
