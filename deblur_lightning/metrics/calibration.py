"""How far a classifier's confidence lies from its accuracy."""

import torch
from torch import Tensor

from deblur_lightning.metrics.precision import back_on, in_float64

CALIBRATION_BINS = 15
"""Number of bins of a classifier's confidence, for the calibration error."""


def calibration_error(confidence: Tensor, correct: Tensor) -> Tensor:
    """Expected calibration error: the mean gap between confidence and accuracy of a classifier (Guo et al., 2017).

    There are ``CALIBRATION_BINS`` bins. A bin includes its upper end, so a confidence of 1 is in the last one.

    Args:
        confidence: (N,) in [0, 1].
        correct: (N,), 1 where the class is right, else 0.

    Returns:
        Scalar, float64, or float32 on a device that has no float64.
    """
    apart = in_float64(confidence) - in_float64(correct)
    edges = torch.linspace(0, 1, CALIBRATION_BINS + 1, device=apart.device)[1:-1]
    place = torch.bucketize(confidence.to(apart.device, torch.float32), edges)
    bins = apart.new_zeros(CALIBRATION_BINS).index_add(0, place, apart)
    return back_on(bins.abs().sum() / len(apart), confidence.device)
