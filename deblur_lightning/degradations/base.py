"""The base class of degradations, and the function that turns sharp images into training pairs."""

from abc import ABC, abstractmethod
from typing import NamedTuple, overload

import torch
from torch import Tensor, nn

from deblur_lightning.batch import RestorationBatch, SharpBatch, to_8bit
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.psf import identity


class Conditions(NamedTuple):
    """How the blurred images of a test were made; printed with every score.

    Attributes:
        border: what the blur saw beyond the image: "reflect", "valid", "circular" or "zero".
        noise: in words with units, or "none".
        rounding: "8-bit" or "none".
    """

    border: str
    noise: str
    rounding: str


class DegradedBatch(NamedTuple):
    """The output of a degradation.

    Attributes:
        blurred: (B, C, H, W) float32, the size of the sharp input; memory of its own.
        psf: (B, K, K) float32, non-negative, sum 1, centred; K is odd and the same for every batch.
        psf_known: (B,) bool, whether the blurred image is the sharp one convolved with ``psf``, up to noise and
            rounding; where it is not, ``psf`` describes only a part of the degradation.
    """

    blurred: Tensor
    psf: Tensor
    psf_known: Tensor


def with_identity_psf(image: Tensor, draws: Draws, known: bool = True) -> DegradedBatch:
    """The output of a degradation that convolves nothing or, if not ``known``, does what no PSF can describe."""
    count, device = len(draws.index), draws.index.device
    return DegradedBatch(image, identity(count, device=device), torch.full((count,), known, device=device))


class Degradation(nn.Module, ABC):
    """Degrades a batch of sharp images on their device, each sample by its own random draws.

    Parameters and PSFs are computed on the device of the draws, which a data module keeps on the CPU. Their bits are
    then the same for every accelerator, and no decision waits for one.

    Attributes:
        border: what the blur assumes beyond the image's edges; "none" for a degradation that uses no neighbours.
        noise: the noise that it adds, in words with units.
        margin: the number of pixels next to each edge that depend on what lies beyond it, and should be cut off.
        smallest: the least height and width that an image may have.
        psf_size: K, taps on each side of the PSFs it returns.
    """

    border: str = "none"
    noise: str = "none"
    margin: int = 0
    smallest: int = 1
    psf_size: int = 1

    @overload
    def __call__(self, sharp: Tensor, draws: Draws) -> DegradedBatch: ...

    @overload
    def __call__(self, sharp: Tensor, *, seed: int = 0) -> tuple[Tensor, Tensor]: ...

    def __call__(
        self, sharp: Tensor, draws: Draws | None = None, *, seed: int = 0
    ) -> DegradedBatch | tuple[Tensor, Tensor]:
        """Degrade ``sharp`` by ``draws``, or by draws made of ``seed`` and each image's position in the batch.

        Args:
            sharp: (B, C, H, W) float32 in [0, 1].
            draws: of length B; with them the return value is a ``DegradedBatch``.
            seed: of the draws, if none are given.

        Returns:
            The blurred images, of the shape of ``sharp``, not rounded to 8 bits (``to_8bit`` does so), and the PSFs,
            (B, K, K). If no PSF describes the whole degradation, the PSFs are those of the part that
            one describes, or the identity.

        Raises:
            UserError: the images are smaller than ``smallest``, or of another shape or type.
        """
        if draws is not None:
            degraded: DegradedBatch = super().__call__(sharp, draws)
            return degraded
        if sharp.ndim != 4 or not sharp.is_floating_point():
            given = f"{tuple(sharp.shape)} {str(sharp.dtype).removeprefix('torch.')}"
            raise UserError(f"{type(self).__name__}: images are {given}: give (B, C, H, W) floats from 0 to 1.")
        blurred, psf, _ = super().__call__(sharp.float(), Draws.for_batch(len(sharp), seed))
        return blurred, psf

    @abstractmethod
    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        """Degrade ``sharp``, (B, C, H, W) float32 in [0, 1], by ``draws`` of length B.

        Raises:
            UserError: the image is smaller than ``smallest``.
        """

    def kinds(self, draws: Draws) -> list[str]:
        """What kind of blur each sample meets by ``draws``: the name of its degradation's class."""
        return [type(self).__name__] * len(draws.index)


@torch.no_grad()
def degrade(
    degradation: Degradation, batch: SharpBatch, *, seed: int, split: str, trim: int, rounding: bool
) -> RestorationBatch:
    """Make the training or test pairs of a batch, in float32 whatever the surrounding autocast.

    Args:
        degradation: blurs the images.
        batch: sharp images on any device; their counters are best left on the CPU.
        seed: of the draws.
        split: the draws are those of this split.
        trim: pixels to cut from every side after blurring: the degradation's margin where the images carry one,
            else 0.
        rounding: whether the blurred image is rounded to 8 bits, as every file is.

    Returns:
        The pairs, all on the device of the images.
    """
    draws = Draws(seed=seed, split=split, visit=batch["visit"], index=batch["index"])
    return degrade_images(degradation, batch["sharp"], draws, trim=trim, rounding=rounding)


@torch.no_grad()
def degrade_images(
    degradation: Degradation, sharp: Tensor, draws: Draws, *, trim: int, rounding: bool
) -> RestorationBatch:
    """Do what ``degrade`` does, for images (B, C, H, W) uint8 and given draws."""
    device = sharp.device
    with torch.autocast(device.type, enabled=False):
        sharp = sharp.to(torch.float32) / 255
        blurred, psf, psf_known = degradation(sharp, draws)
        blurred, sharp = _trim(blurred, trim), _trim(sharp, trim)
        if rounding:
            blurred = to_8bit(blurred, in_place=True)
    return {
        "blurred": blurred,
        "sharp": sharp,
        "psf": psf.to(device, non_blocking=True),
        "psf_known": psf_known.to(device, non_blocking=True),
        "index": draws.index.to(device, non_blocking=True),
    }


def _trim(image: Tensor, trim: int) -> Tensor:
    height, width = image.shape[-2:]
    return image[..., trim : height - trim, trim : width - trim].contiguous()
