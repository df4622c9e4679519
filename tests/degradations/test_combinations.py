"""Mixtures, turns, chains and fields of blurs: they do what their parts would do alone."""

import torch

from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.downsampling import Downsampling
from deblur_lightning.degradations.four_factor import FourFactorBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.identity import Identity
from deblur_lightning.degradations.jpeg import JPEGCompression
from deblur_lightning.degradations.mixture import InTurn, Mixture
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.degradations.shake import CameraShake
from deblur_lightning.degradations.varying import SpatiallyVarying
from deblur_lightning.functional.convolution import convolve
from deblur_lightning.functional.psf import pad_psf
from tests.helpers.families import draws_for, images


def test_a_sample_of_a_mixture_is_its_members() -> None:
    members = [BoxBlur(), MotionBlur(), Downsampling(3), Identity()]
    mixture, sharp, draws = Mixture(members), images(40), draws_for(40)
    blurred, psf, known = mixture(sharp, draws)
    which = mixture.which(draws).tolist()
    assert set(which) == {0, 1, 2, 3}
    for i, position in enumerate(which):
        row = torch.tensor([i])
        alone = members[position](sharp[row], draws.select(row).substream(str(position)))
        torch.testing.assert_close(blurred[i], alone.blurred[0], rtol=0, atol=1e-6)
        assert torch.equal(psf[i], pad_psf(alone.psf, 15)[0])
        assert known[i] == alone.psf_known[0]
    assert (mixture.margin, mixture.smallest, mixture.psf_size) == (7, 15, 15)


