"""Writes a picture into the folder of a run, or warns that there is no room for it."""

from pathlib import Path

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from deblur_lightning.errors import CannotWrite
from deblur_lightning.files.images import write_png
from deblur_lightning.files.writing import make_folder


def write_picture(trainer: Trainer, name: str, image: Tensor) -> None:
    """Write ``pictures/NAME`` of the run, and send it to W&B or TensorBoard where the run is followed there.

    Training goes on without it, after a warning, where it cannot be written.

    Args:
        trainer: of the run.
        name: of the file, ending in .png.
        image: (C, H, W) uint8.

    Raises:
        CannotWrite: there is no room or no right, and nothing is being trained.
    """
    key = f"pictures/{Path(name).stem.split('_')[0]}"
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(key, image, trainer.global_step)
        elif isinstance(logger, WandbLogger):  # as bytes: it would take floats for black
            logger.log_image(key, [image.permute(1, 2, 0).cpu().numpy()], step=trainer.global_step)
    path = Path(trainer.default_root_dir) / "pictures" / name
    try:
        make_folder(path.parent)
        write_png(path, image)
    except CannotWrite as error:
        if trainer.state.fn != TrainerFn.FITTING:
            raise
        rank_zero_warn(f"Training goes on without this picture: {error}.")
