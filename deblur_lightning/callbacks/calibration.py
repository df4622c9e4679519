"""Calibration of a classifier: a table and a picture of accuracy by confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor

from deblur_lightning.metrics import CALIBRATION_BINS

HEADER = ("confidence from", "to", "images", "mean confidence", "accuracy")
SIDE = 300
MARGIN = 40


@dataclass(frozen=True)
class Bin:
    """The images whose confidence lies above ``low`` and up to ``high``; of none of them, both means are nan."""

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


def calibration_picture(bins: Sequence[Bin], error: float) -> Tensor:
    """Accuracy by confidence as (3, H, W) uint8: a bar for each bin, darker the more images it holds.

    Where confidence can be believed the bars end at the diagonal; ``error`` is the mean distance, for the title.
    """
    picture = Image.new("RGB", (SIDE + 2 * MARGIN, SIDE + 2 * MARGIN), "white")
    pen = ImageDraw.Draw(picture)
    bottom, most = MARGIN + SIDE, max(of.images for of in bins)
    for of in bins:
        if of.images:
            shade = 200 - round(140 * (of.images / most) ** 0.5)
            left, right = (MARGIN + SIDE * edge for edge in (of.low, of.high))
            pen.rectangle((left + 1, bottom - SIDE * of.accuracy, right - 1, bottom), fill=(shade, shade, 255))
    pen.rectangle((MARGIN, MARGIN, MARGIN + SIDE, bottom), outline="black")
    pen.line((MARGIN, bottom, MARGIN + SIDE, MARGIN), fill="black")
    pen.text((MARGIN, 12), f"accuracy by confidence; calibration error {error:.4f}", fill="black")
    for end, words in ((0, "0"), (SIDE, "1")):
        pen.text((MARGIN + end - 3, bottom + 6), words, fill="black")
        pen.text((MARGIN - 12, bottom - end - 6), words, fill="black")
    pen.text((MARGIN + SIDE / 2 - 30, bottom + 6), "confidence", fill="black")
    pixels: Tensor = pil_to_tensor(picture)
    return pixels