def test_a_mixture_of_blurs_is_convolved_at_once_with_the_same_result() -> None:
    members = [BoxBlur(border="zero"), MotionBlur(border="zero"), DefocusBlur(border="zero")]
    sharp, draws = images(30), draws_for(30)
    at_once, apart = Mixture(members), Mixture([*members, Identity()], [1, 1, 1, 1e-9])
    for one, other in zip(at_once(sharp, draws), apart(sharp, draws), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_two_equal_members_draw_apart() -> None:
    draws = draws_for(64)
    record: dict[str, dict[int, float]] = {}
    Mixture([MotionBlur(), MotionBlur()])(images(64), draws_for(64, record=record))
    first, second = record["0/motion.length"], record["1/motion.length"]
    assert len(first) + len(second) == 64
    alone = dict(zip(range(64), draws.uniform("motion.length", 7, 15).tolist(), strict=True))
    assert all(alone[i] != value for i, value in {**first, **second}.items())


def test_turns_follow_the_index() -> None:
    sharp = images(6)
    members = [GaussianBlur((sigma, sigma), (7, 7)) for sigma in (0.3, 1.0, 2.0)]
    blurred, psf, _ = InTurn(members)(sharp, draws_for(torch.tensor([0, 1, 2, 3, 4, 300])))
    wanted = torch.cat([members[i].psf(draws_for(1)) for i in (0, 1, 2, 0, 1, 0)])
    assert torch.equal(psf, wanted)
    torch.testing.assert_close(blurred, convolve(sharp, wanted), rtol=0, atol=1e-6)


def test_what_a_mixture_says_of_itself() -> None:
    mixture = Mixture([BoxBlur(), Chain([MotionBlur(), SensorNoise((1, 1)), JPEGCompression((80, 80))]), Identity()])
    assert mixture.noise == "none | read 1/255, JPEG 80"
    assert mixture.border == "reflect"
    assert Mixture([Identity()]).border == "none"


def test_a_chain_is_its_steps_in_order() -> None:
    blur, noise, jpeg = MotionBlur(), SensorNoise((3, 3)), JPEGCompression((50, 50))
    sharp, draws = images(), draws_for(3)
    step = blur(sharp, draws.substream("0")).blurred
    step = noise(step, draws.substream("1")).blurred
    step = jpeg(step, draws.substream("2")).blurred
    chain = Chain([blur, noise, jpeg])
    blurred, psf, known = chain(sharp, draws)
    assert torch.equal(blurred, step)
    assert torch.equal(psf, blur.psf(draws.substream("0")))
    assert known.all()
    assert not torch.equal(Chain([jpeg, noise, blur])(sharp, draws).blurred, step)
    assert chain.noise == "read 3/255, JPEG 50"


def test_the_psf_of_two_blurs_is_their_convolution() -> None:
    chain = Chain([MotionBlur(), BoxBlur(), DefocusBlur()])
    assert chain.psf_size == 15 + 9 + 11 - 2
    assert chain.margin == 7 + 4 + 5
    sharp = torch.zeros(4, 1, 61, 61)
    sharp[..., 30, 30] = 1
    blurred, psf, known = chain(sharp, draws_for(4))
    torch.testing.assert_close(blurred[:, 0, 14:47, 14:47], psf, rtol=0, atol=1e-7)
    assert known.all()


def test_a_chain_with_a_step_that_no_psf_describes() -> None:
    assert not Chain([MotionBlur(), Downsampling()])(images(), draws_for(3)).psf_known.any()


def test_a_field_of_equal_blurs_is_that_blur() -> None:
    box = BoxBlur((5, 5))
    blurred, psf, known = SpatiallyVarying(box, 2, 4)(images(), draws_for(3))
    torch.testing.assert_close(blurred, box(images(), draws_for(3)).blurred, rtol=0, atol=1e-6)
    torch.testing.assert_close(psf, box.psf(draws_for(3)), rtol=0, atol=1e-6)
    assert not known.any()


def test_a_field_has_its_grids_psfs_at_the_grids_points() -> None:
    shake, draws = CameraShake((9, 9)), draws_for(2)
    field = SpatiallyVarying(shake, rows=2, columns=3)
    sharp = torch.zeros(2, 1, 41, 81)
    sharp[..., 40] = 1  # the middle column; its points at the top and bottom have PSFs of their own
    blurred = field(sharp, draws).blurred
    for row, name in ((0, "0,1"), (40, "1,1")):
        wanted = shake.psf(draws.substream(name)).sum(dim=1)  # a line down the image sums the PSF's columns
        torch.testing.assert_close(blurred[:, 0, row, 40], wanted[:, 4], rtol=0, atol=1e-6)
    assert not torch.allclose(blurred[:, :, 0], blurred[:, :, 40], atol=1e-2)
    corner = shake.psf(draws.substream("0,0"))
    sharp = images(2, 1, 41, 81)
    torch.testing.assert_close(
        field(sharp, draws).blurred[:, :, 0, 0], convolve(sharp, corner)[:, :, 0, 0], rtol=0, atol=1e-6
    )


def test_four_factors_are_the_reports_product() -> None:
    """FFT(h) with the vertical, the horizontal and both frequencies negated, on a periodic image."""
    taps = torch.tensor([[1, 0.2, 0.05], [0.3, 0.1, 0]])
    sharp = images(1, 1, 16, 21)
    padded = torch.zeros(16, 21)
    padded[:2, :3] = taps
    response = torch.fft.fft2(padded)
    product = response.clone()
    for axes in ((0,), (1,), (0, 1)):
        product *= response.flip(axes).roll([1] * len(axes), axes)
    wanted = torch.fft.ifft2(torch.fft.fft2(sharp) * product).real / taps.sum() ** 4
    blur = FourFactorBlur(taps.tolist())
    assert blur.psf_size == 9
    torch.testing.assert_close(blur(sharp, draws_for(1)).blurred, wanted, rtol=0, atol=1e-6)


def test_downsampling_keeps_less_the_more_it_reduces() -> None:
    sharp = images(1, 3, 60, 61)
    errors = [(Downsampling(n)(sharp, draws_for(1)).blurred - sharp).square().mean() for n in (2, 3, 5)]
    assert errors == sorted(errors)
