"""Classical filters as methods: their strength is tuned on the validation images."""

from collections.abc import Iterator
from itertools import islice
from typing import final

import torch
from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn
from rich.progress import track
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.classical.base import ClassicalFilter
from deblur_lightning.classical.planes import FilteredPlanes
from deblur_lightning.errors import UserError
from deblur_lightning.methods.filtering import FilterRestorer
from deblur_lightning.metrics.psnr_ssim import psnr


@final
class ClassicalRestorer(FilterRestorer):
    """Filters each colour alone, as strongly as is best for the mean PSNR of the validation images.

    The tuning comes before the first training batch, which like all others does nothing.

    Args:
        filter: what restores a plane.
        psf_size: taps a side of the PSF that is estimated from each image: blind restoration; None is told the PSFs.
        crop_border: pixels at each edge that a test leaves out of the scores.
    """

    network: FilteredPlanes

    def __init__(self, filter: ClassicalFilter, psf_size: int | None = None, crop_border: int = 0) -> None:
        super().__init__(FilteredPlanes(filter, psf_size), crop_border)
        self.save_hyperparameters(logger=False)

    @property
    def title(self) -> str:
        return type(self.network.filter).__name__

    def check_psf(self, batch: RestorationBatch) -> None:
        if self.network.psf_size is None:
            super().check_psf(batch)

    @property
    def is_fitted(self) -> bool:
        return self.network.is_tuned

    @torch.no_grad()
    def on_train_start(self) -> None:
        strengths = self.network.filter.strengths
        if not strengths:
            return
        if not self.trainer.val_dataloaders:
            raise UserError(f"{self.title} is tuned on validation images: give a limit_val_batches above 0.")
        # a data module makes of a batch what the trainer's stage calls for
        self.trainer.validating = True
        scores = [self._psnr(batch) for batch in self._batches()]
        self.trainer.training = True
        images = torch.cat(scores, dim=1)
        self._settle(images.mean(dim=1).tolist(), images.shape[1])

    def _psnr(self, batch: RestorationBatch) -> Tensor:
        """The PSNR of each image by each candidate: (candidates, B)."""
        self.check_psf(batch)
        restored = self.network.by_strength(batch["blurred"], batch["psf"], self.network.filter.strengths)
        return torch.stack([psnr(images, batch["sharp"]) for images in restored])

    def _batches(self) -> Iterator[RestorationBatch]:
        loader = self.trainer.val_dataloaders
        assert loader is not None
        number = int(self.trainer.num_val_batches[0])
        shown = self.trainer.progress_bar_callback is not None
        for batch in track(islice(loader, number), f"Tuning {self.title}", number, disable=not shown):
            yield self.trainer.strategy.batch_to_device(batch)

    def _settle(self, curve: list[float], images: int) -> None:
        """Take the best of the candidates, whose mean PSNRs are ``curve``; log them all."""
        strengths = self.network.filter.strengths
        best = max(range(len(curve)), key=curve.__getitem__)
        self.network.strength.fill_(strengths[best])
        for logger in self.trainer.loggers:
            for step, (strength, value) in enumerate(zip(strengths, curve, strict=True)):
                logger.log_metrics({"tuning/strength": strength, "tuning/psnr": value}, step=step)
        found = f"{self.title}: strength {strengths[best]:g}, {curve[best]:.2f} dB on {images} validation images"
        rank_zero_info(found)
        if len(curve) > 1 and best in (0, len(curve) - 1):
            rank_zero_warn(f"{found}, is at the end of the candidates: give more of them.")
