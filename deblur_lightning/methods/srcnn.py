"""SRCNN's way of learning: plain regression to the sharp image."""

from typing import final

from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.methods.base import Restorer, check_rates


@final
class SRCNNRestorer(Restorer):
    """Minimises the mean squared error with Adam.

    Args:
        network: what restores.
        lr: Adam's learning rate.
        crop: pixels at each edge that a test leaves out of the scores.

    Raises:
        UserError: a learning rate that is not above 0.
    """

    def __init__(self, network: nn.Module, lr: float = 1e-4, crop: int = 0) -> None:
        super().__init__(network, crop)
        self.save_hyperparameters(logger=False)
        check_rates(lr=lr)
        self.lr = lr

    def training_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor:
        loss = F.mse_loss(self.restore(batch), batch["sharp"])
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch["sharp"]))
        return loss

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return Adam(self.parameters(), lr=self.lr)
