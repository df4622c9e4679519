"""Trains SRCNN: plain regression to the sharp image."""

from typing import final

from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.errors import UserError
from deblur_lightning.methods.base import Restorer, check_rates, scheduled
from deblur_lightning.optim.schedules import Constant, Schedule


@final
class SRCNNRestorer(Restorer):
    """Minimises the mean squared error with Adam.

    Args:
        network: what restores.
        lr: Adam's learning rate.
        last_lr: that of the last convolution, a tenth of ``lr`` in the SRCNN paper; ``lr`` when not given.
        schedule: of both rates over the run's steps; constant when not given.
        crop_border: pixels at each edge that a test leaves out of the scores.

    Raises:
        UserError: a learning rate that is not above 0; ``last_lr`` for a network without convolutions.
    """

    def __init__(
        self,
        network: nn.Module,
        lr: float = 1e-4,
        last_lr: float | None = None,
        schedule: Schedule | None = None,
        crop_border: int = 0,
    ) -> None:
        super().__init__(network, crop_border)
        self.save_hyperparameters(logger=False)
        check_rates(lr=lr, **({} if last_lr is None else {"last_lr": last_lr}))
        self.lr = lr
        self.last_lr = last_lr
        self.schedule = schedule or Constant()

    def training_step(self, batch: RestorationBatch, batch_idx: int) -> Tensor:
        loss = F.mse_loss(self.restore(batch), batch["sharp"])
        self.log("train/loss", loss, batch_size=len(batch["sharp"]))
        return loss

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return scheduled(Adam(self._groups(), lr=self.lr), self.schedule, self.trainer)

    def _groups(self) -> list[dict[str, object]]:
        if self.last_lr is None:
            return [{"params": list(self.network.parameters())}]
        convolutions = [module for module in self.network.modules() if isinstance(module, nn.Conv2d)]
        if not convolutions:
            raise UserError(f"last_lr={self.last_lr}: {type(self.network).__name__} has no convolution; leave it.")
        last = list(convolutions[-1].parameters())
        rest = [parameter for parameter in self.network.parameters() if all(parameter is not one for one in last)]
        return [{"params": rest}, {"params": last, "lr": self.last_lr, "name": "last_lr"}]
