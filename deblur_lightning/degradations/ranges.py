"""Checks the ranges that users give: [smallest, largest]."""

import math

from deblur_lightning.errors import UserError


def check_range(
    name: str, given: tuple[float, float], smallest: float = -math.inf, largest: float = math.inf
) -> tuple[float, float]:
    """Return ``given``, a range to draw a parameter from, if it is valid.

    Args:
        name: of the parameter, for the message, such as "MotionBlur length".
        given: the least and the greatest value, both included; equal for a fixed parameter.
        smallest: lower bound of the range.
        largest: upper bound of the range.

    Raises:
        UserError: the range is reversed, not finite or out of bounds.
    """
    low, high = given
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise UserError(f"{name}=[{low}, {high}] is no range: give [smallest, largest].")
    if low < smallest:
        raise UserError(f"{name} starts at {low}: give {smallest:g} or more.")
    if high > largest:
        raise UserError(f"{name} ends at {high}: give {largest:g} or less.")
    return low, high
