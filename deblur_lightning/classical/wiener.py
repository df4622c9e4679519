"""Wiener's filter with a smoothness prior, from scikit-image (Hunt, 1971)."""

from typing import final

from skimage.restoration import wiener

from deblur_lightning.classical.base import ClassicalFilter, Plane


@final
class Wiener(ClassicalFilter):
    """conj(H) / (|H|^2 + strength |L|^2), L being the Laplacian's transfer function.

    Args:
        balances: candidates for the strength.
    """

    def __init__(
        self, balances: tuple[float, ...] = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
    ) -> None:
        super().__init__("balances", balances)

    def restore(self, plane: Plane, psf: Plane, strength: float) -> Plane:
        restored: Plane = wiener(plane, psf, balance=strength, clip=False)  # type: ignore[no-untyped-call]
        return restored
