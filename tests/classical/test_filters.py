"""The classical filters restore what they are told the blur of, without a shift, each colour alone."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from skimage.registration import phase_cross_correlation
from torch import Tensor

from deblur_lightning.classical.base import ClassicalFilter
from deblur_lightning.classical.hyper_laplacian import HyperLaplacian
from deblur_lightning.classical.planes import FilteredPlanes
from deblur_lightning.classical.richardson_lucy import RichardsonLucy
from deblur_lightning.classical.total_variation import TotalVariation
from deblur_lightning.classical.unsupervised_wiener import UnsupervisedWiener
from deblur_lightning.classical.wiener import Wiener
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import convolve
from deblur_lightning.metrics import psnr

FILTERS: dict[str, tuple[Callable[..., ClassicalFilter], float]] = {
    "Wiener": (Wiener, 1e-4),
    "UnsupervisedWiener": (UnsupervisedWiener, float("nan")),
    "RichardsonLucy": (RichardsonLucy, 32),
    "TotalVariation": (TotalVariation, 3e-5),
    "HyperLaplacian": (HyperLaplacian, 1e-5),
}
"""With a strength for hardly any noise."""

each_filter = pytest.mark.parametrize("name", FILTERS)


def network(name: str, **settings: Any) -> FilteredPlanes:
    make, strength = FILTERS[name]
    built = FilteredPlanes(make(**settings))
    built.strength.fill_(strength)
    return built


def lopsided(size: int = 7) -> Tensor:
    """A PSF whose mass lies to the right and above its middle."""
    psf = torch.zeros(1, size, size)
    psf[0, size // 2, size // 2] = 0.2
    psf[0, size // 2 - 1, size // 2 + 1 :] = 0.8 / (size // 2)
    return psf


def pair(height: int = 64, width: int = 61, channels: int = 1) -> tuple[Tensor, Tensor]:
    """Blocks with sharp edges, and their blur by ``lopsided``, which saw real pixels beyond the edges."""
    coarse = torch.rand(1, channels, height // 8 + 3, width // 8 + 3, generator=torch.Generator().manual_seed(0))
    wide = coarse.repeat_interleave(8, -1).repeat_interleave(8, -2)
    blurred = (convolve(wide, lopsided()) * 255).round() / 255
    sharp, blurred = (image[..., 8 : 8 + height, 8 : 8 + width] for image in (wide, blurred))
    return sharp, blurred


@each_filter
def test_a_lopsided_blur_is_undone_without_a_shift(name: str) -> None:
    sharp, blurred = pair()
    restored = network(name)(blurred, lopsided())
    assert psnr(restored, sharp) > psnr(blurred, sharp) + 6
    for image, least, most in ((blurred, 0.3, 3), (restored, 0, 0.06)):
        shift, _, _ = phase_cross_correlation(sharp[0, 0].numpy(), image[0, 0].numpy(), upsample_factor=50)
        assert least <= abs(shift).max() <= most


@each_filter
def test_the_mirrored_psf_does_not_undo_it(name: str) -> None:
    sharp, blurred = pair()
    assert psnr(network(name)(blurred, lopsided().flip(-1, -2)), sharp) < psnr(blurred, sharp)


@each_filter
def test_each_colour_and_each_image_is_filtered_alone_by_its_own_psf(name: str) -> None:
    _, blurred = pair(channels=3, height=30, width=34)
    delta = torch.zeros_like(lopsided())
    delta[:, 3, 3] = 1
    together = network(name)(blurred.repeat(2, 1, 1, 1), torch.cat([lopsided(), delta]))
    assert not torch.allclose(together[0], together[1], atol=0.05)
    for sample, psf in enumerate((lopsided(), delta)):
        for channel in range(3):
            alone = network(name)(blurred[:, channel : channel + 1], psf)[0, 0]
            torch.testing.assert_close(together[sample, channel], alone, atol=1e-3, rtol=0)


@each_filter
@pytest.mark.parametrize("size", [(1, 1), (5, 40), (33, 8)])
def test_images_of_any_size_come_back_in_their_own(name: str, size: tuple[int, int]) -> None:
    image = torch.rand(1, 2, *size, generator=torch.Generator().manual_seed(0))
    restored = network(name)(image, lopsided())
    assert restored.shape == image.shape
    assert restored.isfinite().all()


@each_filter
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_flat_image_stays_flat(name: str, value: float) -> None:
    image = torch.full((1, 1, 24, 20), value)
    torch.testing.assert_close(network(name)(image, lopsided()), image, atol=2e-3, rtol=0)


@each_filter
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_output_has_the_input_s_dtype(name: str, dtype: torch.dtype) -> None:
    _, blurred = pair(height=24, width=20)
    assert network(name)(blurred.to(dtype), lopsided().to(dtype)).dtype == dtype


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "UnsupervisedWiener"])
def test_the_strength_counts_and_each_is_tried(name: str) -> None:
    _, blurred = pair(height=24, width=20)
    built = network(name)
    weak, strong = built.filter.strengths[0], built.filter.strengths[3]
    each = built.by_strength(blurred, lopsided(), [weak, strong])
    assert not torch.allclose(each[0], each[1], atol=1e-3)
    for strength, restored in zip((weak, strong), each, strict=True):
        built.strength.fill_(strength)
        torch.testing.assert_close(built(blurred, lopsided()), restored, atol=1e-5, rtol=0)


def test_more_balance_makes_smoother() -> None:
    _, blurred = pair()
    restored = network("Wiener").by_strength(blurred, lopsided(), [1e-4, 1e-2, 1.0])
    roughness = restored.diff(dim=-1).square().mean(dim=(1, 2, 3, 4))
    assert roughness[0] > roughness[1] > roughness[2]


def test_the_unsupervised_filter_s_draws_are_its_seed_s() -> None:
    _, blurred = pair(height=40, width=40)
    same = [network("UnsupervisedWiener")(blurred, lopsided()) for _ in range(2)]
    assert torch.equal(*same)
    assert not torch.equal(same[0], network("UnsupervisedWiener", draws_seed=1)(blurred, lopsided()))


def test_a_filter_without_a_strength_is_always_ready() -> None:
    assert FilteredPlanes(UnsupervisedWiener()).is_tuned
    untuned = FilteredPlanes(Wiener())
    assert not untuned.is_tuned
    untuned.strength.fill_(0.1)
    assert untuned.is_tuned


@pytest.mark.parametrize(
    ("make", "candidates", "told"),
    [
        (Wiener, {"balances": (0.1, 0.1)}, "Wiener balances=[0.1, 0.1]: give rising numbers above 0."),
        (RichardsonLucy, {"iterations": (0, 4)}, "RichardsonLucy iterations=[0, 4]: give rising numbers above 0."),
        (TotalVariation, {"weights": (float("nan"),)}, "TotalVariation weights=[nan]: give rising numbers above 0."),
        (
            HyperLaplacian,
            {"weights": (1e-4, 1e-5)},
            "HyperLaplacian weights=[0.0001, 1e-05]: give rising numbers above 0.",
        ),
    ],
)
def test_candidates_that_cannot_be_are_refused(make: Any, candidates: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as error:
        make(**candidates)
    assert str(error.value) == told
