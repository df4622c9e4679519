"""Writes checkpoints whole or not at all, and reads them as data."""

import shlex
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from deblur_lightning.errors import CannotWrite, UserError
from deblur_lightning.files.plain_data import printable
from deblur_lightning.files.weight_files import check_finite, read_checkpoint
from deblur_lightning.files.writing import make_folder, write_atomically


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint to a partial file beside its place and then renames it; reads only checkpoints that are data.

    Lightning writes to the folder for temporary files first. If that folder lies on another disk, the move is a copy,
    which a full disk or the end of the process can cut short.

    Args:
        go_on: whether training goes on, after a warning, where a checkpoint cannot be written.

    Raises:
        CannotWrite: there is no room for a checkpoint, and ``go_on`` is not set.
    """

    def __init__(self, go_on: bool = False) -> None:
        self._go_on = go_on
        self._failed = False
        self._written: set[Path] = set()

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Save ``checkpoint`` as the file ``path``, replacing an older one."""
        content = BytesIO()
        torch.save(checkpoint, content)
        try:
            make_folder(Path(path).parent)
            write_atomically(path, content.getbuffer())
            self._failed = False
            self._written.add(Path(path).absolute())
        except CannotWrite as error:
            self._failed = True
            if not self._go_on:
                raise
            rank_zero_warn(f"Training goes on without this checkpoint: {error}.")

    def load_checkpoint(self, path: Any, *_: Any, **__: Any) -> dict[str, Any]:
        """The content of ``path``, whatever Lightning's version, or a configuration, says of ``weights_only``."""
        read_checkpoint(Path(path))
        content: dict[str, Any] = torch.load(path, map_location=lambda storage, _: storage, weights_only=True)
        return content

    def remove_checkpoint(self, path: Any) -> None:
        """Remove ``path``, unless what was to take its place could not be written.

        Only what this run has written is: which file was the best so far comes from the checkpoint that a run is
        continued from, which may name any.
        """
        if not self._failed and Path(path).absolute() in self._written:
            super().remove_checkpoint(path)


class Checkpoints(ModelCheckpoint):
    """Keeps the best model by ``monitor`` as ``filename``, and with ``save_last`` the last one, better or not.

    Lightning's own (2.6) writes the last one only when the best has just been replaced, and not where ``max_steps`` or
    ``max_time`` ends a run between two validations: a run would go on from further back.
    """

    def _save_topk_checkpoint(self, trainer: Trainer, monitor_candidates: dict[str, Tensor]) -> None:
        super()._save_topk_checkpoint(trainer, monitor_candidates)
        self._last_global_step_saved = trainer.global_step  # what Lightning asks before it saves the last

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        if self.save_last and self._last_global_step_saved != trainer.global_step:
            self._save_last_checkpoint(trainer, self._monitor_candidates(trainer))


def check_checkpoint(path: Path, model: Namespace) -> None:
    """Refuse a checkpoint that is absent, unsafe, or made with other settings than ``model``'s.

    Lightning would put the checkpoint's settings silently in place of the configuration's.

    Raises:
        UserError: naming the file and the cure.
    """
    content = read_checkpoint(path)
    check_finite(content["state_dict"], path)
    settings = content.get("hyper_parameters", {})
    wanted = _flat({"_class_path": model.class_path, **model.init_args.as_dict()})
    for key, value in _flat(settings).items():
        if key in wanted and wanted[key] != value:
            raise UserError(
                f"{path} was trained with {printable(key)}={printable(value)}, the configuration says {wanted[key]}: "
                f"give the run's own with {shlex.quote(f'--config={run_of(path)}/config.yaml')}."
            )


def run_of(checkpoint: Path) -> Path:
    """The folder of the run that ``checkpoint`` belongs to."""
    folder = checkpoint.parent
    return folder.parent if folder.name == "checkpoints" else folder


def command_with(subcommand: str, run: Path, checkpoint: Path) -> str:
    """What to type to go on with a run's settings and a checkpoint, whatever characters their paths have."""
    return shlex.join(["deblur", subcommand, "--config", f"{run}/config.yaml", "--ckpt_path", str(checkpoint)])


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = list(value) if isinstance(value, tuple) else value
    return flat
