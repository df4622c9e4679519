"""The base of data modules for restoration: crop sizes, margins and their checks."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from deblur_lightning.batch import RestorationBatch, SharpBatch
from deblur_lightning.datamodules.base import SampledData, check_one_size
from deblur_lightning.datamodules.crops import RandomCrops, WholeImages
from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split


@dataclass(frozen=True)
class CropStage:
    """The size of training crops and batches from an epoch on.

    Attributes:
        epoch: counted from 0; above 0.
        crop_size: side of the crops in pixels.
        batch_size: training samples for each device.
    """

    epoch: int
    crop_size: int
    batch_size: int


class RestorationData(SampledData):
    """Loads random crops for training, whole images for validation and test, and makes pairs of them.

    Args:
        source: of the images.
        crop_size: side of the training crops in pixels.
        batch_size: training samples for each device.
        epoch_length: training samples in an epoch over all devices; each image once when not given.
        eval_batch_size: images for each validation or test batch; above 1 they must be of one size.
        flips: whether training crops are flipped and turned by quarters.
        seed: of the training's crops and order; validation and test never depend on it.
        num_workers: loader processes.
        progressive: other sizes of crops and batches from later epochs on. An epoch keeps its number of batches.

    Attributes:
        margin: pixels around a training crop that are loaded too, for ``pairs`` to cut off.
        smallest: the least height and width in pixels that a whole image may have.

    Raises:
        UserError: a size, length or number that is not positive.
    """

    margin: int
    smallest: int

    def __init__(
        self,
        source: Source,
        crop_size: int,
        batch_size: int,
        epoch_length: int | None,
        eval_batch_size: int,
        flips: bool,
        seed: int,
        num_workers: int,
        progressive: Sequence[CropStage] = (),
    ) -> None:
        super().__init__(source, batch_size, epoch_length, eval_batch_size, seed, num_workers)
        if crop_size < 1:
            raise UserError(f"crop_size={crop_size}: give 1 or more.")
        _check_stages(progressive)
        self.crop_size = crop_size
        self.flips = flips
        self.progressive = tuple(progressive)

    @property
    def batch_sizes(self) -> dict[int, int]:
        return {0: self.batch_size} | {stage.epoch: stage.batch_size for stage in self.progressive}

    @abstractmethod
    def pairs(self, batch: SharpBatch) -> RestorationBatch:
        """Make pairs of a loaded batch, on its device; in training the margin is cut off."""

    def check(self, split: Split, images: SharpImages) -> None:
        if split == "train":
            self._check_crops(images)
        else:
            self._check_evaluation(images)

    def dataset(self, split: Split) -> RandomCrops | WholeImages:
        images = self.images[split]
        if split != "train":
            return WholeImages(images)
        sides = [self.crop_size, *(stage.crop_size for stage in self.progressive if stage.epoch <= self.epoch)]
        return RandomCrops(images, side=sides[-1] + 2 * self.margin, flips=self.flips, seed=self.seed)

    def transfer_batch_to_device(self, batch: SharpBatch, device: torch.device, dataloader_idx: int) -> SharpBatch:
        """Move the pixels; the counters stay on the host, where draws are the same for every device."""
        sharp = super().transfer_batch_to_device(batch["sharp"], device, dataloader_idx)
        return {"sharp": sharp, "index": batch["index"], "visit": batch["visit"]}

    def on_after_batch_transfer(self, batch: SharpBatch, dataloader_idx: int) -> RestorationBatch:
        assert self.trainer is not None
        # Lightning converts only what a loader gives, which is bytes here; a model in float64 needs float64
        converted: RestorationBatch = self.trainer.precision_plugin.convert_input(self.pairs(batch))
        return converted

    def _check_crops(self, images: SharpImages) -> None:
        smallest = min(range(len(images)), key=lambda index: min(images.size(index)))
        height, width = images.size(smallest)
        side = max([self.crop_size, *(stage.crop_size for stage in self.progressive)])
        if min(height, width) < side:
            raise UserError(
                f"crop_size={side} is larger than {images.name(smallest)} ({height}x{width} pixels): "
                f"set crop_size={min(height, width)} or less, or leave the image out."
            )

    def _check_evaluation(self, images: SharpImages) -> None:
        smallest = min(range(len(images)), key=lambda index: min(images.size(index)))
        height, width = images.size(smallest)
        if min(height, width) < self.smallest:
            raise UserError(
                f"{images.name(smallest)} ({height}x{width} pixels) is too small to be blurred and scored: "
                f"leave images below {self.smallest} pixels out."
            )
        if self.eval_batch_size > 1:
            check_one_size(images, "set eval_batch_size=1")


def _check_stages(stages: Sequence[CropStage]) -> None:
    last = 0
    for stage in stages:
        for name, value in (("crop_size", stage.crop_size), ("batch_size", stage.batch_size)):
            if value < 1:
                raise UserError(f"progressive {name}={value}: give 1 or more.")
        if stage.epoch <= last:
            raise UserError(f"progressive epoch={stage.epoch}: give epochs above 0, each above the last.")
        last = stage.epoch
