"""Draws the health of a GAN's training: outputs, losses, gradients and checkerboard over the batches."""

import math
from collections import defaultdict
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from PIL import Image, ImageDraw
from torchvision.transforms.functional import pil_to_tensor

from deblur_lightning.callbacks.drawing import write_picture

Curves = dict[str, list[tuple[int, float]]]
"""By log key, (batches seen, value)."""

PANELS: dict[str, tuple[str, ...]] = {
    "mean output of the discriminator": ("train/d_real", "train/d_fake"),
    "the two sides of the game": ("train/loss_adversarial", "train/loss_discriminator"),
    "gradient norms before clipping, log10": ("train/gradient_generator", "train/gradient_discriminator"),
    "checkerboard, grey levels of 255": ("val/checkerboard", "val/checkerboard_sharp"),
}
LOGARITHMIC = "log10"
COLOURS = ("#0072b2", "#d55e00")
WIDTH, HEIGHT, LEFT, TOP, GAP = 360, 150, 56, 32, 14
"""Of a panel's field in pixels, and of what lies around it."""


class HealthPanel(Callback):
    """Draws ``pictures/health.png`` after each validation of a GAN's run; other methods have nothing to draw."""

    def __init__(self) -> None:
        self._curves: Curves = defaultdict(list)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step % max(1, trainer.log_every_n_steps) == 0:  # type: ignore[attr-defined]
            self._note(trainer, "train/")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trying = trainer.sanity_checking or getattr(trainer, "fast_dev_run", False)
        if trying or trainer.state.fn != TrainerFn.FITTING:
            return
        self._note(trainer, "val/")
        if self._curves["train/d_real"] and trainer.is_global_zero:
            write_picture(trainer, "health.png", pil_to_tensor(draw_panels(self._curves)))

    def _note(self, trainer: Trainer, split: str) -> None:
        keys = [key for keys in PANELS.values() for key in keys if key.startswith(split)]
        values = [trainer.callback_metrics[key] for key in keys if key in trainer.callback_metrics]
        if len(values) == len(keys):
            for key, value in zip(keys, torch.stack(values).tolist(), strict=True):
                self._curves[key].append((trainer.global_step, value))


def draw_panels(curves: Curves) -> Image.Image:
    """All of ``PANELS``, two in a row."""
    picture = Image.new("RGB", (2 * (LEFT + WIDTH + GAP), 2 * (TOP + HEIGHT + 2 * GAP)), "white")
    pen = ImageDraw.Draw(picture)
    for place, (title, keys) in enumerate(PANELS.items()):
        left = LEFT + place % 2 * (LEFT + WIDTH + GAP)
        top = TOP + place // 2 * (TOP + HEIGHT + 2 * GAP)
        _draw_panel(pen, left, top, title, {key: curves[key] for key in keys if curves.get(key)})
    return picture


def _draw_panel(pen: ImageDraw.ImageDraw, left: int, top: int, title: str, curves: Curves) -> None:
    pen.text((left, top - TOP + 2), title, fill="black")
    pen.rectangle((left, top, left + WIDTH, top + HEIGHT), outline="#999999")
    if not curves:
        return
    if title.endswith(LOGARITHMIC):
        curves = {key: [(x, math.log10(max(y, 1e-12))) for x, y in curve] for key, curve in curves.items()}
    points = [point for curve in curves.values() for point in curve]
    end = max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    span = (high - low) or 1.0
    for number, (key, curve) in enumerate(curves.items()):
        pen.text((left + number * WIDTH // 2, top - TOP + 16), f"{key} {curve[-1][1]:.3g}", fill=COLOURS[number])
        line = [(left + x / end * WIDTH, top + (high - y) / span * HEIGHT) for x, y in curve]
        pen.line(line if len(line) > 1 else line * 2, fill=COLOURS[number])
        pen.ellipse([(line[-1][0] - 2, line[-1][1] - 2), (line[-1][0] + 2, line[-1][1] + 2)], fill=COLOURS[number])
    for y, value in ((top, high), (top + HEIGHT - 10, low)):
        pen.text((left - LEFT + 4, y), f"{value:.3g}", fill="black")
    pen.text((left + WIDTH - 60, top + HEIGHT + 2), f"batch {end}", fill="black")
