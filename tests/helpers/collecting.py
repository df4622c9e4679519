"""What a data module gives to a model, batch by batch."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule, LightningModule
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from tests.helpers.small import trainer


class Collector(LightningModule):
    """Learns nothing and keeps every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.seen: dict[str, list[RestorationBatch]] = {"train": [], "val": [], "test": []}

    def training_step(self, batch: RestorationBatch, batch_idx: int) -> None:
        self.seen["train"].append(batch)

    def validation_step(self, batch: RestorationBatch, batch_idx: int) -> None:
        self.seen["val"].append(batch)

    def test_step(self, batch: RestorationBatch, batch_idx: int) -> None:
        self.seen["test"].append(batch)

    def configure_optimizers(self) -> None:
        return None


def collected(module: LightningDataModule, **settings: Any) -> dict[str, list[RestorationBatch]]:
    model = Collector()
    trainer(Path(), **settings).fit(model, module)
    trainer(Path()).test(model, module, verbose=False)
    return model.seen


def all_of(batches: list[RestorationBatch], key: str) -> Tensor:
    return torch.cat([batch[key] for batch in batches])  # type: ignore[literal-required]
