"""Richardson-Lucy deconvolution, from scikit-image (Richardson, 1972; Lucy, 1974)."""

from typing import final

import numpy as np
from skimage.restoration import richardson_lucy

from deblur_lightning.classical.base import ClassicalFilter, Plane


@final
class RichardsonLucy(ClassicalFilter):
    """Repeatedly multiplies the estimate by the ratio that the blurred plane asks for; stops before noise grows.

    Args:
        iterations: candidates for their number, the strength.
    """

    def __init__(self, iterations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256)) -> None:
        super().__init__("iterations", iterations)

    def restore(self, plane: Plane, psf: Plane, strength: float) -> Plane:
        around = 32 + 4 * psf.shape[0]  # scikit-image takes what lies beyond for black, whose traces grow inwards
        wide = np.pad(plane.clip(min=0), around, mode="wrap")  # it knows no negative light
        restored: Plane = richardson_lucy(  # type: ignore[no-untyped-call]
            wide, psf, num_iter=round(strength), clip=False
        )
        return restored[around:-around, around:-around]
