"""Where the pictures of a run go, and what happens when there is no room for them."""

from pathlib import Path

from lightning.pytorch import Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from deblur_lightning.errors import CannotWrite
from deblur_lightning.imagefiles import make_folder, write_png


def write_picture(trainer: Trainer, name: str, image: Tensor) -> None:
    """Write ``pictures/NAME`` of the run; training goes on without it, after a warning, where that cannot be done.

    Args:
        trainer: of the run.
        name: of the file, ending in .png.
        image: (C, H, W) uint8.

    Raises:
        CannotWrite: there is no room or no right, and nothing is being trained.
    """
    path = Path(trainer.default_root_dir) / "pictures" / name
    try:
        make_folder(path.parent)
        write_png(path, image)
    except CannotWrite as error:
        if trainer.state.fn != TrainerFn.FITTING:
            raise
        rank_zero_warn(f"Training goes on without this picture: {error}.")
