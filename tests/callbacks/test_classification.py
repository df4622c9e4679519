"""What a classifier leaves behind: records, tables, pictures, and labels for one's own photographs."""

import csv
from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks.studies.own_digits import write_photographs
from deblur_lightning.callbacks.calibration import calibration_bins
from deblur_lightning.callbacks.classification import (
    ClassificationWriter,
    class_rows,
    print_accuracy,
)
from deblur_lightning.callbacks.label_writer import LabelWriter
from deblur_lightning.datamodules.labelled import LabelledData
from deblur_lightning.records import mean_score, read_scores
from deblur_lightning.sources.photographed_digits import PhotographedDigits
from tests.helpers.small import classifier, digits, trainer


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_test_leaves_records_tables_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = digits(length=100, eval_batch_size=7)
    runner = trainer(tmp_path, callbacks=[ClassificationWriter()])
    (logged,) = runner.test(classifier(), module, verbose=False)
    records = read_scores(tmp_path / "scores.csv")
    assert mean_score(records, "correct") == pytest.approx(logged["test/accuracy"])
    assert {record.metric for record in records} == {"correct", "confidence"}
    assert len(records) == 40
    assert len({record.inputs for record in records}) == 20
    confusion = torch.tensor([[int(cell) for cell in row[1:]] for row in rows(tmp_path / "confusion.csv")[1:]])
    assert confusion.sum(dim=1).tolist() == [2] * 10
    assert int(confusion.diag().sum()) == round(20 * logged["test/accuracy"])
    assert rows(tmp_path / "classes.csv")[1][:2] == ["0", "2"]
    assert Image.open(tmp_path / "pictures" / "test.png").width > 200
    header, *bins = rows(tmp_path / "calibration.csv")
    assert header == ["confidence from", "to", "images", "mean confidence", "accuracy"]
    gaps = [int(images) * abs(float(sure) - float(right)) for _, _, images, sure, right in bins if int(images)]
    assert sum(gaps) / 20 == pytest.approx(logged["test/ece"], abs=1e-4)
    assert Image.open(tmp_path / "pictures" / "calibration.png").width > 300
    printed = capsys.readouterr().out
    assert f"accuracy {100 * logged['test/accuracy']:.2f} %" in printed
    assert "calibration error" in printed


def test_accuracy_is_of_the_true_class() -> None:
    confusion = torch.tensor([[3, 1, 0], [0, 2, 0], [0, 0, 0]])
    assert class_rows(confusion, "abc") == [["a", "4", "0.7500"], ["b", "2", "1.0000"], ["c", "0", ""]]


def test_calibration_is_what_the_bins_say() -> None:
    bins = calibration_bins(torch.tensor([0.5, 0.5, 0.98, 1.0]), torch.tensor([1.0, 0.0, 1.0, 0.0]))
    assert len(bins) == 15
    assert [(of.low, of.images) for of in bins if of.images] == [
        (pytest.approx(7 / 15), 2),
        (pytest.approx(14 / 15), 2),
    ]


def test_labels_of_photographs_are_a_table_and_a_sheet(tmp_path: Path) -> None:
    truth = write_photographs(tmp_path / "photos", hands=2)
    runner = trainer(tmp_path, callbacks=[LabelWriter()])
    runner.predict(classifier(), LabelledData(PhotographedDigits(tmp_path / "photos"), eval_batch_size=7))
    header, *found = rows(tmp_path / "predictions" / "labels.csv")
    assert header == ["file", "label", "confidence"]
    assert [name for name, _, _ in found] == sorted(truth)
    assert all(0.1 <= float(confidence) <= 1 for _, _, confidence in found)
    assert Image.open(tmp_path / "predictions" / "contact_sheet.png").height == 2 * 104


def test_the_accuracy_of_ten_images_is_not_certain(capsys: pytest.CaptureFixture[str]) -> None:
    print_accuracy(torch.tensor([[7, 0], [0, 3]]), ["[/red]", "two"], error=0.0)
    printed = capsys.readouterr().out
    assert "accuracy 100.00 % (95 % interval of the images drawn: 72.25 to 100.00)" in printed
    assert "[/red]" in printed
