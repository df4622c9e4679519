"""Distances by pixel: their values by hand."""

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.losses.pixel import Charbonnier, PSNRLoss


def test_charbonnier_is_l1_far_off_and_eps_at_zero() -> None:
    target = torch.zeros(1, 1, 2, 2)
    assert Charbonnier(1e-3)(target + 0.5, target).item() == pytest.approx(0.5, abs=1e-5)
    assert Charbonnier(0.25)(target, target).item() == pytest.approx(0.25)


def test_psnr_loss_is_minus_the_mean_psnr_down_to_its_floor() -> None:
    target = torch.zeros(2, 3, 4, 4)
    preds = target.clone()
    preds[0] += 0.1  # 20 dB
    preds[1] += 0.01  # 40 dB
    assert PSNRLoss(1e-12)(preds, target).item() == pytest.approx(-30, abs=1e-4)
    assert PSNRLoss(1e-5)(target, target).item() == pytest.approx(-50)


@pytest.mark.parametrize("value", [0, -1, float("inf")])
def test_numbers_not_above_zero_are_refused(value: float) -> None:
    with pytest.raises(UserError, match=f"Charbonnier eps={value}: give a number above 0"):
        Charbonnier(value)
    with pytest.raises(UserError, match=f"PSNRLoss floor={value}"):
        PSNRLoss(value)
