"""Writes what a classifier's test finds: records, accuracy by class, confusion, calibration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from torch import Tensor
from torchmetrics.functional.classification import multiclass_confusion_matrix

from deblur_lightning.batch import LabelledBatch
from deblur_lightning.callbacks.calibration import HEADER, calibration_bins, calibration_rows
from deblur_lightning.callbacks.plots import calibration_figure, confusion_figure, pixels_of
from deblur_lightning.callbacks.scores import Scored, ScoredData, gather, score_records
from deblur_lightning.files.csv_tables import write_csv
from deblur_lightning.files.images import write_png
from deblur_lightning.files.writing import make_folder
from deblur_lightning.fingerprints import fingerprint
from deblur_lightning.intervals import share_interval
from deblur_lightning.records import add_scores

MOST_CLASSES = 20
"""More of them are in ``classes.csv`` alone."""


class LabelledSplits(ScoredData, Protocol):
    """What this callback asks of a data module."""

    @property
    def classes(self) -> tuple[str, ...]: ...


class ClassificationWriter(Callback):
    """Writes what a test found to ``scores.csv``, ``classes.csv``, ``confusion.csv`` and ``calibration.csv``.

    ``pictures/test.png`` shows the confusion matrix, ``pictures/calibration.png`` accuracy by confidence.
    In ``scores.csv`` an image has two rows: "correct", 1 or 0, and "confidence", both under the protocol "top1".
    """

    def __init__(self) -> None:
        self._scores: list[Scored] = []
        self._pairs: dict[int, tuple[int, int]] = {}

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: LabelledBatch, *_: Any
    ) -> None:
        found, wanted = outputs["label"].tolist(), batch["label"].tolist()
        for row, index in enumerate(batch["index"].tolist()):
            correct, confidence = float(found[row] == wanted[row]), float(outputs["confidence"][row])
            figures = {"correct": correct, "confidence": confidence}
            self._scores.append(Scored(index, fingerprint(batch["image"][row]), "top1", figures))
            self._pairs[index] = (wanted[row], found[row])

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        scores = {scored.index: scored for part in gather(trainer, self._scores) for scored in part}
        pairs = {index: pair for part in gather(trainer, self._pairs) for index, pair in part.items()}
        self._scores, self._pairs = [], {}
        if not trainer.is_global_zero or not scores:
            return
        data: LabelledSplits = trainer.datamodule  # type: ignore[attr-defined]
        folder = Path(trainer.default_root_dir)
        make_folder(folder / "pictures")
        records = score_records(trainer, pl_module, folder, [scores[index] for index in sorted(scores)])
        add_scores(folder / "scores.csv", records)
        wanted, found = torch.tensor(list(pairs.values())).unbind(dim=1)
        confusion: Tensor = multiclass_confusion_matrix(found, wanted, num_classes=len(data.classes))
        _write_confusion(folder, confusion, data.classes)
        error = float(trainer.callback_metrics["test/ece"])
        _write_calibration(folder, [scored.figures for scored in scores.values()], error)
        print_accuracy(confusion, data.classes, error)


def _write_confusion(folder: Path, confusion: Tensor, classes: Sequence[str]) -> None:
    write_csv(folder / "confusion.csv", ["true \\ found", *classes], _confusion_rows(confusion, classes))
    write_csv(folder / "classes.csv", ["class", "images", "accuracy"], class_rows(confusion, classes))
    write_png(folder / "pictures" / "test.png", pixels_of(confusion_figure(confusion, classes)))


def _write_calibration(folder: Path, figures: Sequence[dict[str, float]], error: float) -> None:
    confidence, correct = (torch.tensor([of[name] for of in figures]) for name in ("confidence", "correct"))
    bins = calibration_bins(confidence, correct)
    write_csv(folder / "calibration.csv", HEADER, calibration_rows(bins))
    write_png(folder / "pictures" / "calibration.png", pixels_of(calibration_figure(bins, error)))


def class_rows(confusion: Tensor, classes: Sequence[str]) -> list[list[str]]:
    """For each class its name, number of images, and share of these that were recognised; an empty one has none."""
    counts, hits = confusion.sum(dim=1).tolist(), confusion.diag().tolist()
    return [
        [name, str(count), f"{hit / count:.4f}" if count else ""]
        for name, count, hit in zip(classes, counts, hits, strict=True)
    ]


def _confusion_rows(confusion: Tensor, classes: Sequence[str]) -> list[list[str]]:
    return [[name, *map(str, row)] for name, row in zip(classes, confusion.tolist(), strict=True)]


def print_accuracy(confusion: Tensor, classes: Sequence[str], error: float) -> None:
    """Accuracy by class, and of all with its interval, from a confusion matrix and the calibration error."""
    count, hits = int(confusion.sum()), int(confusion.diag().sum())
    low, high = share_interval(hits, count)
    console = Console(highlight=False)
    if len(classes) <= MOST_CLASSES:
        table = Table("class", "images", "accuracy", title="Accuracy by class", title_justify="left")
        for row in class_rows(confusion, classes):
            table.add_row(*map(escape, row))
        console.print(table)
    interval = f"95 % interval of the images drawn: {100 * low:.2f} to {100 * high:.2f}"
    console.print(
        f"accuracy {100 * hits / count:.2f} % ({interval}); calibration error {error:.4f}; "
        f"n = {count} images of split test",
        soft_wrap=True,
    )
