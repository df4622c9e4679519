"""A shift moves the image's content, and the PSF says by how much."""

import pytest
import torch
from scipy import ndimage

from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.shift import Shift
from deblur_lightning.functional.convolution import convolve
from tests.helpers.families import draws_for, images


@pytest.mark.parametrize(("down", "right"), [(2, 2), (3, -1), (0, 4), (0, 0)])
def test_content_moves_down_and_right(down: int, right: int) -> None:
    sharp = images()
    shifted, psf, known = Shift(down, right)(sharp, draws_for(3))
    torch.testing.assert_close(shifted, sharp.roll((down, right), dims=(2, 3)))
    assert psf.sum(dim=(1, 2)).tolist() == [1, 1, 1]
    assert known.all()


def test_a_zero_border_comes_in_from_outside() -> None:
    sharp = images(1, 1)
    shifted = Shift(1, -2, border="zero")(sharp, draws_for(1)).blurred
    wanted = ndimage.shift(sharp[0, 0].numpy(), (1, -2), order=0)
    torch.testing.assert_close(shifted[0, 0], torch.from_numpy(wanted))


def test_after_a_gaussian_it_is_the_transform_of_an_uncentred_kernel() -> None:
    """As in the first report: the kernel laid at the array's origin, and multiplied in frequency."""
    sharp = images()
    gaussian = GaussianBlur((1.0, 1.0), (5, 5), border="circular")
    both = Chain([gaussian, Shift(2, 2)])
    blurred, psf, _ = both(sharp, draws_for(3))
    size = (sharp.shape[-2], sharp.shape[-1])
    kernel = gaussian.psf(draws_for(1))
    wanted = torch.fft.irfft2(torch.fft.rfft2(sharp) * torch.fft.rfft2(kernel, s=size), s=size)
    torch.testing.assert_close(blurred, wanted, rtol=0, atol=1e-6)
    torch.testing.assert_close(convolve(sharp, psf, "circular"), blurred, rtol=0, atol=1e-6)
