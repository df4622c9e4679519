"""Draws the filters of a deconvolution layer: kernel, frequency response and ideal inverse."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.callbacks.drawing import write_picture
from deblur_lightning.callbacks.plots import filters_figure, pixels_of
from deblur_lightning.errors import UserError
from deblur_lightning.functional.fourier import centred_spectrum, centred_transfer
from deblur_lightning.networks.deconv import FourierDeconv2d, weakest
from deblur_lightning.networks.regularised import RegularisedDeconv

GRID = (64, 64)
"""Frequencies at which responses are drawn."""


class FilterPictures(Callback):
    """Writes ``pictures/filters_STEP.png`` at each validation, and logs how near the learned inverse is to exploding.

    Each row shows one filter. First comes the learned kernel. Then come the magnitude of the learned response and that
    of the ideal inverse of the first validation image's PSF, 1 / |H|. Both have frequency 0 in the middle and a
    logarithmic scale from 0.1 (black) to 10 (white). ``val/weakest`` is the least magnitude that a bare inverse
    divides by.

    Args:
        side: height of a row in pixels.

    Raises:
        UserError: a side below 16.
    """

    def __init__(self, side: int = 192) -> None:
        if side < 16:
            raise UserError(f"FilterPictures side={side}: give 16 pixels or more.")
        self.side = side
        self._psf: Tensor | None = None

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: RestorationBatch, batch_idx: int, *_: Any
    ) -> None:
        if batch_idx == 0 and bool(batch["psf_known"][0]):
            self._psf = batch["psf"][0].detach().float().cpu()

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        rows = [row for layer in pl_module.modules() for row in _rows(layer, self._psf)]
        for layer in pl_module.modules():
            if isinstance(layer, FourierDeconv2d):
                least, _, _ = weakest(layer.denominator(GRID), GRID)
                pl_module.log("val/weakest", least, sync_dist=True)
        if not rows or trainer.sanity_checking or not trainer.is_global_zero or getattr(trainer, "fast_dev_run", False):
            return
        picture = pixels_of(filters_figure(rows, self.side))
        write_picture(trainer, f"filters_{trainer.global_step:06d}.png", picture)


@torch.no_grad()
def _rows(layer: nn.Module, psf: Tensor | None) -> list[dict[str, Tensor]]:
    """Captioned planes for each filter of a layer; none for other modules."""
    if isinstance(layer, FourierDeconv2d):
        kernels = layer.kernel.float().cpu().flatten(0, 1)
        responses = layer.denominator(GRID).reciprocal().abs().float().cpu().flatten(0, 1)
    elif isinstance(layer, RegularisedDeconv):
        known = psf if layer.takes_psf else layer.psf.detach().float().cpu()
        if known is None:
            return []
        responses = layer.response(known[None].to(layer.log_ratio.device), GRID)[0].abs().float().cpu()
        kernels = known.expand(len(responses), -1, -1)
    else:
        return []
    ideal = {}
    if psf is not None:
        inverse = 1 / centred_transfer(psf, GRID).abs().clamp(min=1e-3)
        ideal["ideal 1 / |H|"] = centred_spectrum(inverse, GRID[1])
    return [
        {"kernel": kernel, "learned response": centred_spectrum(response, GRID[1]), **ideal}
        for kernel, response in zip(kernels[:8], responses[:8], strict=True)
    ]
