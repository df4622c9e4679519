"""Calibration of a classifier: accuracy by confidence, in a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from deblur_lightning.metrics.calibration import CALIBRATION_BINS

HEADER = ("confidence from", "to", "images", "mean confidence", "accuracy")


@dataclass(frozen=True)
class Bin:
    """The images whose confidence is above ``low`` and at most ``high``. Without any image both means are nan."""

    low: float
    high: float
    images: int
    confidence: float
    accuracy: float


def calibration_bins(confidence: Tensor, correct: Tensor) -> list[Bin]:
    """Bins of equal width from 0 to 1.

    Args:
        confidence: (N,) in [0, 1].
        correct: (N,), 1 where the class was found, else 0.
    """
    edges = torch.linspace(0, 1, CALIBRATION_BINS + 1)
    place = torch.bucketize(confidence, edges[1:-1])
    bins = []
    for number, (low, high) in enumerate(pairwise(edges.tolist())):
        inside = place == number
        sure, right = (float(values[inside].double().mean()) for values in (confidence, correct))
        bins.append(Bin(low, high, int(inside.sum()), sure, right))
    return bins


def calibration_rows(bins: Sequence[Bin]) -> list[list[str]]:
    """A row for each bin; an empty one has no means."""
    return [
        [f"{of.low:.4f}", f"{of.high:.4f}", str(of.images)]
        + ([f"{of.confidence:.4f}", f"{of.accuracy:.4f}"] if of.images else ["", ""])
        for of in bins
    ]
