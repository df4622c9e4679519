"""The four-factor blur with the gain that the report's own product has."""

import torch

from deblur_lightning.degradations.four_factor import FourFactorBlur
from tests.helpers.families import draws_for, images

TAPS = [[1, 0.2, 0, 0], [0.2, 0, 0, 0]]


def test_with_its_gain_it_is_the_product_of_the_four_transforms() -> None:
    sharp = images()
    blurred, psf, known = FourFactorBlur(TAPS, keep_gain=True)(sharp, draws_for(3))
    one = torch.fft.fft2(torch.tensor(TAPS), s=sharp.shape[-2:])
    down, right = (one.flip(axis).roll(1, axis) for axis in (0, 1))
    product = one * down * right * down.flip(1).roll(1, 1)
    wanted = torch.fft.ifft2(torch.fft.fft2(sharp) * product).real
    torch.testing.assert_close(blurred, wanted, rtol=0, atol=1e-5)
    torch.testing.assert_close(psf.sum(dim=(1, 2)), torch.ones(3))
    assert not known.any()  # the gain is not in the PSF


def test_without_it_nothing_grows_brighter() -> None:
    sharp = images()
    kept = FourFactorBlur(TAPS, keep_gain=True)(sharp, draws_for(3)).blurred
    plain, _, known = FourFactorBlur(TAPS)(sharp, draws_for(3))
    torch.testing.assert_close(kept, 1.4**4 * plain)
    torch.testing.assert_close(plain.mean(), sharp.mean(), rtol=0, atol=1e-5)
    assert known.all()
