"""A run that diverges stops, names the culprit, and leaves no checkpoint with a number that is none."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from deblur_lightning.callbacks.divergence import StopAtDivergence
from deblur_lightning.datamodules.augmentation import SmallAffine
from deblur_lightning.datamodules.labelled import LabelledData
from deblur_lightning.errors import UserError
from deblur_lightning.losses.reconstruction import ReconstructionLoss
from deblur_lightning.methods.classifier import ImageClassifier
from deblur_lightning.networks.classifiers import MLPClassifier
from deblur_lightning.sources.synthetic_digits import SyntheticDigits
from tests.helpers.small import data, gan, srcnn, trainer

BUILD = {"srcnn": srcnn, "gan": gan}


class Spoil(Callback):
    """Makes a weight infinite after the update of one batch, counted from 0."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        if trainer.global_step == self.batch + 1:
            with torch.no_grad():
                next(pl_module.network.parameters()).view(-1)[0] = torch.nan


class Seen(Callback):
    """Notes every batch, and the samples of it."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Tensor]] = []
        self.index: list[list[int]] = []

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.batches.append({name: value.clone() for name, value in batch.items()})
        self.index.append(batch["index"].tolist())


def sound(path: Path) -> bool:
    state: dict[str, Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return all(bool(value.isfinite().all()) for value in state.values())


@pytest.mark.parametrize("every", [1, 2, 50])
@pytest.mark.parametrize(("name", "key"), [("srcnn", "train/loss"), ("gan", "train/loss_discriminator")])
def test_the_first_bad_loss_is_named_with_its_batch_and_samples(
    name: str, key: str, every: int, photographs: Path, tmp_path: Path
) -> None:
    """A weight is spoilt after batch 1. It is noticed later where losses are looked at later, but named alike."""
    seen = Seen()
    settings = {"discriminator_steps": 2, "generator_steps": 1} if name == "gan" else {}
    runner = trainer(
        tmp_path,
        max_epochs=2,
        limit_val_batches=0,
        log_every_n_steps=every,
        callbacks=[Spoil(1), seen, StopAtDivergence()],
    )
    with pytest.raises(UserError) as error:
        runner.fit(BUILD[name](**settings), data(photographs))
    samples = ", ".join(map(str, seen.index[2]))
    assert str(error.value).startswith(f"{key} became nan at batch 2 (samples {samples}): lower the learning rate")
    assert "\n" not in str(error.value)
    assert len(seen.index) == {1: 3, 2: 4, 50: 6}[every]
    assert str(error.value).endswith(f" The batch is saved as {tmp_path / 'diverged.pt'}.")
    assert_saved(tmp_path / "diverged.pt", seen.batches[2], key=key, split="train", epoch=0, batch=2)


def assert_saved(path: Path, seen: dict[str, Tensor], **where: Any) -> None:
    saved = torch.load(path, weights_only=True)
    assert {name: saved[name] for name in where} == where
    for name, value in seen.items():
        assert torch.equal(saved[name], value), name


@pytest.mark.parametrize("saving", [{"every_n_train_steps": 1}, {"monitor": "val/psnr", "mode": "max"}, {}])
@pytest.mark.parametrize("name", ["srcnn", "gan"])
def test_no_checkpoint_holds_what_is_no_number(
    name: str, saving: dict[str, Any], photographs: Path, tmp_path: Path
) -> None:
    """The last update spoils the weights after its loss was taken: nothing that was logged shows it."""
    top = 1 if "monitor" in saving else -1
    checkpoint = ModelCheckpoint(tmp_path / "kept", save_last=True, save_top_k=top, **saving)
    callbacks = [Spoil(5), StopAtDivergence(), checkpoint]
    runner = trainer(tmp_path, max_epochs=9, enable_checkpointing=True, callbacks=callbacks)
    with pytest.raises(UserError, match="became nan"):
        runner.fit(BUILD[name](), data(photographs))
    written = list((tmp_path / "kept").iterdir())
    assert any(path.name == "last.ckpt" for path in written)
    assert all(sound(path) for path in written)


def test_a_bad_weight_is_named(photographs: Path, tmp_path: Path) -> None:
    checkpoint = ModelCheckpoint(tmp_path / "kept", every_n_train_steps=1)
    runner = trainer(tmp_path, enable_checkpointing=True, callbacks=[Spoil(1), StopAtDivergence(), checkpoint])
    with pytest.raises(UserError, match=r"^network\.layers\.0\.weight became nan after batch 2: lower"):
        runner.fit(srcnn(), data(photographs))


def test_a_bad_validation_names_the_image(photographs: Path, tmp_path: Path) -> None:
    class Breaks(Callback):
        def on_validation_batch_start(
            self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
        ) -> None:
            if batch_idx == 1:
                batch["blurred"][0, 0, 0, 0] = torch.nan

    checkpoint = ModelCheckpoint(tmp_path / "kept", monitor="val/psnr", mode="max", save_last=True)
    callbacks = [Breaks(), StopAtDivergence(), checkpoint]
    runner = trainer(tmp_path, enable_checkpointing=True, callbacks=callbacks)
    with pytest.raises(UserError, match=r"^val/psnr became nan after batch 3 \(samples 1\): "):
        runner.fit(srcnn(), data(photographs))
    saved = torch.load(tmp_path / "diverged.pt", weights_only=True)
    assert (saved["split"], saved["index"].tolist(), saved["visit"].tolist()) == ("val", [1], [0])
    assert saved["blurred"].shape == (1, 3, 72, 80)
    assert not (tmp_path / "kept").exists()


def test_a_validation_by_itself_is_looked_at_too(photographs: Path, tmp_path: Path) -> None:
    model = srcnn()
    torch.nn.init.constant_(model.network.layers[0].weight, torch.nan)  # type: ignore[union-attr, operator, index]
    with pytest.raises(UserError, match=r"^val/psnr became nan after batch 0 \(samples 0\): "):
        trainer(tmp_path, callbacks=[StopAtDivergence()]).validate(model, data(photographs), verbose=False)


def test_an_infinite_loss_stops_the_run_too(photographs: Path, tmp_path: Path) -> None:
    class Endless(ReconstructionLoss):
        title = "endless"

        def distance(self, preds: Tensor, target: Tensor) -> Tensor:
            return preds.mean() * 0 + torch.inf

    runner = trainer(tmp_path, log_every_n_steps=1, callbacks=[StopAtDivergence()])
    with pytest.raises(UserError, match=r"train/loss_generator became inf at batch 0"):
        runner.fit(gan(reconstruction=[Endless()]), data(photographs))


class Louder(ReconstructionLoss):
    """A thousand times the loss of the batch before."""

    title = "louder"

    def __init__(self) -> None:
        super().__init__(1.0)
        self.factor = 1.0

    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        self.factor *= 1000
        return self.factor * ((preds - target).abs().mean() + 1)


def test_a_loss_that_explodes_stops_the_run_while_it_is_still_a_number(photographs: Path, tmp_path: Path) -> None:
    """In the second epoch, whose samples are turned and blurred otherwise, and within one validation."""
    seen = Seen()
    runner = trainer(tmp_path, max_epochs=9, callbacks=[seen, StopAtDivergence()])
    with pytest.raises(UserError, match=r"^train/loss_generator became \d{13}\.0 at batch 3 .* lower"):
        runner.fit(gan(reconstruction=[Louder()], lr=1e-12), data(photographs))
    assert len(seen.batches) == 6
    assert_saved(tmp_path / "diverged.pt", seen.batches[3], split="train", epoch=1, batch=3)


def test_labelled_batches_are_saved_too(tmp_path: Path) -> None:
    seen = Seen()
    classifier = ImageClassifier(MLPClassifier(widths=[4]))
    labelled = LabelledData(SyntheticDigits(length=20), batch_size=4, augmentation=SmallAffine())
    runner = trainer(tmp_path, max_epochs=2, log_every_n_steps=1, callbacks=[Spoil(5), seen, StopAtDivergence()])
    with pytest.raises(UserError, match=r"^train/loss became nan at batch 6 "):
        runner.fit(classifier, labelled)
    assert_saved(tmp_path / "diverged.pt", seen.batches[6], split="train", epoch=1, batch=6)


def test_a_sound_run_is_left_alone(photographs: Path, tmp_path: Path) -> None:
    runner = trainer(tmp_path, max_epochs=2, log_every_n_steps=1, callbacks=[StopAtDivergence()])
    runner.fit(gan(), data(photographs))
    assert runner.global_step == 6
