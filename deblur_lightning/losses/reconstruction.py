"""Reconstruction losses: L1, Charbonnier, SSIM, PSNR and L1 between spectra."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics.functional.image import structural_similarity_index_measure

from deblur_lightning.errors import UserError


class ReconstructionLoss(nn.Module, ABC):
    """One term of a restorer's loss.

    Args:
        weight: what the distance is multiplied with.

    Attributes:
        title: names the term in the logs; the class's name in lower case where it gives none.

    Raises:
        UserError: ``weight`` is not above 0.
    """

    title: str

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "title"):
            cls.title = cls.__name__.lower()

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        if not 0 < weight < float("inf"):
            raise UserError(f"{type(self).__name__} weight={weight}: give a number above 0, or leave the term out.")
        self.weight = weight

    def forward(self, preds: Tensor, target: Tensor) -> Tensor:
        """The weighted distance, a scalar, of images (B, C, H, W), ``target`` in [0, 1] and ``preds`` nominally so.

        Raises:
            UserError: the distance is no scalar.
        """
        distance = self.distance(preds, target)
        if not isinstance(distance, Tensor) or distance.numel() != 1:
            kind = f"a tensor of {tuple(distance.shape)}" if isinstance(distance, Tensor) else type(distance).__name__
            raise UserError(f"the loss {self.title} returns {kind}: it must be one number, such as a mean.")
        return self.weight * distance.reshape(())

    @abstractmethod
    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        """The distance before it is weighted, a scalar."""


@final
class L1(ReconstructionLoss):
    """Mean absolute error.

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import L1
        >>> round(L1(weight=100)(torch.zeros(2, 3, 16, 16), torch.ones(2, 3, 16, 16)).item(), 3)
        100.0
    """

    title = "l1"

    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(preds, target)


@final
class Charbonnier(ReconstructionLoss):
    """Mean of sqrt(error^2 + epsilon^2): L1 with a rounded tip (Charbonnier et al., 1994).

    Args:
        weight: what the distance is multiplied with.
        epsilon: half-width of the rounded part.

    Raises:
        UserError: a number that is not above 0.

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import Charbonnier
        >>> round(Charbonnier()(torch.zeros(2, 3, 16, 16), torch.ones(2, 3, 16, 16)).item(), 3)
        1.0
    """

    title = "charbonnier"

    def __init__(self, weight: float = 1.0, epsilon: float = 1e-3) -> None:
        super().__init__(weight)
        if not 0 < epsilon < float("inf"):
            raise UserError(f"Charbonnier epsilon={epsilon}: give a number above 0.")
        self.epsilon = epsilon

    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        return ((preds - target).square() + self.epsilon**2).sqrt().mean()


@final
class SSIM(ReconstructionLoss):
    """1 - SSIM, with the window of the metric (Wang et al., 2004), on images of range 1.

    In the images' precision: in float32 flat bright areas are up to .002 off, which is enough to learn by. Scores are
    taken in float64.

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import SSIM
        >>> round(SSIM()(torch.ones(1, 3, 16, 16), torch.ones(1, 3, 16, 16)).item(), 3)
        0.0
    """

    title = "ssim"

    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        with torch.autocast(preds.device.type, enabled=False):  # bfloat16 holds no variances of small windows
            value = structural_similarity_index_measure(preds.to(target), target, data_range=1.0)
        assert isinstance(value, Tensor)  # a pair only where the full map is asked for
        return 1 - value


@final
class FrequencyL1(ReconstructionLoss):
    """Mean absolute error of the real and imaginary parts of the spectrum, orthonormal (Cho et al., 2021).

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import FrequencyL1
        >>> round(FrequencyL1()(torch.ones(1, 3, 16, 16), torch.ones(1, 3, 16, 16)).item(), 3)
        0.0
    """

    title = "frequency"

    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        with torch.autocast(preds.device.type, enabled=False):
            spectrum = torch.fft.rfft2(preds.to(target) - target, norm="ortho")
        return torch.view_as_real(spectrum).abs().mean()


@final
class PSNRLoss(ReconstructionLoss):
    """Minus the PSNR in dB, averaged over images: what a gain in dB asks for (after NAFNet's; Chen et al., 2022).

    Each image counts by how much of its error goes, however small the error is, down to the floor. NAFNet's floor is
    1e-8: with ours an image that is restored to 60 dB, such as a sharp one among the blurred, counts a tenth as much.

    Args:
        weight: what the distance is multiplied with.
        floor: a mean squared error that is as good as none; 1e-5 is 50 dB, 1e-8 is NAFNet's.

    Raises:
        UserError: a number that is not above 0.

    Examples:
        >>> import torch
        >>> from deblur_lightning.losses import PSNRLoss
        >>> round(PSNRLoss()(torch.full((2, 3, 8, 8), 0.1), torch.zeros(2, 3, 8, 8)).item(), 2)
        -20.0
    """

    title = "psnr"

    def __init__(self, weight: float = 1.0, floor: float = 1e-5) -> None:
        super().__init__(weight)
        if not 0 < floor < float("inf"):
            raise UserError(f"PSNRLoss floor={floor}: give a number above 0.")
        self.floor = floor

    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        error = (preds.float() - target.float()).square().flatten(1).mean(dim=1)
        return 10 * torch.log10(error + self.floor).mean()
