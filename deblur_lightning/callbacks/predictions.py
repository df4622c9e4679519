"""Writes restored images as PNG files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from deblur_lightning.batch import RestorationBatch, to_uint8
from deblur_lightning.callbacks.scores import ScoredData
from deblur_lightning.files.images import write_png
from deblur_lightning.files.writing import make_folder


class PredictionWriter(Callback):
    """Writes what ``deblur predict`` restores to ``predictions/NAME.png`` of the run."""

    def __init__(self) -> None:
        self._files: list[str] = []

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        data: ScoredData = trainer.datamodule  # type: ignore[attr-defined]
        images = data.images["test"]
        self._files = png_names([images.name(index) for index in range(len(images))])

    def on_predict_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, *_: Any
    ) -> None:
        folder = Path(trainer.default_root_dir) / "predictions"
        for restored, index in zip(outputs, batch["index"].tolist(), strict=True):
            path = folder / self._files[index]
            make_folder(path.parent)
            write_png(path, to_uint8(restored).cpu())


def png_names(names: Sequence[str]) -> list[str]:
    """For each image's name that of its PNG file: the same, with ".png" behind it where it has another suffix.

    Further ones tell "a.jpg" from "a.jpg.png", so that no two share a file.
    """
    taken = {name for name in names if name.endswith(".png")}
    files = []
    for name in names:
        file = name
        while not file.endswith(".png") or (file != name and file in taken):
            file += ".png"
        taken.add(file)
        files.append(file)
    return files
