"""The base of all data modules: which samples come when, on any number of ranks and after a resume."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Literal

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset

from deblur_lightning.datamodules.sampler import EvaluationSampler, Key, VisitSampler
from deblur_lightning.datamodules.workers import leave_signals
from deblur_lightning.degradations.base import Conditions
from deblur_lightning.errors import UserError
from deblur_lightning.lightning_internals import resume_point
from deblur_lightning.sources.base import SharpImages, Source, Split


class SampledData(LightningDataModule, ABC):
    """Goes through a source by counters: training in an order of its own at each visit, evaluation as it is.

    Args:
        source: of the images.
        batch_size: training samples for each device.
        epoch_length: training samples in an epoch over all devices; each image once when not given.
        eval_batch_size: images for each validation or test batch.
        seed: of the training's draws and order; validation and test never depend on it.
        num_workers: loader processes.

    Attributes:
        images: of each split that has been set up.
        collate: what makes a batch of the samples; torch's own when None.

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
                raise UserError(f"data.{name}={value}: give 1 or more.")
        if num_workers < 0:
            raise UserError(f"data.num_workers={num_workers}: give 0 or more.")
        self.source = source
        self.batch_size = batch_size
        self.epoch_length = epoch_length
        self.eval_batch_size = eval_batch_size
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
    def check(self, split: Split, images: SharpImages) -> None:
        """Raise ``UserError`` where ``images`` do not suit."""

    @abstractmethod
    def items(self, split: Split) -> Dataset[Any]:
        """What the loaders ask for samples, by keys (visit, index)."""

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
                f"set --data.epoch_length={self.batch_size} or more, or a smaller --data.batch_size."
            )
        epoch, batches = resume_point(self.trainer) if self.trainer is not None else (0, 0)
        sampler.resume_at(epoch, batches * self.batch_size)
        return self._loader(self.items("train"), sampler, self.batch_size, drop_last=True)

    def val_dataloader(self) -> DataLoader[Any]:
        return self._evaluation_loader("val")

    def test_dataloader(self) -> DataLoader[Any]:
        return self._evaluation_loader("test")

    def predict_dataloader(self) -> DataLoader[Any]:
        return self._evaluation_loader("test")

    def training_keys(self, epoch: int, batch: int) -> list[Key]:
        """Which samples this process learned from in a batch of an epoch, both counted from 0."""
        sampler = self._training_sampler()
        sampler.resume_at(epoch, batch * self.batch_size)
        return list(islice(sampler, self.batch_size))

    def made_again(self, split: Split, keys: Sequence[Key]) -> Any:
        """The batch of these samples on the host, as it was, in the stage that the trainer is in."""
        (batch,) = DataLoader(self.items(split), batch_sampler=[list(keys)], collate_fn=self.collate)
        return self.on_after_batch_transfer(batch, 0)

    def _training_sampler(self) -> VisitSampler:
        repeat = self.trainer is not None and self.trainer.overfit_batches > 0  # type: ignore[attr-defined]
        place = self._place()
        return VisitSampler(self.images["train"], length=self.epoch_length, seed=self.seed, repeat=repeat, **place)

    def _evaluation_loader(self, split: Split) -> DataLoader[Any]:
        sampler = EvaluationSampler(self.images[split], **self._place())
        return self._loader(self.items(split), sampler, self.eval_batch_size)

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
            worker_init_fn=leave_signals,
            generator=torch.Generator(),  # else each new loop draws from the global one, which is dropout's
        )

    def _place(self) -> dict[Literal["rank", "world_size"], int]:
        if self.trainer is None:
            return {"rank": 0, "world_size": 1}
        return {"rank": self.trainer.global_rank, "world_size": self.trainer.world_size}
