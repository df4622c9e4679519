"""Judges a claim by a measured figure."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from deblur_lightning.ledger.claims import Claim
from deblur_lightning.ledger.statistics import Estimate

HOLDS: Final = "holds"
FAILS: Final = "does not hold"
OPEN: Final = "cannot be judged at this budget"
Ruling = Literal["holds", "does not hold", "cannot be judged at this budget"]
PER_CENT = ("correct",)
ERRORS = ("mse", "taps_error")
UNITS = {"psnr": " dB", "psnr_gain": " dB", "psnr_blurred": " dB", "correct": " %"}


@dataclass(frozen=True)
class Verdict:
    """A ruling and its reason in words."""

    ruling: Ruling
    reason: str


def judge(claim: Claim, found: Estimate, budget: str, real: bool) -> Verdict:
    """Compare the interval of ``found`` with the claim's range.

    Args:
        claim: and its range.
        found: the mean, with its interval.
        budget: "full", or "quick", at which ``claim.slack`` widens the range that must be missed.
        real: whether the data are the claim's own.
    """
    if claim.real_only and not real:
        return Verdict(OPEN, "the data that it is about are not here, and their substitute says nothing about them.")
    low = -math.inf if claim.at_least is None else claim.at_least
    high = math.inf if claim.at_most is None else claim.at_most
    wanted = range_in_words(claim)
    if not all(map(math.isfinite, (found.mean, found.low, found.high))):
        return Verdict(OPEN, f"{wanted}, but its scores are not all finite numbers.")
    if low <= found.low and found.high <= high:
        return Verdict(HOLDS, f"{wanted}, and so is all of the interval.")
    slack = claim.slack if budget == "quick" else 0.0
    if found.high < low - slack or found.low > high + slack:
        return Verdict(FAILS, f"{wanted}, and none of the interval is.")
    if found.high < low or found.low > high:
        return Verdict(OPEN, f"{wanted}; it is missed, by less than a longer training may be worth.")
    return Verdict(OPEN, f"{wanted}, and a part of the interval is.")


def range_in_words(claim: Claim) -> str:
    """Such as "to hold, at least 1.00 dB"."""
    ends = {"at least": claim.at_least, "at most": claim.at_most}
    words = [f"{word} {figure(end, claim)}" for word, end in ends.items() if end is not None]
    return f"to hold, {' and '.join(words)}"


def not_finite(value: float) -> str:
    """Words for what is no finite number, which JSON cannot hold and nobody can compare."""
    if math.isnan(value):
        return "not a number"
    return "infinite" if value > 0 else "minus infinite"


def figure(value: float, claim: Claim) -> str:
    """``value`` of the claim's metric in words, with a sign where it is a difference."""
    if not math.isfinite(value):
        return not_finite(value)
    unit = UNITS.get(claim.metric, "")
    signed = "+" if claim.minus or claim.metric.endswith("gain") else ""
    if claim.metric in PER_CENT:
        return f"{100 * value:{signed}.2f}{' points' if claim.minus else unit}"
    if claim.metric in ERRORS:
        return f"{value:{signed}.2g}"
    return f"{value:{signed}.{2 if unit else 3}f}{unit}"
