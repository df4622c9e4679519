"""Wiener's filter that estimates the noise of each image, from scikit-image (Orieux et al., 2010)."""

from typing import final

from skimage.restoration import unsupervised_wiener

from deblur_lightning.classical.base import ClassicalFilter, Plane


@final
class UnsupervisedWiener(ClassicalFilter):
    """As ``Wiener``, its strength drawn for each plane from what is likely given the plane (Gibbs sampling).

    Args:
        draws_seed: of the draws, which are the same for every plane.
    """

    def __init__(self, draws_seed: int = 0) -> None:
        super().__init__()
        self.draws_seed = draws_seed

    def restore(self, plane: Plane, psf: Plane, strength: float) -> Plane:
        restored: Plane
        restored, _ = unsupervised_wiener(  # type: ignore[no-untyped-call]
            plane, psf, clip=False, rng=self.draws_seed
        )
        return restored
