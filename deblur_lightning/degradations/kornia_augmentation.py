"""Any augmentation of kornia as a degradation."""

from typing import Any

import torch
from torch import Tensor, nn

from deblur_lightning.degradations.base import Degradation, DegradedBatch
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import Border, convolve
from deblur_lightning.functional.psf import identity, odd_size

_BORDERS: dict[str, Border] = {"CONSTANT": "zero", "REFLECT": "reflect", "CIRCULAR": "circular"}
_CONVOLVED = 1e-4  # how far a convolution with the PSF may be from what the augmentation makes


class KorniaDegradation(Degradation):
    """Applies an augmentation of kornia to each sample by itself, from random numbers of the sample's counters.

    kornia draws from torch's global generator and, for some settings, once for a batch (``RandomMotionBlur`` its
    ``kernel_size``). Here each sample's draws are made from its own seed, so that it does not depend on batch size,
    order, workers or ranks. A call for each sample takes its time: docs/degradations.md.

    Args:
        augmentation: from ``kornia.augmentation``; it must keep the images' size. Its ``p``, which is one half
            unless set, is the share of samples that it changes.
        psf_size: K, taps a side, odd, at least those of the augmentation's kernel. The PSF is then what the
            augmentation makes of a point of light, and known if that explains other images too. 1 if it is no blur.

    Raises:
        UserError: no augmentation of kornia; ``psf_size`` not odd; ``p`` no share; an augmentation that changes the
            images' size or refuses what it has drawn.

    Examples:
        >>> import torch
        >>> from kornia.augmentation import RandomMotionBlur
        >>> from deblur_lightning.degradations import KorniaDegradation
        >>> blur = KorniaDegradation(RandomMotionBlur(9, 180.0, 0.0, border_type="reflect", p=1.0), psf_size=9)
        >>> blurred, psf = blur(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 9, 9]))
    """

    def __init__(self, augmentation: nn.Module, psf_size: int = 1) -> None:
        super().__init__()
        from kornia.augmentation import AugmentationBase2D  # it was imported for the augmentation

        if not isinstance(augmentation, AugmentationBase2D):
            raise UserError(
                f"KorniaDegradation augmentation={type(augmentation).__name__}: give one from kornia.augmentation, "
                "such as kornia.augmentation.RandomMotionBlur."
            )
        if psf_size < 1 or psf_size != odd_size(psf_size):
            raise UserError(f"KorniaDegradation psf_size={psf_size}: give an odd number.")
        if not 0 <= augmentation.p <= 1:
            raise UserError(f"KorniaDegradation augmentation p={augmentation.p}: give a share from 0 to 1.")
        self._held = (augmentation,)  # no submodule: it draws on the host, wherever the images are
        self.psf_size = psf_size
        self.margin = psf_size // 2
        self.smallest = psf_size
        border = self.augmentation.flags.get("border_type")
        self.border = "none" if border is None else _BORDERS.get(border.name, border.name.lower())

    @property
    def augmentation(self) -> Any:
        return self._held[0]

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        if min(sharp.shape[-2:]) < self.smallest:
            height, width = sharp.shape[-2:]
            raise UserError(
                f"An image of {height}x{width} pixels is too small for a PSF of {self.psf_size}x{self.psf_size} taps: "
                "use larger images or less blur."
            )
        images, psfs = [], []
        with torch.random.fork_rng([sharp.device] if sharp.device.type == "cuda" else []):
            for image, seed in zip(sharp[:, None], draws.bits("kornia").tolist(), strict=True):
                torch.manual_seed(seed)
                images.append(self._augment(image.clone()))
                psfs.append(self._psf(sharp.shape[1]))
        blurred = torch.cat(images)
        if blurred.shape != sharp.shape:
            raise UserError(
                f"KorniaDegradation augmentation={type(self.augmentation).__name__} makes {tuple(blurred.shape[2:])} "
                f"of {tuple(sharp.shape[2:])} pixels: give one that keeps the images' size."
            )
        known = torch.tensor([psf is not None for psf in psfs])
        unchanged = identity(1, self.psf_size)
        return DegradedBatch(blurred, torch.cat([unchanged if psf is None else psf for psf in psfs]), known)

    def _augment(self, image: Tensor) -> Tensor:
        from kornia.core.exceptions import BaseError

        try:
            augmented: Tensor = self.augmentation(image)
        except (
            AssertionError,
            BaseError,
            TypeError,
            ValueError,
        ) as error:  # some settings are refused when they are drawn
            raise UserError(f"{type(self.augmentation).__name__}: {' '.join(str(error).split())}") from error
        return augmented

    def _psf(self, channels: int) -> Tensor | None:
        """The PSF (1, K, K) that the augmentation, as it was last applied, convolves with; None if it does not."""
        if self.psf_size == 1:
            return None
        side, inside = 2 * self.psf_size + 1, slice(self.margin, -self.margin)
        point, texture = torch.zeros(2, 1, channels, side, side)
        point[..., self.psf_size, self.psf_size] = 1
        texture += torch.linspace(0, 40, side * side).view(side, side).sin()
        try:
            spread, blurred = (self.augmentation(probe, params=self.augmentation._params) for probe in (point, texture))
        except Exception:  # each class has its own for parameters of another image size: noise, rain
            return None
        around = slice(self.psf_size - self.margin, self.psf_size + self.margin + 1)
        psf: Tensor = spread[:, 0, around, around]
        error = (convolve(texture, psf) - blurred)[..., inside, inside].abs().max()
        return psf if psf.min() >= 0 and (psf.sum() - 1).abs() < _CONVOLVED and error < _CONVOLVED else None
