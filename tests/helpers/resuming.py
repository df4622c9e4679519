"""Runs that stop and go on, and what two of them must have in common."""

import csv
import signal
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from tests.helpers.command import CLASSIFIER, GAN, SRCNN, photographs_of

FACES = ["--config", "experiments/gan_celeba.yaml", "--config", "tiny.yaml", "--data.crop_size=64"]
FACES += ["--model.network.widths=[8,4,8,8,8]", "--model.discriminator.widths=[4,4,4,4]"]

RUNS = {
    "srcnn": [*SRCNN, "--model.schedule=Cosine"],
    "deconv": ["--config", "experiments/deconv_layer.yaml", "--config", "tiny.yaml", "--model.loss_border=4"],
    "deblurgan": [*GAN, "--model.ema_decay=0.9", "--model.generator_steps=2"],
    "gan_celeba": [*FACES, "--model.generator_steps=2"],
    "regression": ["--config", "experiments/nafnet_blind.yaml", "--config", "tiny.yaml", "--model.network.width=4"],
    "progressive": [*SRCNN, "--data.progressive=[{epoch: 1, crop_size: 40, batch_size: 1}]"],
    "classifier": [*CLASSIFIER, "--model.schedule=Cosine"],
}
PASSING = {"loops", "callbacks", "hparams_name", "datamodule_hyper_parameters"}
"""Parts of a checkpoint that name folders and count restarts."""


class Interrupt(Callback):
    """Stops a run as an error would, after so many batches."""

    def __init__(self, after: int) -> None:
        self.after = after

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step == self.after:
            raise RuntimeError("interrupted")


def arguments(name: str, photographs: Path, workers: int, batches: int = 3) -> list[str]:
    images = [] if name == "classifier" else photographs_of(photographs)
    epoch = [f"--data.epoch_length={2 * batches}", "--trainer.max_epochs=3"]
    return [*RUNS[name], *images, f"--data.num_workers={workers}", *epoch]


def logged(*runs: Path) -> dict[tuple[str, str], str]:
    """What was logged, by key and step; a later run tells nothing twice."""
    found: dict[tuple[str, str], str] = {}
    for run in runs:
        for row in csv.DictReader((run / "metrics.csv").open()):
            for name, value in row.items():
                if value and name not in ("step", "epoch"):
                    assert (name, row["step"]) not in found, (name, row["step"])
                    found[name, row["step"]] = value
    return found


def assert_equal(one: Any, other: Any, place: str) -> None:
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), place
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key in one:
            assert_equal(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), place
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_equal(a, b, f"{place}.{number}")
    else:
        assert one == other, place


def assert_same_end(whole: Path, *parts: Path) -> None:
    one, other = (torch.load(run / "checkpoints/last.ckpt", weights_only=True) for run in (whole, parts[-1]))
    for part in one.keys() - PASSING:
        assert_equal(one[part], other[part], part)
    assert logged(whole) == logged(*parts)


class PressCtrlC(Callback):
    """In the middle of a batch, as often as told."""

    def __init__(self, batch: int, times: int = 1) -> None:
        self.batch, self.times = batch, times

    def on_before_optimizer_step(self, trainer: Any, *_: Any) -> None:
        if trainer.global_step == self.batch:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)
