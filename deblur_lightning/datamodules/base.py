"""The base of all data modules: which samples come when, on any number of ranks and after a resume."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Literal

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset

from deblur_lightning.datamodules.sampler import EvaluationSampler, Key, VisitSampler
from deblur_lightning.datamodules.workers import ignore_signals
from deblur_lightning.degradations.base import Conditions
from deblur_lightning.errors import UserError
from deblur_lightning.lightning_internals import reload_each_epoch, resume_point
from deblur_lightning.sources.base import SharpImages, Source, Split


class SampledData(LightningDataModule, ABC):
    """Goes through a source: training in another order at each visit, evaluation in the source's order.

    Args:
        source: of the images.
        batch_size: training samples for each device.
        epoch_length: training samples in an epoch over all devices; each image once when not given.
        eval_batch_size: images for each validation or test batch.
        seed: of the training's draws and order; validation and test never depend on it.
        num_workers: loader processes.

    Attributes:
        images: of each split that ``setup`` has opened.
        epoch: whose training batches are loaded.
        collate: makes a batch of samples; torch's own when None.

    Raises:
        UserError: a length or number that is not positive.
    """

    collate: Callable[[Any], Any] | None = None

    def __init__(
        self,
        source: Source,
        batch_size: int,
        epoch_length: int | None,
        eval_batch_size: int,
        seed: int,
        num_workers: int,
    ) -> None:
        super().__init__()
        positive = {"batch_size": batch_size, "eval_batch_size": eval_batch_size}
        positive |= {} if epoch_length is None else {"epoch_length": epoch_length}
        for name, value in positive.items():
            if value < 1:
                raise UserError(f"{name}={value}: give 1 or more.")
        if num_workers < 0:
            raise UserError(f"num_workers={num_workers}: give 0 or more.")
        self.source = source
        self.batch_size = batch_size
        self.epoch_length = epoch_length
        self.eval_batch_size = eval_batch_size
        self.seed = seed
        self.num_workers = num_workers
        self.images: dict[Split, SharpImages] = {}
        self.epoch = 0

    @property
    @abstractmethod
    def conditions(self) -> Conditions:
        """How the images that are scored were blurred."""

    @abstractmethod
    def split(self, split: Split) -> SharpImages:
        """The images to load: the source's of ``split``, or what this data module makes of them."""

    @abstractmethod
    def check(self, split: Split, images: SharpImages) -> None:
        """Raise ``UserError`` where ``images`` cannot be used for ``split``."""

    @abstractmethod
    def dataset(self, split: Split) -> Dataset[Any]:
        """The samples of ``split``, by keys (visit, index)."""

    @property
    def batch_sizes(self) -> dict[int, int]:
        """Training samples for each device in a batch, by the epoch from which on."""
        return {0: self.batch_size}

    def setup(self, stage: str) -> None:
        needed: dict[str, tuple[Split, ...]] = {"fit": ("train", "val"), "validate": ("val",)}
        for split in needed.get(stage, ("test",)):
            self.images[split] = self.split(split)
            self.check(split, self.images[split])

    def train_dataloader(self) -> DataLoader[Any]:
        sampler = self._training_sampler()
        if len(sampler) < self.batch_size:
            raise UserError(
                f"An epoch of {len(sampler)} samples has no batch of {self.batch_size}: "
                f"set epoch_length={self.batch_size} or more, or a smaller batch_size."
            )
        self.epoch, batches = resume_point(self.trainer) if self.trainer is not None else (0, 0)
        if self.trainer is not None and len(self.batch_sizes) > 1:
            reload_each_epoch(self.trainer)
        batch_size = self._batch_size(self.epoch)
        sampler.resume_at(self.epoch, batches * batch_size)
        return self._loader(self.dataset("train"), sampler, batch_size, drop_last=True)

    def val_dataloader(self) -> DataLoader[Any]:
        return self._evaluation_loader("val")

    def test_dataloader(self) -> DataLoader[Any]:
        return self._evaluation_loader("test")

    def predict_dataloader(self) -> DataLoader[Any]:
        return self._evaluation_loader("test")

    def training_keys(self, epoch: int, batch: int) -> list[Key]:
        """The samples this process trained on in a batch of an epoch, both counted from 0."""
        sampler, batch_size = self._training_sampler(), self._batch_size(epoch)
        sampler.resume_at(epoch, batch * batch_size)
        return list(islice(sampler, batch_size))

    def rebuild_batch(self, split: Split, keys: Sequence[Key]) -> Any:
        """The same batch of these samples again, on the host, for the stage that the trainer is in."""
        (batch,) = DataLoader(self.dataset(split), batch_sampler=[list(keys)], collate_fn=self.collate)
        return self.on_after_batch_transfer(batch, 0)

    def _training_sampler(self) -> VisitSampler:
        repeat = self.trainer is not None and self.trainer.overfit_batches > 0  # type: ignore[attr-defined]
        images, rank = self.images["train"], self._rank()
        batch = self.batch_size * rank["world_size"]
        batches = (self.epoch_length or len(images)) // batch  # in each epoch, whatever the size of its batches
        later = {first: batches * size * rank["world_size"] for first, size in self.batch_sizes.items() if first}
        return VisitSampler(images, length=self.epoch_length, seed=self.seed, repeat=repeat, later=later, **rank)

    def _batch_size(self, epoch: int) -> int:
        return self.batch_sizes[max(first for first in self.batch_sizes if first <= epoch)]

    def _evaluation_loader(self, split: Split) -> DataLoader[Any]:
        sampler = EvaluationSampler(self.images[split], **self._rank())
        return self._loader(self.dataset(split), sampler, self.eval_batch_size)

    def _loader(
        self,
        dataset: Dataset[Any],
        sampler: VisitSampler | EvaluationSampler,
        batch_size: int,
        drop_last: bool = False,
    ) -> DataLoader[Any]:
        return DataLoader(
            dataset,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=self.num_workers,
            collate_fn=self.collate,
            drop_last=drop_last,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.num_workers > 0,
            worker_init_fn=ignore_signals,
            generator=torch.Generator(),  # the default would draw from the global one, which dropout uses
        )

    def _rank(self) -> dict[Literal["rank", "world_size"], int]:
        if self.trainer is None:
            return {"rank": 0, "world_size": 1}
        return {"rank": self.trainer.global_rank, "world_size": self.trainer.world_size}


def check_one_size(images: SharpImages, cure: str) -> None:
    """Raise ``UserError`` where images differ in size, with ``cure``, in which "{side}" is the shortest side."""
    sizes = {images.size(index): images.name(index) for index in range(len(images))}
    if len(sizes) > 1:
        named = [f"{name} ({height}x{width})" for (height, width), name in sizes.items()]
        cure = cure.format(side=min(map(min, sizes)))
        raise UserError(f"{named[0]} and {named[1]} have different sizes and cannot share a batch: {cure}.")
