"""What every data module for restoring shares: which samples come when, what is cut out, what may not be."""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from deblur_lightning.batch import RestorationBatch, SharpBatch
from deblur_lightning.datamodules.sampler import EvaluationSampler, VisitSampler
from deblur_lightning.datamodules.windows import RandomWindows, WholeImages, Window
from deblur_lightning.degradations.base import Conditions
from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source, Split


class RestorationData(LightningDataModule, ABC):
    """Loads random crops for training and whole images for validation and test, and makes pairs of them.

    Args:
        source: of the images.
        crop_size: side of the training crops in pixels.
        batch_size: training samples for each device.
        epoch_length: training samples in an epoch over all devices; each image once when not given.
        eval_batch_size: images for each validation or test batch; above 1 they must be of one size.
        flips: whether training crops are flipped and turned by quarters.
        seed: of the training's crops and order; validation and test never depend on it.
        num_workers: loader processes.

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
    ) -> None:
        super().__init__()
        positive = {"crop_size": crop_size, "batch_size": batch_size, "eval_batch_size": eval_batch_size}
        positive |= {} if epoch_length is None else {"epoch_length": epoch_length}
        for name, value in positive.items():
            if value < 1:
                raise UserError(f"data.{name}={value}: give 1 or more.")
        if num_workers < 0:
            raise UserError(f"data.num_workers={num_workers}: give 0 or more.")
        self.source = source
        self.crop_size = crop_size
        self.batch_size = batch_size
        self.epoch_length = epoch_length
        self.eval_batch_size = eval_batch_size
        self.flips = flips
        self.seed = seed
        self.num_workers = num_workers
        self.images: dict[Split, SharpImages] = {}

    @property
    @abstractmethod
    def conditions(self) -> Conditions:
        """How the images that are scored were blurred."""

    @abstractmethod
    def split(self, split: Split) -> SharpImages:
        """What is loaded: the source's images of ``split``, or what this data module makes of them."""

    @abstractmethod
    def pairs(self, batch: SharpBatch) -> RestorationBatch:
        """Make pairs of what was loaded, on its device; in training the margin is cut off."""

    def setup(self, stage: str) -> None:
        needed: dict[str, tuple[Split, ...]] = {"fit": ("train", "val"), "validate": ("val",)}
        for split in needed.get(stage, ("test",)):
            self.images[split] = self.split(split)
            if split == "train":
                self._check_crops(self.images[split])
            else:
                self._check_evaluation(self.images[split])

    def train_dataloader(self) -> DataLoader[Window]:
        images = self.images["train"]
        sampler = VisitSampler(images, length=self.epoch_length, seed=self.seed, **self._place())
        if len(sampler) < self.batch_size:
            raise UserError(
                f"An epoch of {len(sampler)} samples has no batch of {self.batch_size}: "
                f"set --data.epoch_length={self.batch_size} or more, or a smaller --data.batch_size."
            )
        sampler.resume_at(*self._resume_point())
        windows = RandomWindows(images, side=self.crop_size + 2 * self.margin, flips=self.flips, seed=self.seed)
        return self._loader(windows, sampler, self.batch_size, drop_last=True)

    def val_dataloader(self) -> DataLoader[Window]:
        return self._evaluation_loader("val")

    def test_dataloader(self) -> DataLoader[Window]:
        return self._evaluation_loader("test")

    def predict_dataloader(self) -> DataLoader[Window]:
        return self._evaluation_loader("test")

    def transfer_batch_to_device(self, batch: SharpBatch, device: torch.device, dataloader_idx: int) -> SharpBatch:
        """Move the pixels alone: what the counters decide is decided on the host, alike for every device."""
        sharp = super().transfer_batch_to_device(batch["sharp"], device, dataloader_idx)
        return {"sharp": sharp, "index": batch["index"], "visit": batch["visit"]}

    def on_after_batch_transfer(self, batch: SharpBatch, dataloader_idx: int) -> RestorationBatch:
        assert self.trainer is not None
        # Lightning converts what a loader gives, bytes here; a model in float64 wants float64
        converted: RestorationBatch = self.trainer.precision_plugin.convert_input(self.pairs(batch))
        return converted

    def _evaluation_loader(self, split: Split) -> DataLoader[Window]:
        images = self.images[split]
        return self._loader(WholeImages(images), EvaluationSampler(images, **self._place()), self.eval_batch_size)

    def _loader(
        self,
        dataset: RandomWindows | WholeImages,
        sampler: VisitSampler | EvaluationSampler,
        batch_size: int,
        drop_last: bool = False,
    ) -> DataLoader[Window]:
        return DataLoader(
            dataset,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=self.num_workers,
            drop_last=drop_last,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.num_workers > 0,
        )

    def _place(self) -> dict[Literal["rank", "world_size"], int]:
        if self.trainer is None:
            return {"rank": 0, "world_size": 1}
        return {"rank": self.trainer.global_rank, "world_size": self.trainer.world_size}

    def _resume_point(self) -> tuple[int, int]:
        """The epoch to go on with, and the samples of it that a resumed run has already learned from."""
        if self.trainer is None:
            return 0, 0
        epoch = self.trainer.current_epoch
        begun = self.trainer.fit_loop.epoch_progress.current.ready > epoch
        batches = self.trainer.fit_loop.epoch_loop.batch_progress
        if not begun:
            return epoch, 0
        if batches.is_last_batch:
            return epoch + 1, 0
        return epoch, batches.current.ready * self.batch_size

    def _check_crops(self, images: SharpImages) -> None:
        smallest = min(range(len(images)), key=lambda index: min(images.size(index)))
        height, width = images.size(smallest)
        if min(height, width) < self.crop_size:
            raise UserError(
                f"crop_size={self.crop_size} is larger than {images.name(smallest)} ({height}x{width} pixels): "
                f"set --data.crop_size={min(height, width)} or less, or leave the image out."
            )

    def _check_evaluation(self, images: SharpImages) -> None:
        smallest = min(range(len(images)), key=lambda index: min(images.size(index)))
        height, width = images.size(smallest)
        if min(height, width) < self.smallest:
            raise UserError(
                f"{images.name(smallest)} ({height}x{width} pixels) is too small to be blurred and scored: "
                f"leave images below {self.smallest} pixels out."
            )
        if self.eval_batch_size == 1:
            return
        sizes = {images.size(index): images.name(index) for index in range(len(images))}
        if len(sizes) > 1:
            (first, one), (second, other) = list(sizes.items())[:2]
            raise UserError(
                f"{one} ({first[0]}x{first[1]}) and {other} ({second[0]}x{second[1]}) cannot share a batch: "
                "set --data.eval_batch_size=1."
            )
