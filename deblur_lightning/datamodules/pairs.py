"""A data module of images that exist both blurred and sharp; it blurs nothing itself."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from deblur_lightning.batch import RestorationBatch, SharpBatch
from deblur_lightning.datamodules.restoration import CropStage, RestorationData
from deblur_lightning.degradations.base import Conditions
from deblur_lightning.errors import UserError
from deblur_lightning.metrics.psnr_ssim import SMALLEST_FOR_SSIM
from deblur_lightning.sources.base import SharpImages, Source, Split


@final
class RealPairs(RestorationData):
    """Trains on the same random crop of both images of a pair; scores whole images.

    Args:
        source: of the pairs, such as ``PairedFolder``.
        crop_size: side of the training crops in pixels.
        batch_size: training samples for each device.
        epoch_length: training samples in an epoch over all devices; each pair once when not given.
        eval_batch_size: pairs for each validation or test batch; above 1 they must be of one size.
        flips: whether training crops are flipped and turned by quarters.
        seed: of the training's crops and order.
        num_workers: loader processes.
        progressive: other sizes of crops and batches from later epochs on, as in training of Restormer (Zamir et al.,
            2022). An epoch keeps its number of batches.

    Raises:
        UserError: a size, length or number that is not positive.
    """

    margin = 0
    smallest = SMALLEST_FOR_SSIM
    conditions = Conditions("real", "real", "8-bit")

    def __init__(
        self,
        source: Source,
        crop_size: int = 96,
        batch_size: int = 64,
        epoch_length: int | None = None,
        eval_batch_size: int = 1,
        flips: bool = True,
        seed: int = 0,
        num_workers: int = 2,
        progressive: Sequence[CropStage] = (),
    ) -> None:
        super().__init__(
            source, crop_size, batch_size, epoch_length, eval_batch_size, flips, seed, num_workers, progressive
        )

    def split(self, split: Split) -> SharpImages:
        """The pairs of ``split``, each as one image of twice the channels, so that a crop and flip affects both."""
        images = self.source.split(split)
        if images.blurred is None:
            raise UserError(
                f"RealPairs needs blurred images beside the sharp ones, which {type(self.source).__name__} does not "
                "have: give a PairedFolder, or blur them by SyntheticBlur."
            )
        return _StackedPairs(images, images.blurred)

    def pairs(self, batch: SharpBatch) -> RestorationBatch:
        sharp, blurred = (batch["sharp"].to(torch.float32) / 255).chunk(2, dim=1)
        count, device = len(sharp), sharp.device
        return {
            "blurred": blurred.contiguous(),
            "sharp": sharp.contiguous(),
            "psf": torch.ones(count, 1, 1, device=device),
            "psf_known": torch.zeros(count, dtype=torch.bool, device=device),
            "index": batch["index"].to(device),
        }


@final
class _StackedPairs(SharpImages):
    """Pairs as images of 2 C channels: the sharp ones, then the blurred ones."""

    def __init__(self, sharp: SharpImages, blurred: SharpImages) -> None:
        self._sharp = sharp
        self._blurred = blurred

    def __len__(self) -> int:
        return len(self._sharp)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return torch.cat([self._sharp.pixels(index, visit), self._blurred.pixels(index, visit)])

    def name(self, index: int) -> str:
        return self._sharp.name(index)

    def size(self, index: int) -> tuple[int, int]:
        return self._sharp.size(index)
