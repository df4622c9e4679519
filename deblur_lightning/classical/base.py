"""The base class of classical filters: one plane and its PSF in, one plane out, at most one number to tune."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deblur_lightning.errors import UserError

Plane = NDArray[np.float64]


class ClassicalFilter(ABC):
    """A filter that restores one plane at a time and learns nothing but, at most, its own strength.

    Args:
        name: of the setting that holds the candidates, for error messages.
        strengths: candidates for the strength, rising; none if the filter finds what it needs in each plane.

    Attributes:
        strengths: likewise.

    Raises:
        UserError: candidates that are not above 0 and rising.
    """

    def __init__(self, name: str = "strengths", strengths: Sequence[float] = ()) -> None:
        if not all(low < high < math.inf for low, high in pairwise([0, *strengths])):
            raise UserError(f"{type(self).__name__} {name}={list(strengths)}: give rising numbers above 0.")
        self.strengths = tuple(float(strength) for strength in strengths)

    @abstractmethod
    def restore(self, plane: Plane, psf: Plane, strength: float) -> Plane:
        """Restore a plane that is taken for periodic; ``pad_for_deconvolution`` makes one of an image.

        Args:
            plane: (H, W) float64, nominally in [0, 1], larger than the PSF.
            psf: (K, K) float64, sum 1, K odd, centred on the middle tap.
            strength: what ``strengths`` are candidates for; without a meaning where there are none.

        Returns:
            (H, W) float64, not clamped.
        """
