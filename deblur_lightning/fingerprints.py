"""Short fingerprints of images: they tell test inputs apart, and do not change with a CPU's last bits."""

import hashlib

import torch
from torch import Tensor

from deblur_lightning.batch import to_8bit
from deblur_lightning.draws import mix64

_SUMS = 8
_UNIT = 0.02  # levels; each sum is kept in 16 bits
_ALIKE = 10  # units; where a pixel in 500 is rounded to the next level a sum moves by 2 or 3
_DIGITS = 4


def fingerprint(*images: Tensor) -> str:
    """A hash of the shapes, and eight sums of all 8-bit levels with pseudo-random signs.

    Another CPU adds up a blur in another order, so that after rounding to 8 bits a few levels differ by one. A hash of
    the bytes would take that for another input. If N pixels differ by a root mean square of r levels, a sum divided by
    sqrt(N) differs by about r.

    Args:
        images: (C, H, W) in [0, 1].

    Returns:
        36 hexadecimal digits; see ``alike``.
    """
    total = torch.zeros(_SUMS, dtype=torch.float64)
    for place, image in enumerate(images):
        levels = (to_8bit(image) * 255).round().cpu().double().flatten(0, -2)
        # whole numbers below 2^53: their sums are exact in any order
        rows, columns = _signs(2 * place, levels.shape[0]), _signs(2 * place + 1, levels.shape[1])
        total += (levels @ columns * rows).sum(dim=0)
    scaled = total / sum(image.numel() for image in images) ** 0.5 / _UNIT
    shapes = hashlib.sha256(str([tuple(image.shape) for image in images]).encode()).hexdigest()[:_DIGITS]
    return shapes + "".join(f"{number % 16**_DIGITS:0{_DIGITS}x}" for number in scaled.round().long().tolist())


def alike(one: str, other: str) -> bool:
    """Whether two fingerprints are of one input: the shapes agree, and no sum differs by more than rounding."""
    if one == other:
        return True
    if not len(one) == len(other) == _DIGITS * (1 + _SUMS) or one[:_DIGITS] != other[:_DIGITS]:
        return False
    try:
        apart = [first - second for first, second in zip(_numbers(one), _numbers(other), strict=True)]
    except ValueError:
        return False
    around = 16**_DIGITS
    return all(min(distance % around, -distance % around) <= _ALIKE for distance in apart)


def _signs(stream: int, count: int) -> Tensor:
    """(count, 8) of -1 and 1."""
    place = torch.arange(count)[:, None] * _SUMS + torch.arange(_SUMS)
    return ((mix64(mix64(place) + stream) & 1) * 2 - 1).double()


def _numbers(text: str) -> list[int]:
    return [int(text[start : start + _DIGITS], 16) for start in range(_DIGITS, len(text), _DIGITS)]
