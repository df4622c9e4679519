"""What every degradation promises: true PSFs, honest borders, draws that nothing else shifts."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import convolve as scipy_convolve
from torch import Tensor

from deblur_lightning.batch import SharpBatch
from deblur_lightning.degradations.base import degrade
from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.four_factor import FourFactorBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.errors import UserError
from deblur_lightning.functional.psf import tap_offsets
from tests.helpers.families import BLURS, DEGRADATIONS, draws_for, images

blurs = pytest.mark.parametrize("name", BLURS)
degradations = pytest.mark.parametrize("name", DEGRADATIONS)
FLAT = [name for name in DEGRADATIONS if name not in ("noise", "jpeg", "chain", "mixture", "linear light")]
PLACED = [name for name in DEGRADATIONS if name.startswith(("varying", "downsampling", "moving", "projective"))]
"""What these do to a pixel depends on where in the image it is."""
SCIPY_MODES = {"reflect": "mirror", "circular": "wrap", "zero": "constant"}


def centre(psf: Tensor) -> Tensor:
    """Distance (B,) in pixels of the centres of mass from the middle tap."""
    offset = tap_offsets(psf.shape[-1])
    return ((psf.sum(1) * offset).sum(1) ** 2 + (psf.sum(2) * offset).sum(1) ** 2).sqrt()


def batch_of(count: int, height: int = 40, width: int = 47, first: int = 0) -> SharpBatch:
    sharp = (images(64, 3, height, width) * 255).to(torch.uint8)[first : first + count]
    index = torch.arange(first, first + count)
    return {"sharp": sharp, "index": index, "visit": torch.zeros_like(index)}


@degradations
def test_psfs_are_distributions_of_the_promised_size(name: str) -> None:
    degradation = DEGRADATIONS[name]()
    blurred, psf, known = degradation(images(64), draws_for(64))
    assert blurred.shape == (64, 3, 33, 38)
    assert blurred.dtype == psf.dtype == torch.float32
    assert psf.shape == (64, degradation.psf_size, degradation.psf_size)
    assert degradation.psf_size % 2 == 1
    assert psf.min() >= 0
    torch.testing.assert_close(psf.double().sum(dim=(1, 2)), torch.ones(64).double(), rtol=0, atol=1e-6)
    assert known.shape == (64,)
    assert known.dtype == torch.bool


@blurs
def test_psfs_are_centred(name: str) -> None:
    assert centre(BLURS[name]().psf(draws_for(500))).max() < 0.05


@given(st.floats(1, 31), st.floats(-360, 360), st.floats(-1, 1))
def test_any_motion_is_centred_and_whole(length: float, angle: float, direction: float) -> None:
    blur = MotionBlur((length, length), (angle, angle), (direction, direction))
    psf = blur.psf(draws_for(1))
    assert centre(psf).item() < 0.05
    assert psf.min() >= 0
    assert psf.sum().item() == pytest.approx(1, abs=1e-6)


@given(st.floats(0.05, 6), st.floats(0.1, 1), st.floats(-360, 360), st.integers(0, 12))
def test_any_gaussian_is_centred_and_whole(sigma: float, ratio: float, axis: float, reach: int) -> None:
    size = 2 * reach + 1
    psf = GaussianBlur((sigma, sigma), (size, size), (ratio, ratio), (axis, axis)).psf(draws_for(1))
    assert psf.shape == (1, size, size)
    assert centre(psf).item() < 0.05
    assert psf.sum().item() == pytest.approx(1, abs=1e-6)


@blurs
@pytest.mark.parametrize("border", SCIPY_MODES)
@pytest.mark.parametrize(("height", "width"), [(33, 38), (150, 131)])
def test_what_is_marked_as_known_is_scipys_convolution(name: str, border: str, height: int, width: int) -> None:
    sharp = images(2, 2, height, width)
    blurred, psf, known = BLURS[name](border=border)(sharp, draws_for(2))
    assert known.all()
    for image, kernel, result in zip(sharp.double(), psf.double(), blurred, strict=True):
        wanted = [scipy_convolve(plane, kernel, mode=SCIPY_MODES[border]) for plane in image.numpy()]
        np.testing.assert_allclose(result, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("level", [0.0, 0.2, 1.0])
def test_a_constant_image_stays_constant_to_its_edges(name: str, level: float) -> None:
    sharp = torch.full((4, 3, 32, 37), round(level * 255) / 255)
    blurred = DEGRADATIONS[name]()(sharp, draws_for(4)).blurred
    torch.testing.assert_close(blurred, sharp, rtol=0, atol=2e-6)


@blurs
def test_an_impulse_becomes_the_psf(name: str) -> None:
    blur = BLURS[name]()
    sharp = torch.zeros(6, 1, 45, 45)
    sharp[:, :, 22, 22] = 1
    blurred, psf, _ = blur(sharp, draws_for(6))
    around = slice(22 - blur.psf_size // 2, 23 + blur.psf_size // 2)
    torch.testing.assert_close(blurred[:, 0, around, around], psf, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    "blur",
    [
        GaussianBlur((0.01, 0.01), (9, 9)),
        BoxBlur((1, 1)),
        MotionBlur((1, 1), (30, 30)),
        DefocusBlur((0.5, 0.5)),
        FourFactorBlur([[3.0]]),
    ],
    ids=lambda blur: type(blur).__name__,
)
def test_the_least_blur_is_none(blur: Blur) -> None:
    sharp = images()
    blurred = blur(sharp, draws_for(3)).blurred
    tolerance = 0.2 if isinstance(blur, MotionBlur) else 1e-6  # a point between the taps is drawn on several
    torch.testing.assert_close(blurred, sharp, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["gaussian", "box", "defocus"])
def test_blurs_without_a_direction_turn_with_the_image(name: str) -> None:
    blur, sharp = BLURS[name](), images(4, 3, 33, 33)
    blurred = blur(sharp, draws_for(4)).blurred
    turned = blur(sharp.rot90(1, (2, 3)), draws_for(4)).blurred
    torch.testing.assert_close(turned, blurred.rot90(1, (2, 3)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0, 77.5])
def test_turning_the_image_and_the_motion_turns_the_blur(angle: float) -> None:
    sharp = images(2, 3, 33, 33)
    one, other = (MotionBlur((9, 9), (a, a), (0.5, 0.5)) for a in (angle, angle + 90))
    blurred = one(sharp, draws_for(2)).blurred
    turned = other(sharp.rot90(1, (2, 3)), draws_for(2)).blurred
    torch.testing.assert_close(turned, blurred.rot90(1, (2, 3)), rtol=0, atol=1e-5)


@degradations
def test_float32_under_autocast(name: str) -> None:
    degradation, batch = DEGRADATIONS[name](), batch_of(3)
    plain = degrade(degradation, batch, seed=0, split="train", trim=0, rounding=False)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = degrade(degradation, batch, seed=0, split="train", trim=0, rounding=False)
    for key in ("blurred", "psf"):
        assert mixed[key].dtype == torch.float32
        assert torch.equal(mixed[key], plain[key])


@blurs
def test_a_blur_itself_switches_autocast_off(name: str) -> None:
    blur, sharp = BLURS[name](), images()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = blur(sharp, draws_for(3))
    assert torch.equal(mixed.blurred, blur(sharp, draws_for(3)).blurred)


@degradations
@pytest.mark.parametrize("size", [1, 7])
def test_neither_batch_size_nor_order_shows(name: str, size: int) -> None:
    degradation, sharp = DEGRADATIONS[name](), images(64)
    whole = degradation(sharp, draws_for(64))
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    parts = [degradation(sharp[rows], draws_for(rows)) for rows in order.split(size)]
    assert torch.equal(torch.cat([part.psf for part in parts]), whole.psf[order])
    assert torch.equal(torch.cat([part.psf_known for part in parts]), whole.psf_known[order])
    torch.testing.assert_close(torch.cat([part.blurred for part in parts]), whole.blurred[order], rtol=0, atol=1e-6)


@degradations
def test_the_same_batch_has_the_same_bits(name: str) -> None:
    sharp = images(5)
    first, second = (DEGRADATIONS[name]()(sharp, draws_for(5)) for _ in range(2))
    assert torch.equal(first.blurred, second.blurred)
    if name not in ("four factor", "unchanged", "downsampling", "downsampling, aliased"):
        other = DEGRADATIONS[name]()(sharp, draws_for(5, seed=1))
        assert not torch.allclose(first.blurred, other.blurred, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in DEGRADATIONS if name not in PLACED])
def test_after_trimming_the_margin_nothing_depends_on_the_border(name: str) -> None:
    """Noise and JPEG's blocks hang on the window's place: they are left out of the chains here."""
    degradation = DEGRADATIONS[name]()
    if name in ("noise", "jpeg", "chain", "mixture"):
        degradation = Chain([MotionBlur(), DefocusBlur()])
    trim = degradation.margin
    large = batch_of(3, height=96, width=108)
    window: SharpBatch = {**large, "sharp": large["sharp"][:, :, 12:84, 12:96].contiguous()}
    arguments = {"seed": 0, "split": "train", "rounding": False}
    whole = degrade(degradation, large, trim=0, **arguments)  # type: ignore[arg-type]
    inside = degrade(degradation, window, trim=trim, **arguments)  # type: ignore[arg-type]
    rows, columns = slice(12 + trim, 84 - trim), slice(12 + trim, 96 - trim)
    torch.testing.assert_close(inside["blurred"], whole["blurred"][:, :, rows, columns], rtol=0, atol=2e-6)
    assert torch.equal(inside["psf"], whole["psf"])


@degradations
def test_an_image_smaller_than_the_blur_is_refused_in_one_line(name: str) -> None:
    degradation = DEGRADATIONS[name]()
    smallest = degradation.smallest
    assert degradation(images(8, 3, smallest, smallest + 2), draws_for(8)).blurred.shape == (
        8,
        3,
        smallest,
        smallest + 2,
    )
    if smallest == 1:
        return
    with pytest.raises(UserError) as error:
        degradation(images(8, 3, smallest - 1, 50), draws_for(8))
    assert "\n" not in str(error.value)
    assert f"{smallest - 1}x50" in str(error.value)


@pytest.mark.parametrize("border", ["circular", "zero"])
def test_a_border_that_belongs_to_the_experiment_leaves_no_margin(border: str) -> None:
    assert BLURS["motion"](border=border).margin == 0
    assert BLURS["motion"]().margin == 7


def test_an_unknown_border_is_refused() -> None:
    with pytest.raises(UserError, match="MotionBlur border='wrap': choose from reflect, circular, zero"):
        MotionBlur(border="wrap")  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [1, 4])
@degradations
def test_any_number_of_channels(name: str, channels: int) -> None:
    if channels == 4 and name in ("jpeg", "chain"):
        with pytest.raises(UserError, match="images have 4 channels: give 1 or 3"):
            DEGRADATIONS[name]()(images(2, channels), draws_for(2))
        return
    assert DEGRADATIONS[name]()(images(2, channels), draws_for(2)).blurred.shape == (2, channels, 33, 38)


def test_gaussians_are_as_wide_as_asked_for() -> None:
    psf = GaussianBlur((2, 2), (31, 31), (0.5, 0.5), (30, 30)).psf(draws_for(1))[0].double()
    offset = tap_offsets(31)
    axes = torch.stack(torch.meshgrid(-offset, offset, indexing="ij"))  # up, right
    covariance = torch.einsum("hw,ihw,jhw->ij", psf, axes, axes)
    variances, directions = torch.linalg.eigh(covariance)
    assert variances.sqrt().tolist() == pytest.approx([1, 2], rel=0.01)
    up, right = directions[:, 1].tolist()
    assert math.degrees(math.atan2(up, right)) % 180 == pytest.approx(30, abs=0.1)


@degradations
def test_the_sharp_image_is_left_alone_and_not_handed_out(name: str) -> None:
    sharp = images()
    before = sharp.clone()
    blurred = DEGRADATIONS[name]()(sharp, draws_for(3)).blurred
    blurred.zero_()
    assert torch.equal(sharp, before)
