"""Takes any module that compares two images as a term of a restorer's loss."""

import inspect
from typing import final

from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.losses.reconstruction import ReconstructionLoss


def as_term(loss: nn.Module) -> ReconstructionLoss:
    """``loss`` itself where it is a term; any other is called with the restored and the sharp images, as torch's are.

    Raises:
        UserError: its forward does not take the two.
    """
    return loss if isinstance(loss, ReconstructionLoss) else _Plain(loss)


@final
class _Plain(ReconstructionLoss):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.title = type(module).__name__.lower()
        try:
            inspect.signature(module.forward).bind(None, None)
        except TypeError as error:
            name = type(module).__name__
            raise UserError(f"{name} is no loss: its forward must take the restored and the sharp images.") from error

    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        value: Tensor = self.module(preds, target)
        return value
