"""Saves the states of random generators, so that dropout after a resume draws as it would have without a stop."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from deblur_lightning.errors import UserError

KEY = "generators"


class SaveRNGState(Callback):
    """Saves the state of torch's global generators in each checkpoint, and restores it when a run is continued.

    Only networks use these generators (for dropout); everything else draws by counters. Of several processes the
    first saves its state. The others have the same one, since all had the same seed and drew equally often.
    """

    def __init__(self) -> None:
        self._saved: dict[str, Tensor] = {}

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint[KEY] = {"cpu": torch.get_rng_state()}
        device = trainer.strategy.root_device
        if device.type == "cuda":
            checkpoint[KEY]["cuda"] = torch.cuda.get_rng_state(device)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        self._saved = checkpoint.get(KEY, {})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        saved, self._saved = self._saved, {}
        try:
            if "cpu" in saved:
                torch.set_rng_state(saved["cpu"].cpu())
            if "cuda" in saved and trainer.strategy.root_device.type == "cuda":
                torch.cuda.set_rng_state(saved["cuda"].cpu(), trainer.strategy.root_device)
        except (TypeError, RuntimeError) as error:
            raise UserError("the checkpoint is damaged (its generators are none of torch's): give another.") from error
