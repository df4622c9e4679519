"""Reconstruction losses against independent computations."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch.nn import functional as F

from deblur_lightning.errors import UserError
from deblur_lightning.losses.reconstruction import L1, SSIM, Charbonnier, FrequencyL1, PSNRLoss, ReconstructionLoss

TERMS = (L1, Charbonnier, FrequencyL1, SSIM)


def images(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.rand(2, 3, 3, 24, 20, generator=generator, dtype=dtype)
    return (first + second) / 2, second


@pytest.mark.parametrize("term", TERMS)
def test_equal_images_cost_nothing_and_the_weight_multiplies(term: type[ReconstructionLoss]) -> None:
    preds, target = images()
    least = 1e-3 if term is Charbonnier else 0
    assert term()(target, target).item() == pytest.approx(least, abs=1e-9)
    assert term()(preds, target).item() > 0.01
    torch.testing.assert_close(term(weight=3.0)(preds, target), 3 * term()(preds, target))


def test_values_by_hand() -> None:
    preds, target = images()
    difference = (preds - target).numpy()
    assert L1()(preds, target).item() == pytest.approx(np.abs(difference).mean())
    rounded = np.sqrt(difference**2 + 0.2**2).mean()
    assert Charbonnier(epsilon=0.2)(preds, target).item() == pytest.approx(rounded)
    spectrum = np.fft.rfft2(difference, norm="ortho")
    wanted = (np.abs(spectrum.real) + np.abs(spectrum.imag)).mean() / 2
    assert FrequencyL1()(preds, target).item() == pytest.approx(wanted)


def test_psnr_loss_is_minus_the_mean_psnr_down_to_its_floor() -> None:
    target = torch.zeros(2, 3, 4, 4)
    preds = target.clone()
    preds[0] += 0.1  # 20 dB
    preds[1] += 0.01  # 40 dB
    assert PSNRLoss(floor=1e-12)(preds, target).item() == pytest.approx(-30, abs=1e-4)
    assert PSNRLoss(floor=1e-5)(target, target).item() == pytest.approx(-50)
    assert PSNRLoss(weight=2, floor=1e-5)(target, target).item() == pytest.approx(-100)


def test_psnr_loss_is_nafnet_s_but_for_the_floor() -> None:
    """As published: 10 / ln 10 * mean over images of log(mean squared error + 1e-8)."""
    preds, target = images()
    preds[1] = target[1] + 1e-3  # 60 dB
    errors = (preds - target).square().mean(dim=(1, 2, 3))
    assert errors[1].item() == pytest.approx(1e-6)
    published = 10 / np.log(10) * torch.log(errors + 1e-8).mean()
    assert PSNRLoss(floor=1e-8)(preds, target).item() == pytest.approx(published.item(), abs=1e-4)
    pulls = []
    for loss in (PSNRLoss(), PSNRLoss(floor=1e-8)):
        moved = preds.clone().requires_grad_()
        loss(moved, target).backward()
        assert moved.grad is not None
        pulls.append(moved.grad[1].norm())
    assert (pulls[0] / pulls[1]).item() == pytest.approx((1e-6 + 1e-8) / (1e-6 + 1e-5), rel=1e-3)


def test_ssim_is_scikit_image_s_on_images_of_range_1() -> None:
    """But for the border, where the two continue images differently: the images are alike there."""
    first, second = images()
    target = F.pad(second, (12,) * 4, value=0.5)
    preds = F.pad(first, (12,) * 4, value=0.5)
    settings = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    maps = [
        structural_similarity(x.numpy(), y.numpy(), channel_axis=0, full=True, **settings)[1]
        for x, y in zip(preds, target, strict=True)
    ]
    similar = np.stack(maps).mean()
    assert SSIM()(preds, target).item() == pytest.approx(1 - similar, abs=1e-6)
    assert SSIM()(preds / 2, target / 2).item() != pytest.approx(1 - similar, abs=1e-4)


@pytest.mark.parametrize("term", [*TERMS, PSNRLoss])
def test_gradients_pull_towards_the_target(term: type[ReconstructionLoss]) -> None:
    preds, target = images()
    preds.requires_grad_()
    term()(preds, target).backward()
    assert preds.grad is not None
    assert (preds.grad * (preds.detach() - target)).sum() > 0


@pytest.mark.parametrize("term", [*TERMS, PSNRLoss])
def test_mixed_precision_costs_no_accuracy(term: type[ReconstructionLoss]) -> None:
    preds, target = images(torch.float32)
    wanted = term()(preds, target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = term()(preds, target)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, wanted, rtol=1e-5, atol=1e-6)


def test_numbers_that_cannot_be_are_refused() -> None:
    with pytest.raises(UserError, match="SSIM weight=0: give a number above 0, or leave the term out"):
        SSIM(weight=0)
    with pytest.raises(UserError, match="Charbonnier epsilon=0: give a number above 0"):
        Charbonnier(epsilon=0)
    with pytest.raises(UserError, match="PSNRLoss floor=0: give a number above 0"):
        PSNRLoss(floor=0)
