"""The PSF that a blurred image's edges show: near the true one, the same in any batch, a PSF whatever the image."""

import pytest
import torch
from skimage import data
from torch import Tensor

from deblur_lightning.classical.hyper_laplacian import HyperLaplacian
from deblur_lightning.classical.planes import FilteredPlanes
from deblur_lightning.classical.psf_estimation import estimate_psf
from deblur_lightning.degradations import CameraShake
from deblur_lightning.errors import UserError
from deblur_lightning.metrics import psnr

SIZE = 17
SHARP = torch.from_numpy(data.camera()[100:308, 150:390].copy())[None, None].float() / 255  # type: ignore[no-untyped-call]


def shaken(seed: int) -> tuple[Tensor, Tensor]:
    """A photograph (1, 1, H, W), blurred by a camera's shake, with a little noise; and the PSF (K, K)."""
    blurred, psf = CameraShake((11, 11))(SHARP, seed=seed)
    noise = torch.randn(blurred.shape, generator=torch.Generator().manual_seed(seed)) / 255
    return blurred + noise, psf[0]


def likeness(first: Tensor, second: Tensor) -> float:
    """The correlation of two PSFs (K, K) and (L, L) where they lie best upon each other."""
    spectra = [torch.fft.rfft2(psf, s=(64, 64)) for psf in (first, second)]
    products = torch.fft.irfft2(spectra[0].conj() * spectra[1], s=(64, 64))
    return float(products.max() / (first.square().sum() * second.square().sum()).sqrt())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_near_the_true_one(seed: int) -> None:
    blurred, psf = shaken(seed)
    found = estimate_psf(blurred[:, 0], SIZE)[0]
    start = torch.zeros(SIZE, SIZE)
    start[SIZE // 2, SIZE // 2] = 1
    assert likeness(found, psf) > max(0.8, likeness(start, psf) + 0.1)


def test_an_image_s_psf_does_not_depend_on_its_batch() -> None:
    images = torch.cat([contrast * shaken(seed)[0][:, 0] for seed, contrast in ((0, 0.2), (1, 1.0))])
    together = estimate_psf(images, SIZE)
    for image, psf in zip(images, together, strict=True):
        assert likeness(estimate_psf(image[None], SIZE)[0], psf) > 0.99


@pytest.mark.parametrize("seed", [0, 1])
def test_a_faint_image_shows_it_as_well(seed: int) -> None:
    blurred, psf = shaken(seed)
    faint = 0.4 + 0.1 * blurred[:, 0]
    assert likeness(estimate_psf(faint, SIZE)[0], psf) > 0.8


@pytest.mark.parametrize("image", [torch.full((1, 40, 40), 0.5), torch.zeros(1, 33, 70), torch.rand(1, 64, 64)])
@pytest.mark.parametrize("size", [3, 5, 31])
def test_it_is_a_psf_in_the_middle_whatever_the_image(image: Tensor, size: int) -> None:
    psf = estimate_psf(image, size)
    assert psf.shape == (1, size, size)
    assert psf.min() >= 0
    assert float(psf.sum()) == pytest.approx(1, abs=1e-5)
    place = torch.arange(size) - size // 2
    for axis in (1, 2):
        assert abs(float((psf[0].sum(dim=axis - 1) * place).sum())) <= 0.2


def test_a_filter_that_estimates_heeds_no_psf_that_it_is_told() -> None:
    blurred, psf = shaken(1)
    wrong = torch.full((1, 5, 5), 1 / 25)
    blind = FilteredPlanes(HyperLaplacian(), psf_size=SIZE)
    restored, other = (blind.by_strength(blurred, told, [1e-3])[0] for told in (psf[None], wrong))
    assert torch.equal(restored, other)
    assert psnr(restored.clamp(0, 1), SHARP).item() > psnr(blurred.clamp(0, 1), SHARP).item() + 1


@pytest.mark.parametrize("size", [1, 4, 0, -3])
def test_a_size_that_no_psf_has_is_refused(size: int) -> None:
    with pytest.raises(UserError, match="give an odd number of taps, 3 or more"):
        FilteredPlanes(HyperLaplacian(), psf_size=size)
