"""An exponential moving average of a network's weights; it restores better than the weights of one step."""

from collections.abc import Iterable
from copy import deepcopy
from itertools import chain
from typing import Self

import torch
from torch import Tensor, nn

from deblur_lightning.errors import UserError


class ExponentialMovingAverage(nn.Module):
    """A copy of a network whose weights follow the original's at a distance (Polyak and Juditsky, 1992).

    It is a module of its own and always in evaluation mode. So a checkpoint can be written at any time without swapping
    weights. The first updates count more, so that short runs do not keep the weights that they started from. (torch's
    ``AveragedModel`` begins as a copy of the first step's weights, and checkpoints hold its state under other names.)

    Args:
        network: to be followed.
        decay: what remains of the average at each update, from 0 to below 1.

    Raises:
        UserError: ``decay`` outside of that.
    """

    updates: Tensor

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise UserError(f"ema_decay={decay}: give 0 for no average, or a number below 1 such as 0.999.")
        self.decay = decay
        self.network = deepcopy(network).requires_grad_(False).eval()
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode."""
        return super().train(False)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the weights of ``network``; its other buffers are taken over."""
        step = 1 - ((1 + self.updates) / (10 + self.updates)).clamp(max=self.decay)
        pairs = list(zip(_state(self.network), _state(network), strict=True))
        means, values = zip(*(pair for pair in pairs if pair[0].is_floating_point()), strict=True)
        towards = torch._foreach_sub(values, means)  # three kernels in place of one for each tensor
        torch._foreach_mul_(towards, step.to(means[0].dtype))
        torch._foreach_add_(means, towards)
        for mean, value in pairs:
            if not mean.is_floating_point():
                mean.copy_(value)
        self.updates += 1


def _state(module: nn.Module) -> Iterable[Tensor]:
    return chain(module.parameters(), module.buffers())
