"""kornia's augmentations as degradations: their own images, each sample by itself, the PSF where there is one."""

import kornia.augmentation as kornia
import pytest
import torch
from kornia.filters import get_gaussian_kernel2d, get_motion_kernel2d, motion_blur
from torch import nn

from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.jpeg import JPEGCompression
from deblur_lightning.degradations.kornia_augmentation import KorniaDegradation
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import convolve
from tests.helpers.families import draws_for, images


def motion(**settings: object) -> kornia.RandomMotionBlur:
    return kornia.RandomMotionBlur((3, 9), 180.0, 0.5, border_type="reflect", **({"p": 1.0} | settings))


def test_images_and_psfs_are_kornias() -> None:
    blur, sharp = KorniaDegradation(motion(), psf_size=9), images(8)
    blurred, psf, known = blur(sharp, draws_for(8))
    assert known.all()
    sizes = set()
    for number, seed in enumerate(draws_for(8).bits("kornia").tolist()):
        torch.manual_seed(seed)
        drawn = motion().forward_parameters(torch.Size([1, 3, 33, 38]))
        size, angle, direction = (drawn[f"{name}_factor"] for name in ("ksize", "angle", "direction"))
        sizes.add(size.item())
        wanted = motion_blur(sharp[number : number + 1], int(size), angle, direction, border_type="reflect")
        torch.testing.assert_close(blurred[number : number + 1], wanted, rtol=0, atol=1e-6)
        kernel = get_motion_kernel2d(int(size), angle, direction).flip(1, 2)  # what a point becomes
        reach = (9 - int(size)) // 2
        torch.testing.assert_close(psf[number : number + 1], nn.functional.pad(kernel, (reach,) * 4), rtol=0, atol=1e-6)
    assert len(sizes) > 1  # of each sample, not of the batch
    torch.testing.assert_close(convolve(sharp, psf), blurred, rtol=0, atol=1e-6)


def test_a_gaussian_is_known_and_is_ours() -> None:
    blur = KorniaDegradation(kornia.RandomGaussianBlur((9, 9), (1.2, 1.2), p=1.0), psf_size=9)
    _, psf, known = blur(images(2), draws_for(2))
    assert known.all()
    wanted = get_gaussian_kernel2d((9, 9), torch.tensor([[1.2, 1.2]]))
    torch.testing.assert_close(psf, wanted.expand(2, -1, -1), rtol=0, atol=1e-7)
    assert blur.border == "reflect"


@pytest.mark.parametrize(
    "augmentation",
    [
        kornia.RandomMedianBlur((3, 3), p=1.0),
        kornia.RandomGaussianNoise(p=1.0),
        kornia.RandomSaltAndPepperNoise(p=1.0),
        kornia.RandomRain(p=1.0),
        kornia.RandomHorizontalFlip(p=1.0),
        kornia.RandomJPEG((50.0, 90.0), p=1.0),
        kornia.RandomGamma((1.5, 2.0), p=1.0),
    ],
)
def test_what_is_no_convolution_has_no_known_psf(augmentation: nn.Module) -> None:
    sharp = images(3, 3, 48, 48)
    whole = KorniaDegradation(augmentation, psf_size=3)(sharp, draws_for(3))
    assert not whole.psf_known.any()
    assert whole.psf[:, 1, 1].tolist() == [1, 1, 1]
    alone = KorniaDegradation(augmentation, psf_size=3)(sharp[2:], draws_for(torch.tensor([2])))
    assert torch.equal(alone.blurred, whole.blurred[2:])
    assert not torch.equal(whole.blurred, sharp)


def test_why_kornias_box_and_jpeg_are_not_used() -> None:
    _, psf, _ = KorniaDegradation(kornia.RandomBoxBlur((4, 4), p=1.0), psf_size=5)(images(1), draws_for(1))
    offset = torch.arange(5) - 2
    assert (psf[0].sum(0) * offset).sum().item() == pytest.approx(-0.5, abs=1e-6)  # half a pixel off
    smooth = nn.functional.interpolate(images(1, 3, 8, 8), size=(64, 64), mode="bicubic").clamp(0, 1)
    theirs = KorniaDegradation(kornia.RandomJPEG((80.0, 80.0), p=1.0))(smooth, draws_for(1)).blurred
    file = JPEGCompression((80, 80))(smooth, draws_for(1)).blurred
    assert (theirs - file).abs().max() > 4 / 255


def test_its_probability_is_the_share_of_samples_that_change() -> None:
    sharp = images(200, 1, 16, 16)
    blurred, psf, known = KorniaDegradation(motion(p=0.3), psf_size=9)(sharp, draws_for(200))
    left = (blurred == sharp).flatten(1).all(dim=1)
    assert 0.6 < left.float().mean() < 0.8
    assert (psf[left][:, 4, 4] == 1).all()
    assert known.all()


def test_nothing_else_is_drawn_from() -> None:
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    KorniaDegradation(motion())(images(2), draws_for(2))
    assert torch.equal(torch.rand(1), wanted)


def test_in_a_chain_it_composes() -> None:
    chain = Chain([KorniaDegradation(motion(), psf_size=9), SensorNoise(read=(1, 1))])
    blurred, psf, known = chain(images(2), draws_for(2))
    assert known.all()
    assert psf.shape == (2, 9, 9)
    assert blurred.shape == (2, 3, 33, 38)


@pytest.mark.parametrize(
    ("augmentation", "size", "message"),
    [
        (nn.Conv2d(3, 3, 3), 1, r"KorniaDegradation augmentation=Conv2d: give one from kornia\.augmentation"),
        (motion(), 4, r"KorniaDegradation psf_size=4: give an odd number\."),
        (kornia.RandomCrop((16, 16), p=1.0), 1, r"augmentation=RandomCrop makes \(16, 16\) of \(33, 38\) pixels: give"),
    ],
)
def test_what_cannot_be_used_is_refused(augmentation: nn.Module, size: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        KorniaDegradation(augmentation, size)(images(1), draws_for(1))
