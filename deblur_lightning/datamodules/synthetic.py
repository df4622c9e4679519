"""Sharp images from a source, blurred on the device the model runs on."""

from typing import Literal, final

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from deblur_lightning.batch import RestorationBatch, SharpBatch
from deblur_lightning.datamodules.sampler import EvaluationSampler, VisitSampler
from deblur_lightning.datamodules.windows import RandomWindows, WholeImages, Window
from deblur_lightning.degradations.base import Conditions, Degradation, degrade
from deblur_lightning.draws import EVALUATION_SEED
from deblur_lightning.errors import UserError
from deblur_lightning.metrics import SMALLEST_FOR_SSIM
from deblur_lightning.sources.base import SharpImages, Source, Split


@final
class SyntheticBlur(LightningDataModule):
    """Trains on random crops whose blur saw real pixels beyond their edges; scores whole images, reflected there.

    Args:
        source: of the sharp images.
        degradation: what makes them blurred.
        crop_size: side of the training crops in pixels.
        batch_size: training samples for each device.
        epoch_length: training samples in an epoch over all devices; each image once when not given.
        eval_batch_size: images for each validation or test batch; above 1 they must be of one size.
        flips: whether training crops are flipped and turned by quarters.
        rounding: whether blurred images are rounded to 8 bits, as files are.
        seed: of the training's crops, order and blurs; validation and test never depend on it.
        num_workers: loader processes.

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
        self.degradation = degradation
        self.crop_size = crop_size
        self.batch_size = batch_size
        self.epoch_length = epoch_length
        self.eval_batch_size = eval_batch_size
        self.flips = flips
        self.rounding = rounding
        self.seed = seed
        self.num_workers = num_workers
        self.images: dict[Split, SharpImages] = {}

    @property
    def conditions(self) -> Conditions:
        """How the images that are scored were blurred."""
        rounding = "8-bit" if self.rounding else "none"
        return Conditions(self.degradation.border, self.degradation.noise, rounding)

    def setup(self, stage: str) -> None:
        needed: dict[str, tuple[Split, ...]] = {"fit": ("train", "val"), "validate": ("val",)}
        for split in needed.get(stage, ("test",)):
            self.images[split] = self.source.split(split)
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
        side = self.crop_size + 2 * self.degradation.margin
        windows = RandomWindows(images, side=side, flips=self.flips, seed=self.seed)
        return self._loader(windows, sampler, self.batch_size, drop_last=True)

    def val_dataloader(self) -> DataLoader[Window]:
        return self._evaluation_loader("val")

    def test_dataloader(self) -> DataLoader[Window]:
        return self._evaluation_loader("test")

    def predict_dataloader(self) -> DataLoader[Window]:
        return self._evaluation_loader("test")

    def on_after_batch_transfer(self, batch: SharpBatch, dataloader_idx: int) -> RestorationBatch:
        """Blur on the batch's device, each sample by draws that depend on its counter alone."""
        assert self.trainer is not None
        self.degradation.to(batch["sharp"].device)  # Lightning moves a model's modules, not a data module's
        training = self.trainer.training
        evaluation = "val" if self.trainer.validating or self.trainer.sanity_checking else "test"
        pairs = degrade(
            self.degradation,
            batch,
            seed=self.seed if training else EVALUATION_SEED,
            split="train" if training else evaluation,
            trim=self.degradation.margin if training else 0,
            rounding=self.rounding,
        )
        # Lightning converts what a loader gives, bytes here; a model in float64 wants float64
        converted: RestorationBatch = self.trainer.precision_plugin.convert_input(pairs)
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
        needed = max(self.degradation.margin + 1, SMALLEST_FOR_SSIM)
        if min(height, width) < needed:
            raise UserError(
                f"{images.name(smallest)} ({height}x{width} pixels) is too small to be blurred and scored: "
                f"leave images below {needed} pixels out."
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
