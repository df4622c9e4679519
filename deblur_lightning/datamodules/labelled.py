"""Small labelled images for classifiers, held in memory: a batch is one indexing."""

from collections.abc import Sequence
from typing import TypedDict, final

import torch
from torch import Tensor
from torch.utils.data import Dataset

from deblur_lightning.batch import LabelledBatch
from deblur_lightning.datamodules.augmentation import Augmentation
from deblur_lightning.datamodules.base import SampledData, check_one_size
from deblur_lightning.datamodules.sampler import Key
from deblur_lightning.degradations.base import Conditions
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import LabelledImages, SharpImages, Source, Split


class LabelledSamples(TypedDict):
    """A batch as the loader gives it: ``image`` (B, C, H, W) uint8, and (B,) int64 labels and counters."""

    image: Tensor
    label: Tensor
    index: Tensor
    visit: Tensor


@final
class LabelledData(SampledData):
    """Trains, validates and tests on whole images and their classes.

    Args:
        source: of labelled images of one size.
        batch_size: training samples for each device.
        epoch_length: training samples in an epoch over all devices; each image once when not given.
        eval_batch_size: images for each validation or test batch.
        augmentation: of training images; none when not given.
        seed: of the training's order and augmentation; validation and test never depend on it.
        num_workers: loader processes; small sets in memory need none.

    Raises:
        UserError: a length or number that is not positive.
    """

    def __init__(
        self,
        source: Source,
        batch_size: int = 32,
        epoch_length: int | None = None,
        eval_batch_size: int = 500,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(source, batch_size, epoch_length, eval_batch_size, seed, num_workers)
        self.augmentation = augmentation

    @staticmethod
    def collate(samples: LabelledSamples) -> LabelledSamples:
        """The dataset gives whole batches."""
        return samples

    @property
    def conditions(self) -> Conditions:
        """None: nothing is blurred."""
        return Conditions("none", "none", "8-bit")

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of their labels."""
        images = next(iter(self.images.values()))
        assert isinstance(images, LabelledImages)
        return images.classes

    def split(self, split: Split) -> SharpImages:
        return self.source.split(split)

    def check(self, split: Split, images: SharpImages) -> None:
        if not isinstance(images, LabelledImages):
            raise UserError(
                f"{type(self.source).__name__} has no labels, which a classifier needs: give a "
                "LabelledFolder, MNIST, CIFAR10 or CIFAR100."
            )
        check_one_size(images, "set source.side={side}, or resize them")

    def dataset(self, split: Split) -> Dataset[LabelledSamples]:
        images = self.images[split]
        assert isinstance(images, LabelledImages)
        return _ImagesInMemory(images)

    def transfer_batch_to_device(
        self, batch: LabelledSamples, device: torch.device, dataloader_idx: int
    ) -> LabelledSamples:
        """Move pixels and labels; the counters stay on the host, where draws are the same for every device."""
        image, label = (batch[name].to(device, non_blocking=True) for name in ("image", "label"))
        return {"image": image, "label": label, "index": batch["index"], "visit": batch["visit"]}

    def on_after_batch_transfer(self, batch: LabelledSamples, dataloader_idx: int) -> LabelledBatch:
        assert self.trainer is not None
        image = batch["image"].to(torch.float32) / 255
        if self.augmentation is not None and self.trainer.training:
            image = self.augmentation(image, Draws(self.seed, "train", batch["visit"], batch["index"]))
        labelled: LabelledBatch = {"image": image, "label": batch["label"], "index": batch["index"].to(image.device)}
        converted: LabelledBatch = self.trainer.precision_plugin.convert_input(labelled)
        return converted


@final
class _ImagesInMemory(Dataset[LabelledSamples]):
    """All images of a split in one tensor; ``DataLoader`` asks for whole batches."""

    def __init__(self, images: LabelledImages) -> None:
        self._pixels = torch.stack([images.pixels(index) for index in range(len(images))])
        self._labels = torch.tensor([images.label(index) for index in range(len(images))])

    def __len__(self) -> int:
        return len(self._labels)

    def __getitems__(self, keys: Sequence[Key]) -> LabelledSamples:
        visit, index = torch.tensor(keys).unbind(dim=1)
        return {"image": self._pixels[index], "label": self._labels[index], "index": index, "visit": visit}
