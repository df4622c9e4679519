"""Adds figures beside PSNR and SSIM to a test."""

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from torch import nn

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.callbacks.scores import check_restores
from deblur_lightning.errors import UserError
from deblur_lightning.lightning_internals import batch_weight
from deblur_lightning.metrics.image_metric import ImageMetric, as_metric, load_metrics
from deblur_lightning.metrics.psnr_ssim import cropped


class FurtherMetrics(Callback):
    """Scores each test image by further metrics, of the restored image and of its blurred input.

    They stand in ``scores.csv`` under the metric's title, and with "_blurred" behind it. Images are rounded to 8 bits
    and cropped as for PSNR. What a metric needs and the machine has not, such as weights, is told at the end of the
    test; the metric then has no rows.

    Args:
        metrics: ``LPIPS``, ``DISTS``, or any module that maps a restored and a sharp image, or the restored one alone,
            to a number, such as torchmetrics'.

    Raises:
        UserError: there are none, two of one title, or one that takes no images.
    """

    def __init__(self, metrics: Sequence[ImageMetric | nn.Module]) -> None:
        self.metrics = [as_metric(metric) for metric in metrics]
        titles = [metric.title for metric in self.metrics]
        if not titles:
            raise UserError("metrics=[]: name at least one, such as LPIPS.")
        if twice := [title for title in titles if titles.count(title) > 1]:
            raise UserError(f"two metrics are called {twice[0]}: leave one out.")
        self._ready: list[ImageMetric] = []
        self._absent: list[str] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._ready, self._absent = load_metrics(self.metrics)
        for metric in self._ready:
            metric.to(pl_module.device)

    @torch.no_grad()
    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, *_: Any
    ) -> None:
        check_restores(outputs, self)
        border = getattr(pl_module, "crop_border", 0)
        images = (outputs["restored"], batch["blurred"], batch["sharp"])
        restored, blurred, sharp = (cropped(image.float(), border) for image in images)
        for metric in self._ready:
            for name, image in ((metric.title, restored), (f"{metric.title}_blurred", blurred)):
                values = metric(image, sharp)
                outputs["scores"][name] = values
                pl_module.log(f"test/{name}", values.mean(), sync_dist=True, batch_size=batch_weight(values))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        means, console = trainer.callback_metrics, Console(highlight=False)
        found = [
            metric.told(*(float(means[f"test/{metric.title}{kind}"]) for kind in ("", "_blurred")))
            for metric in self._ready
        ]
        for line in (*found, *self._absent):
            console.print(line, soft_wrap=True, markup=False)
