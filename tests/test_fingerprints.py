"""Fingerprints: alike for what differs in last bits, apart for what is another input."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lightning.batch import to_8bit
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.fingerprints import alike, fingerprint
from deblur_lightning.sources.photos import Photos
from tests.helpers.families import draws_for


def photo(index: int = 1) -> Tensor:
    return Photos().split("test").pixels(index)[None, :, :200, :240] / 255


def blurred(length: float = 9.0) -> Tensor:
    return MotionBlur((length, length), (20, 20))(photo(), draws_for(1)).blurred[0]


def test_another_order_of_the_same_sums_is_the_same_input() -> None:
    wide, psf = photo(), MotionBlur().psf(draws_for(1))
    half = psf.shape[-1] // 2
    padded, kernel = F.pad(wide, (half,) * 4, mode="reflect"), psf.flip(1, 2)[:, None]
    direct = torch.cat([F.conv2d(padded[:, [channel]], kernel) for channel in range(3)], dim=1)
    spectra = [torch.fft.rfft2(each, s=padded.shape[-2:]) for each in (padded, psf[:, None])]
    by_fft = torch.fft.irfft2(spectra[0] * spectra[1], s=padded.shape[-2:])[..., 2 * half :, 2 * half :]
    one, other = to_8bit(direct[0]), to_8bit(by_fft[0])
    assert 0 < (one != other).sum() < 1000, "last bits have turned the rounding of some levels"
    assert alike(fingerprint(one, photo()[0]), fingerprint(other, photo()[0]))


@pytest.mark.parametrize("size", [(1, 9, 9), (1, 28, 28), (3, 200, 200), (3, 700, 900)])
def test_a_level_in_one_pixel_of_five_hundred_changes_nothing(size: tuple[int, int, int]) -> None:
    image = (torch.rand(size) * 253 + 1).round() / 255
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        steps = (torch.rand(size, generator=generator) < 1 / 500) * (
            torch.randint(2, size, generator=generator) * 2 - 1
        )
        assert alike(fingerprint(image), fingerprint(image + steps / 255))


def test_another_input_is_told() -> None:
    generator = torch.Generator().manual_seed(0)
    mine = blurred()
    noisy = [mine + torch.randn(mine.shape, generator=generator) / 255 for _ in range(10)]
    others = [blurred(8.0), blurred(9.5), *noisy, mine.flip(-1), mine.roll(1, -1), photo()[0], mine * 0.99]
    prints = [fingerprint(image, photo()[0]) for image in [mine, *others]]
    for place, one in enumerate(prints):
        assert alike(one, one)
        assert not any(alike(one, other) for other in prints[:place])


def test_both_images_and_their_shapes_count() -> None:
    first, second = torch.rand(3, 4, 6), torch.rand(3, 4, 6)
    prints = [fingerprint(first, second), fingerprint(second, first), fingerprint(second, second), fingerprint(first)]
    prints.append(fingerprint(first.reshape(3, 6, 4), second.reshape(3, 6, 4)))
    for place, one in enumerate(prints):
        assert not any(alike(one, other) for other in prints[:place])
    assert fingerprint((first * 255).round() / 255, second) == fingerprint(first, second)
    assert {len(one) for one in prints} == {36}


def test_what_is_no_fingerprint_is_alike_to_itself_alone() -> None:
    one = fingerprint(photo()[0])
    for other in ("", "cdef", "x" * 36, one[:-1], one[:4] + "g" * 32):
        assert alike(other, other)
        assert not alike(one, other)
        assert not alike(other, one)
