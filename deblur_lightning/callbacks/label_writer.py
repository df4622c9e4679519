"""Writes the labels that a classifier gives: a CSV file and a contact sheet."""

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from PIL import Image, ImageDraw
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor, resize, to_pil_image

from deblur_lightning.batch import LabelledBatch, to_8bit, to_uint8
from deblur_lightning.callbacks.classification import LabelledSplits
from deblur_lightning.callbacks.scores import gather
from deblur_lightning.files.csv_tables import write_csv
from deblur_lightning.files.images import write_png
from deblur_lightning.files.writing import make_folder

COLUMNS = 10
THUMBNAIL = 84
MOST_SHOWN = 200


class LabelWriter(Callback):
    """Writes what ``deblur predict`` found to ``predictions/labels.csv`` and ``predictions/contact_sheet.png``.

    The sheet shows the images as the classifier saw them, up to 200 of them.
    """

    def __init__(self) -> None:
        self._found: dict[int, tuple[int, float]] = {}
        self._seen: dict[int, Tensor] = {}

    def on_predict_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: LabelledBatch, *_: Any
    ) -> None:
        pairs = zip(outputs["label"].tolist(), outputs["confidence"].tolist(), strict=True)
        self._found.update(zip(batch["index"].tolist(), pairs, strict=True))
        for row, index in enumerate(batch["index"].tolist()):
            if index < MOST_SHOWN:
                self._seen[index] = to_8bit(batch["image"][row].float().cpu())

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        found = {index: pair for part in gather(trainer, self._found) for index, pair in part.items()}
        seen = {index: image for part in gather(trainer, self._seen) for index, image in part.items()}
        self._found, self._seen = {}, {}
        if not trainer.is_global_zero or not found:
            return
        data: LabelledSplits = trainer.datamodule  # type: ignore[attr-defined]
        folder = Path(trainer.default_root_dir) / "predictions"
        make_folder(folder)
        rows = [
            [data.images["test"].name(index), data.classes[label], f"{confidence:.4f}"]
            for index, (label, confidence) in sorted(found.items())
        ]
        write_csv(folder / "labels.csv", ["file", "label", "confidence"], rows)
        captions = {index: f"{data.classes[found[index][0]]} {100 * found[index][1]:.0f} %" for index in sorted(seen)}
        write_png(
            folder / "contact_sheet.png", contact_sheet([seen[index] for index in captions], list(captions.values()))
        )


def contact_sheet(images: list[Tensor], captions: list[str]) -> Tensor:
    """Images (C, H, W) in [0, 1] in rows of ten, each above its caption: (3, H, W) uint8."""
    rows = -(-len(images) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (THUMBNAIL + 6), rows * (THUMBNAIL + 20)), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left, top = place % COLUMNS * (THUMBNAIL + 6) + 3, place // COLUMNS * (THUMBNAIL + 20) + 3
        bytes_ = to_uint8(image)
        sheet.paste(to_pil_image(resize(bytes_, [THUMBNAIL, THUMBNAIL])).convert("RGB"), (left, top))
        pen.text((left, top + THUMBNAIL + 2), caption[:14], fill="black")
    pixels: Tensor = pil_to_tensor(sheet)
    return pixels
