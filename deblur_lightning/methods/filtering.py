"""The base class of filters that have no weights: they take a few numbers from the data."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.errors import UserError
from deblur_lightning.methods.base import Restorer


class FilterRestorer(Restorer, ABC):
    """A filter that is told each sample's PSF or estimates it; ``deblur fit`` measures what else it needs.

    Its network maps blurred images (B, C, H, W) and their PSFs (B, K, K) to restored images.
    """

    @property
    @abstractmethod
    def title(self) -> str:
        """The filter's name, for messages."""

    @property
    @abstractmethod
    def is_fitted(self) -> bool:
        """Whether everything is known that the filter needs."""

    def setup(self, stage: str) -> None:
        super().setup(stage)
        if stage == "fit" and self.trainer.world_size > 1:
            raise UserError(
                f"{self.title} has no gradients to share: set devices=1 to fit it in one process; "
                "it can be tested in several."
            )

    @torch.no_grad()
    def restore(self, batch: RestorationBatch) -> Tensor:
        self.check_psf(batch)
        if self.is_fitted:
            restored: Tensor = self.network(batch["blurred"], batch["psf"])
            return restored
        if self.trainer.sanity_checking:  # before anything could be measured
            return batch["blurred"]
        raise UserError(f"{self.title} has measured nothing yet: run deblur fit first, and give its checkpoint.")

    def check_psf(self, batch: RestorationBatch) -> None:
        """Refuse a sample whose blur its PSF does not describe."""
        if not batch["psf_known"].all():
            raise UserError(
                f"{self.title} must be told the PSF, and some of these images have none that describes their blur: "
                "use a blind method, or data blurred by one PSF for each image."
            )

    def training_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor:
        return batch["blurred"].new_zeros(())

    def backward(self, loss: Tensor, *_: Any, **__: Any) -> None:
        """Nothing: there are no gradients."""

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return None
