"""The types of batches, and rounding to 8 bits."""

from typing import TypedDict

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601), as in Pillow."""


class SharpBatch(TypedDict):
    """A batch from a loader, before any degradation.

    Attributes:
        sharp: (B, C, H, W) uint8, the crop and a margin on every side.
        index: (B,) int64, the sample's position in its source.
        visit: (B,) int64, how many passes through the source were complete before this sample.
    """

    sharp: Tensor
    index: Tensor
    visit: Tensor


class RestorationBatch(TypedDict):
    """A batch that restorers are trained and scored on.

    Attributes:
        blurred: (B, C, H, W) float32 in [0, 1].
        sharp: (B, C, H, W) float32 in [0, 1].
        psf: (B, K, K) float32, non-negative, sum 1, centred; K is odd.
        psf_known: (B,) bool, whether ``psf`` describes the whole degradation.
        index: (B,) int64, the sample's position in its source.
    """

    blurred: Tensor
    sharp: Tensor
    psf: Tensor
    psf_known: Tensor
    index: Tensor


class LabelledBatch(TypedDict):
    """A batch that classifiers are trained and scored on.

    Attributes:
        image: (B, C, H, W) float32 in [0, 1].
        label: (B,) int64, the class's position in the list of classes.
        index: (B,) int64, the sample's position in its source.
    """

    image: Tensor
    label: Tensor
    index: Tensor


def to_8bit(image: Tensor, in_place: bool = False) -> Tensor:
    """Clamp ``image`` to [0, 1] and round it to the 256 levels that an 8-bit file can hold.

    Clamp first and round before a cast: a value above 1 wraps around when it is cast to uint8.

    Args:
        image: any shape, floating point, nominally in [0, 1].
        in_place: whether to overwrite ``image``; allocating memory takes longer than the arithmetic.

    Returns:
        The same shape and dtype, every value a multiple of 1/255 in [0, 1].
    """
    clamped = image.clamp_(0, 1) if in_place else image.clamp(0, 1)
    return clamped.mul_(255).round_().div_(255)


def to_uint8(image: Tensor) -> Tensor:
    """The 8-bit levels, as uint8, that ``image``, of any shape and with values from 0 to 1, is rounded to."""
    return (image.clamp(0, 1) * 255).round().to(torch.uint8)
