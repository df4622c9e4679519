"""The exponential moving average of a network's weights, which restores more steadily than the weights themselves."""

from itertools import chain

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


def decay_at(decay: float, batch: int) -> float:
    """The part of the average that is kept at ``batch``, counted from 0: min(decay, (1 + batch) / (10 + batch)).

    The second is a warm-up, so that the untrained weights are soon forgotten.
    """
    return min(decay, (1 + batch) / (10 + batch))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float, batch: int) -> None:
    """Move ``average`` towards ``network`` in place: average <- d average + (1 - d) weights, d from ``decay_at``.

    What is no floating-point number, such as a count of batches, is copied.
    """
    pairs = list(zip(_state(average), _state(network), strict=True))
    floating = [pair for pair in pairs if pair[0].is_floating_point()]
    average_all = get_ema_multi_avg_fn(decay_at(decay, batch))  # type: ignore[no-untyped-call]
    average_all([kept for kept, _ in floating], [current for _, current in floating], batch)
    for kept, current in pairs:
        if not kept.is_floating_point():
            kept.copy_(current)


def _state(module: nn.Module) -> list[torch.Tensor]:
    return list(chain(module.parameters(), module.buffers()))
