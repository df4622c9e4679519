"""No degradation: for the share of sharp images in a mixture, and as a baseline."""

from torch import Tensor

from deblur_lightning.degradations.base import Degradation, DegradedBatch, with_identity_psf
from deblur_lightning.draws import Draws


class Identity(Degradation):
    """Returns the images unchanged.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import Identity
        >>> blurred, psf = Identity()(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 1, 1]))
    """

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        return with_identity_psf(sharp.clone(), draws)
