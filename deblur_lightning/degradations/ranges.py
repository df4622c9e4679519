"""Checks the ranges that users give: [smallest, largest]."""

import math

from deblur_lightning.errors import UserError


def check_range(
    name: str, given: tuple[float, float], smallest: float = -math.inf, largest: float = math.inf
) -> tuple[float, float]:
    """Return ``given``, from which a parameter is to be drawn uniformly.

    Args:
        name: whose range it is, for the message: "MotionBlur length".
        given: the least and the greatest value, both included; equal for a parameter that is not to vary.
        smallest: what the first may not be below.
        largest: what the second may not be above.

    Raises:
        UserError: the range is reversed, not finite, or reaches beyond what the parameter can be.
    """
    low, high = given
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise UserError(f"{name}=[{low}, {high}] is no range: give [smallest, largest].")
    if low < smallest:
        raise UserError(f"{name} starts at {low}: give {smallest:g} or more.")
    if high > largest:
        raise UserError(f"{name} ends at {high}: give {largest:g} or less.")
    return low, high
