"""Logs at each validation what a restorer gains on each kind of blur."""

from collections import defaultdict
from statistics import fmean
from typing import Any, Protocol, runtime_checkable

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.callbacks.scores import gather


@runtime_checkable
class BlursByKind(Protocol):
    """What this callback asks of a data module; one of pairs does not have it."""

    def kinds_of_blur(self, indices: Tensor) -> list[str]:
        """The kind of blur that each validation image at ``indices``, (B,) int64, meets."""


class GainByBlur(Callback):
    """Logs the mean of ``val/psnr_gain`` over the images of each kind of blur, as ``val/psnr_gain/KIND`` in dB.

    Kinds are the names of degradations. Where all images have the same, or the data are pairs, it logs nothing.
    """

    def __init__(self) -> None:
        self._indices: list[Tensor] = []
        self._gains: list[Tensor] = []

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._indices, self._gains = [], []

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, *_: Any
    ) -> None:
        self._indices.append(batch["index"])
        self._gains.append(outputs["scores"]["psnr_gain"])

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        indices, gains = torch.cat(self._indices).cpu(), torch.cat(self._gains).tolist()
        data = trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(data, BlursByKind):
            return
        own = dict(zip(indices.tolist(), zip(data.kinds_of_blur(indices), gains, strict=True), strict=True))
        by_kind: dict[str, list[float]] = defaultdict(list)
        # ranks that were given the same images agree on them
        for kind, gain in {index: pair for part in gather(trainer, own) for index, pair in part.items()}.values():
            by_kind[kind].append(gain)
        for kind in sorted(by_kind) if len(by_kind) > 1 else ():
            pl_module.log(f"val/psnr_gain/{kind}", fmean(by_kind[kind]), sync_dist=True)
