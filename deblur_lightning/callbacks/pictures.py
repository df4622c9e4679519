"""Draws blurred, restored and sharp images side by side."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from PIL import Image, ImageDraw
from torch import Tensor
from torchvision.transforms.functional import center_crop, pil_to_tensor, to_pil_image

from deblur_lightning.batch import RestorationBatch, to_8bit
from deblur_lightning.callbacks.drawing import write_picture
from deblur_lightning.errors import UserError

CAPTION = 18
GAP = 4


class ComparisonPictures(Callback):
    """Writes ``pictures/val_STEP.png`` at each validation of a run, ``validate.png`` and ``test.png`` at those.

    Args:
        count: images shown, a row each.
        side: of the part shown of each image, cut from its centre, in pixels.

    Raises:
        UserError: ``count`` or ``side`` below 1.
    """

    def __init__(self, count: int = 4, side: int = 256) -> None:
        if count < 1 or side < 1:
            raise UserError(f"pictures.count={count}, pictures.side={side}: give 1 or more for both.")
        self.count = count
        self.side = side
        self._rows: list[Image.Image] = []

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, *_: Any
    ) -> None:
        scores = outputs["scores"]
        for row in range(min(len(batch["index"]), self.count - len(self._rows))):
            columns = {
                f"blurred {float(scores['psnr_blurred'][row]):.2f} dB": batch["blurred"][row],
                f"restored {float(scores['psnr'][row]):.2f} dB": outputs["restored"][row],
                "sharp": batch["sharp"][row],
            }
            self._rows.append(comparison_row(columns, self.side))

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, *rest: Any) -> None:
        self.on_validation_batch_end(trainer, pl_module, *rest)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        training = trainer.state.fn == TrainerFn.FITTING
        self._write(trainer, f"val_{trainer.global_step:06d}.png" if training else "validate.png")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer, "test.png")

    def _write(self, trainer: Trainer, name: str) -> None:
        rows, self._rows = self._rows, []
        trying = trainer.sanity_checking or getattr(trainer, "fast_dev_run", False)
        if not rows or trying or not trainer.is_global_zero:
            return
        write_picture(trainer, name, torch.cat([pil_to_tensor(row) for row in rows], dim=1))


def comparison_row(columns: dict[str, Tensor], side: int) -> Image.Image:
    """One row of captioned squares.

    Args:
        columns: by caption, images (C, H, W) in [0, 1]; smaller ones than ``side`` are set in black.
        side: of each square in pixels.
    """
    row = Image.new("RGB", (len(columns) * (side + GAP) - GAP, side + CAPTION), "white")
    pen = ImageDraw.Draw(row)
    for place, (caption, image) in enumerate(columns.items()):
        left = place * (side + GAP)
        pen.text((left + 2, 2), caption, fill="black")
        square = center_crop(to_8bit(image.detach().float().cpu()), [side, side])
        row.paste(to_pil_image(square).convert("RGB"), (left, CAPTION))
    return row
