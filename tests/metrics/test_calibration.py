"""The calibration error of many images, and of the last bin."""

import numpy as np
import pytest
import torch

from deblur_lightning.metrics import calibration_error


def test_the_calibration_error_of_many_images_is_exact() -> None:
    """A running sum in float32 makes .00064 of it."""
    error = calibration_error(torch.full((12_000,), 0.9995), torch.ones(12_000))
    assert error.item() == pytest.approx(1 - float(np.float32(0.9995)), abs=1e-12)


def test_full_confidence_is_of_the_last_bin() -> None:
    """Of .96 and 1 with one mistake: one bin of confidence .98 and accuracy .5, not two that are .04 and 1 off."""
    error = calibration_error(torch.tensor([0.96, 1.0]), torch.tensor([1.0, 0.0]))
    assert error.item() == pytest.approx(0.48, abs=1e-7)
