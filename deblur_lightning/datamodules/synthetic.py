"""A data module that blurs sharp images on the device that trains."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from deblur_lightning.batch import RestorationBatch, SharpBatch
from deblur_lightning.datamodules.restoration import CropStage, RestorationData
from deblur_lightning.degradations.base import Conditions, Degradation, degrade
from deblur_lightning.draws import EVALUATION_SEED, Draws
from deblur_lightning.metrics.psnr_ssim import SMALLEST_FOR_SSIM
from deblur_lightning.sources.base import SharpImages, Source, Split


@final
class SyntheticBlur(RestorationData):
    """Trains on random crops and scores whole images.

    The blur of a crop uses real pixels beyond its edges; that of a whole image uses the image reflected there.

    Args:
        source: of the sharp images.
        degradation: blurs them.
        crop_size: side of the training crops in pixels.
        batch_size: training samples for each device.
        epoch_length: training samples in an epoch over all devices; each image once when not given.
        eval_batch_size: images for each validation or test batch; above 1 they must be of one size.
        flips: whether training crops are flipped and turned by quarters.
        rounding: whether to round blurred images to 8 bits, as files do.
        seed: of the training's crops, order and blurs; validation and test never depend on it.
        num_workers: loader processes.
        progressive: other sizes of crops and batches from later epochs on, as in training of Restormer (Zamir et al.,
            2022). An epoch keeps its number of batches.

    Raises:
        UserError: a size, length or number that is not positive.
    """

    def __init__(
        self,
        source: Source,
        degradation: Degradation,
        crop_size: int = 96,
        batch_size: int = 64,
        epoch_length: int | None = None,
        eval_batch_size: int = 1,
        flips: bool = True,
        rounding: bool = True,
        seed: int = 0,
        num_workers: int = 2,
        progressive: Sequence[CropStage] = (),
    ) -> None:
        super().__init__(
            source, crop_size, batch_size, epoch_length, eval_batch_size, flips, seed, num_workers, progressive
        )
        self.degradation = degradation
        self.rounding = rounding
        self.margin = degradation.margin
        self.smallest = max(degradation.smallest, SMALLEST_FOR_SSIM)

    @property
    def conditions(self) -> Conditions:
        """How the images that are scored were blurred."""
        rounding = "8-bit" if self.rounding else "none"
        return Conditions(self.degradation.border, self.degradation.noise, rounding)

    def split(self, split: Split) -> SharpImages:
        return self.source.split(split)

    def pairs(self, batch: SharpBatch) -> RestorationBatch:
        """Blur on the batch's device; the draws of a sample depend on its counter alone."""
        assert self.trainer is not None
        self.degradation.to(batch["sharp"].device)  # Lightning moves only the model's modules
        training = self.trainer.training
        evaluation = "val" if self.trainer.validating or self.trainer.sanity_checking else "test"
        return degrade(
            self.degradation,
            batch,
            seed=self.seed if training else EVALUATION_SEED,
            split="train" if training else evaluation,
            trim=self.margin if training else 0,
            rounding=self.rounding,
        )

    def kinds_of_blur(self, indices: Tensor) -> list[str]:
        """The kind of blur that each validation image at ``indices``, (B,) int64 on the CPU, meets: a class's name."""
        return self.degradation.kinds(Draws(EVALUATION_SEED, "val", torch.zeros_like(indices), indices))
