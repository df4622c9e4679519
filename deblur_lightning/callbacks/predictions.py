"""Restored images as PNG files."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.callbacks.scores import ScoredData
from deblur_lightning.imagefiles import write_png


class PredictionWriter(Callback):
    """Writes what ``deblur predict`` restores to ``predictions/NAME.png`` of the run."""

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: RestorationBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        data: ScoredData = trainer.datamodule  # type: ignore[attr-defined]
        folder = Path(trainer.default_root_dir) / "predictions"
        for restored, index in zip(outputs, batch["index"].tolist(), strict=True):
            name = data.images["test"].name(index)
            path = folder / (name if name.endswith(".png") else f"{name}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_png(path, (restored * 255).round().to(torch.uint8).cpu())
