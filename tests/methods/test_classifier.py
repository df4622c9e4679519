"""The classifier: what it learns, logs, keeps, and refuses."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from deblur_lightning.datamodules.labelled import LabelledData
from deblur_lightning.errors import UserError
from deblur_lightning.methods.classifier import ImageClassifier
from deblur_lightning.networks.classifiers import MLPClassifier
from deblur_lightning.networks.resnet import ResNet18
from deblur_lightning.optim.schedules import OneCycle
from deblur_lightning.sources.synthetic_shapes import SyntheticShapes
from tests.helpers.resuming import Interrupt
from tests.helpers.small import classifier, data, digits, same, trainer, weights


def test_it_learns_to_tell_digits(tmp_path: Path) -> None:
    model, module = classifier(lr=3e-3, schedule=OneCycle()), digits(length=400, augmentation=None)
    trainer(tmp_path, max_epochs=5).fit(model, module)
    (logged,) = trainer(tmp_path).test(model, module, verbose=False)
    assert logged["test/accuracy"] > 0.8


def test_figures_are_those_of_all_images_together(tmp_path: Path) -> None:
    model, module = classifier(), digits(length=100, eval_batch_size=7)
    (logged,) = trainer(tmp_path).test(model, module, verbose=False)
    images = module.images["test"]
    logits = model(torch.stack([images.pixels(i) for i in range(20)]) / 255)
    labels = torch.arange(20) % 10
    confidence, found = logits.softmax(dim=1).max(dim=1)
    right = (found == labels).float()
    assert logged["test/accuracy"] == pytest.approx(float(right.mean()))
    assert logged["test/loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(logits, labels)), rel=1e-4)
    bins = (confidence * 15).ceil().long()
    gaps = [float((confidence[bins == b] - right[bins == b]).sum().detach().abs()) for b in range(1, 16)]
    assert logged["test/ece"] == pytest.approx(sum(gaps) / 20, abs=1e-5)


@pytest.mark.parametrize("schedule", [None, OneCycle()])
def test_a_continued_run_equals_an_uninterrupted_one(schedule: Any, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"max_epochs": 2, "enable_checkpointing": True}
    whole = classifier(schedule=schedule)
    trainer(tmp_path / "whole", **settings).fit(whole, digits())
    saving = ModelCheckpoint(tmp_path / "part", filename="at", every_n_train_steps=2, save_top_k=1)
    with pytest.raises(RuntimeError, match="interrupted"):
        trainer(tmp_path / "part", callbacks=[saving, Interrupt(3)], **settings).fit(
            classifier(schedule=schedule), digits()
        )
    continued = ImageClassifier(MLPClassifier(widths=(32,), dropout=0.0), schedule=schedule)
    runner = trainer(tmp_path / "rest", **settings)
    runner.fit(continued, digits(), ckpt_path=tmp_path / "part" / "at.ckpt")
    assert runner.global_step == 8
    assert same(weights(continued.network), weights(whole.network))


def test_rate_and_schedule_count(tmp_path: Path) -> None:
    found = []
    for settings in ({}, {"lr": 1e-2}, {"schedule": OneCycle()}):
        model = classifier(**settings)  # type: ignore[arg-type]
        trainer(tmp_path, limit_val_batches=0).fit(model, digits())
        found.append(weights(model.network))
    assert not same(found[0], found[1])
    assert not same(found[0], found[2])
    with pytest.raises(UserError, match=r"^lr=0: give a learning rate above 0.$"):
        classifier(lr=0)


def test_other_classes_than_the_data_s_are_one_line(photographs: Path, tmp_path: Path) -> None:
    module = LabelledData(SyntheticShapes(100, by_colour=True))
    with pytest.raises(UserError) as error:
        trainer(tmp_path).test(classifier(), module, verbose=False)
    told = "MLPClassifier was made for classes=10 and the data have 100: set classes=100."
    assert str(error.value) == told
    with pytest.raises(UserError, match=r"^SyntheticBlur has no labels, which a classifier needs: give Label"):
        trainer(tmp_path).test(classifier(), data(photographs), verbose=False)


@pytest.mark.parametrize("on_disk", [False, True])
def test_pretrained_weights_are_used_where_they_are_and_recorded(
    on_disk: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    if on_disk:
        ResNet18.weights_file().parent.mkdir(parents=True)
        torch.save(ResNet18(classes=1000).body.state_dict(), ResNet18.weights_file())
    model = ImageClassifier(ResNet18(classes=10))
    runner = trainer(tmp_path, limit_train_batches=1, limit_val_batches=0)
    module = LabelledData(SyntheticShapes(100), batch_size=2)
    if on_disk:
        runner.fit(model, module)
    else:
        with pytest.warns(UserWarning, match="Training starts from scratch: resnet18"):
            runner.fit(model, module)
    runner.save_checkpoint(tmp_path / "model.ckpt")
    again = ImageClassifier(ResNet18(classes=10))
    again.on_load_checkpoint(torch.load(tmp_path / "model.ckpt", weights_only=True))
    assert again.features == ("resnet18.imagenet1k_v1" if on_disk else "resnet18.imagenet1k_v1 missing")
    unwanted = ImageClassifier(ResNet18(classes=10, pretrained=False))
    trainer(tmp_path, limit_train_batches=1, limit_val_batches=0).fit(unwanted, module)
    assert unwanted.features == "none"


@pytest.mark.parametrize("content", [5, {"conv1.weight": torch.zeros(1)}])
def test_damaged_pretrained_weights_are_told_in_one_line(
    content: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    ResNet18.weights_file().parent.mkdir(parents=True)
    torch.save(content, ResNet18.weights_file())
    with pytest.raises(UserError, match=r"resnet18-\w+\.pth is damaged: remove it, and fetch it again with python -c"):
        ResNet18().load()
