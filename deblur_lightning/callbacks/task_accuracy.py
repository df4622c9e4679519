"""Measures how well a classifier recognises restored images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.callbacks.scores import ScoredData, check_restores
from deblur_lightning.errors import UserError
from deblur_lightning.files.allowlist import network_of
from deblur_lightning.files.weight_files import settings_and_weights
from deblur_lightning.lightning_internals import batch_weight
from deblur_lightning.sources.base import LabelledImages

SHOWN = ("sharp", "blurred", "restored")


class TaskAccuracy(Callback):
    """Adds a classifier's accuracy on the sharp, blurred and restored images to a restorer's test.

    Each image has the further metrics "task_sharp", "task_blurred" and "task_restored" in ``scores.csv``, 1 where
    the classifier names its class.

    Args:
        classifier: a checkpoint that ``deblur fit`` has written of an ``ImageClassifier``.
        trust: names of modules whose networks it may name beside this package's; their code runs.

    Raises:
        UserError: there is no such file, or it holds something else.
    """

    def __init__(self, classifier: str | Path, trust: Sequence[str] = ()) -> None:
        path = Path(classifier)
        if not path.is_file():
            raise UserError(f"TaskAccuracy classifier={classifier} does not exist: give a checkpoint of deblur fit.")
        try:
            self._judge = network_of(*settings_and_weights(path), path, trust)
            if not isinstance(getattr(self._judge, "classes", None), int):
                raise UserError(f"{path} is no classifier's: give one of an ImageClassifier.")
        except UserError as error:
            raise UserError(f"TaskAccuracy: {error}") from error

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._images(trainer)
        self._judge.to(pl_module.device)

    @torch.no_grad()
    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, *_: Any
    ) -> None:
        check_restores(outputs, self)
        images = self._images(trainer)
        labels = torch.tensor([images.label(index) for index in batch["index"].tolist()], device=pl_module.device)
        shown = zip(SHOWN, (batch["sharp"], batch["blurred"], outputs["restored"]), strict=True)
        for name, image in shown:
            correct = self._judge(image.float()).argmax(dim=1) == labels
            outputs["scores"][f"task_{name}"] = correct.float()
            pl_module.log(f"test/task_{name}", correct.float().mean(), sync_dist=True, batch_size=batch_weight(labels))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            found = {name: float(trainer.callback_metrics[f"test/task_{name}"]) for name in SHOWN}
            words = ", ".join(f"{name} {100 * value:.2f} %" for name, value in found.items())
            Console(highlight=False).print(f"a classifier's accuracy: {words}", soft_wrap=True)

    def _images(self, trainer: Trainer) -> LabelledImages:
        data: ScoredData = trainer.datamodule  # type: ignore[attr-defined]
        images = data.images["test"]
        if not isinstance(images, LabelledImages):
            raise UserError("TaskAccuracy needs images with labels: give a source such as CIFAR10 or LabelledFolder.")
        if len(images.classes) != self._judge.classes:
            given = f"{self._judge.classes} classes, the data {len(images.classes)}"
            raise UserError(f"TaskAccuracy's classifier has {given}: give one that was trained on these data.")
        return images
