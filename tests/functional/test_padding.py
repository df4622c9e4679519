"""What is put around an image: periodic, without a jump, and as if it had been blurred with the rest."""

import pytest
import torch
from scipy.fft import next_fast_len
from torch import Tensor

from deblur_lightning.degradations.motion import motion_psf
from deblur_lightning.functional.convolution import convolve
from deblur_lightning.functional.fourier import centred_transfer, regularised_inverse
from deblur_lightning.functional.padding import pad_for_deconvolution, periodic_pad

PSF = motion_psf(torch.tensor([7.0, 9.0]), torch.tensor([30.0, 120.0]), size=9)


def scene(height: int, width: int, batch: int = 2) -> Tensor:
    """Smooth blotches, so that neither edges nor noise decide how well they are restored."""
    coarse = torch.rand(batch, 1, height // 8 + 1, width // 8 + 1, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


def pair(height: int = 61, width: int = 74) -> tuple[Tensor, Tensor]:
    """A sharp image and its blur, which saw real pixels beyond the edges."""
    wide = scene(height + 8, width + 8)
    return (image[..., 4:-4, 4:-4] for image in (wide, convolve(wide, PSF)))  # type: ignore[return-value]


def inverted(wide: Tensor, height: int, width: int) -> Tensor:
    size = (wide.shape[-2], wide.shape[-1])
    response = regularised_inverse(centred_transfer(PSF.to(wide.dtype), size), torch.tensor(1e-4, dtype=wide.dtype))
    return torch.fft.irfft2(torch.fft.rfft2(wide) * response[:, None], s=size)[..., :height, :width]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (6, 5), (40, 33)])
@pytest.mark.parametrize("margin", [0, 3, 20])
def test_images_of_any_size_are_continued_and_stay_as_they_are(size: tuple[int, int], margin: int) -> None:
    image = torch.rand(2, 3, *size)
    wide = periodic_pad(image, margin)
    assert wide.shape[-2:] == tuple(next_fast_len(length + 2 * margin, real=True) for length in size)
    assert torch.equal(wide[..., : size[0], : size[1]], image)
    assert wide.min() >= image.min()
    assert wide.max() <= image.max()


def test_there_is_no_jump_where_the_image_repeats() -> None:
    ramp = torch.linspace(0, 1, 50)[None, None, :, None] + torch.linspace(0, 1, 60)
    wide = periodic_pad(ramp, 12)
    for axis in (-2, -1):
        steps = (wide - wide.roll(1, dims=axis)).abs()
        assert steps.max() < 0.1
        assert (ramp - ramp.roll(1, dims=axis)).abs().max() > 0.9


def test_next_to_the_edges_lies_their_mirror_image() -> None:
    image = torch.rand(1, 1, 50, 60)
    wide = periodic_pad(image, 40)
    for place, mirrored in ((60, 58), (61, 57), (-1, 1), (-2, 2)):
        torch.testing.assert_close(wide[..., :50, place], image[..., mirrored], atol=0.01, rtol=0)


def test_the_image_itself_is_never_changed() -> None:
    _, blurred = pair()
    wide = pad_for_deconvolution(blurred, PSF)
    assert torch.equal(wide[..., :61, :74], blurred)


def test_a_filter_does_not_ring_from_the_edges() -> None:
    sharp, blurred = pair()
    errors = {}
    for name, wide in {
        "crossfaded": periodic_pad(blurred, 17),
        "completed": pad_for_deconvolution(blurred, PSF),
    }.items():
        errors[name] = float((inverted(wide, 61, 74) - sharp).square().mean())
    assert errors["completed"] < errors["crossfaded"] / 10
    assert errors["completed"] < 1e-3


def test_every_step_helps() -> None:
    sharp, blurred = pair()
    errors = [
        float((inverted(pad_for_deconvolution(blurred, PSF, n), 61, 74) - sharp).square().mean()) for n in (0, 4, 16)
    ]
    assert errors[0] > 2 * errors[1] > 2 * errors[2]


def test_each_sample_has_surroundings_of_its_own() -> None:
    _, blurred = pair()
    alone = torch.cat([pad_for_deconvolution(blurred[row : row + 1], PSF[row : row + 1]) for row in range(2)])
    torch.testing.assert_close(pad_for_deconvolution(blurred, PSF), alone, atol=2e-4, rtol=0)


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (4, 30), (32, 32)])
def test_a_flat_image_has_flat_surroundings(value: float, size: tuple[int, int]) -> None:
    wide = pad_for_deconvolution(torch.full((2, 3, *size), value), PSF)
    torch.testing.assert_close(wide, torch.full_like(wide, value), atol=1e-5, rtol=0)


def test_double_precision_and_gradients_pass() -> None:
    _, blurred = pair()
    blurred, psf = blurred.double().requires_grad_(), PSF.double().requires_grad_()
    wide = pad_for_deconvolution(blurred, psf)
    assert wide.dtype == torch.float64
    wide.square().sum().backward()
    for leaf in (blurred, psf):
        assert leaf.grad is not None
        assert leaf.grad.isfinite().all()
        assert leaf.grad.abs().max() > 0


def test_autocast_does_not_make_it_coarse() -> None:
    _, blurred = pair()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        wide = pad_for_deconvolution(blurred, PSF)
    assert torch.equal(wide, pad_for_deconvolution(blurred, PSF))
