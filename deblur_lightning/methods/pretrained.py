"""Loads pretrained features for a loss; without them the term is dropped, with a warning and a record."""

from collections.abc import Iterable
from typing import Any

from lightning.pytorch.utilities import rank_zero_warn
from torch import nn

from deblur_lightning.losses.perceptual import VGGPerceptual


def load_features(terms: Iterable[Any]) -> tuple[nn.ModuleList, str]:
    """Load what the perceptual terms need.

    Args:
        terms: of a loss.

    Returns:
        The terms that can be computed, and which pretrained features there are or are missing, for the record.
    """
    kept, features = nn.ModuleList(), []
    for term in terms:
        if not isinstance(term, VGGPerceptual):
            kept.append(term)
        elif term.load():
            kept.append(term)
            features.append(term.name)
        else:
            features.append(f"{term.name} missing")
            rank_zero_warn(
                f"The perceptual term is dropped: {term.weights_file().name} is not on this machine. "
                f"To have it next time: {term.cure}"
            )
    return kept, " and ".join(features) or "none"
