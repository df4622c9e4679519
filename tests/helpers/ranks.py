"""A callback that writes down what each process of a run met, as RUN/rankN.pt."""

import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class Told(Callback):
    """Its samples, batch by batch; their PSFs; and the metrics that it ends with."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.psfs: dict[str, torch.Tensor] = {}

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self.batches.append(batch["index"].tolist())
        for index, psf in zip(self.batches[-1], batch.get("psf", ()), strict=False):
            self.psfs[f"{trainer.current_epoch}/{index}"] = psf.clone()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        metrics = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
        told = {"batches": self.batches, "psfs": self.psfs, "metrics": metrics, "world": trainer.world_size}
        torch.save(told, Path(trainer.default_root_dir) / f"rank{trainer.global_rank}.pt")


class Halted(Callback):
    """Waits at the third epoch's start until the run's folder holds a file "go"."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.current_epoch == 2:
            folder = Path(trainer.default_root_dir)
            (folder / f"halted{trainer.global_rank}").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)
