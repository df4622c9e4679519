"""Runs pixelwise work on large images in bands of rows, which fit the processor's caches."""

from collections.abc import Callable

import torch
from torch import Tensor

BAND = 8192
"""Pixels of a band."""


def by_bands(work: Callable[[int, int], Tensor], like: Tensor) -> Tensor:
    """What ``work`` returns for all rows of an image; on the CPU band by band: less memory, a third less time.

    Where gradients are wanted, or a graph of the network, all rows are one band; on a GPU too, whose many short
    kernels would cost more than they save.

    Args:
        work: is told the first row and the one behind the last; returns (B, rows, W, C).
        like: (B, H, W, C), of the result's shape.

    Returns:
        (B, H, W, C).
    """
    batch, height, width = like.shape[:3]
    if torch.is_grad_enabled() or torch.compiler.is_compiling() or like.is_cuda:
        return work(0, height)
    whole = torch.empty_like(like)
    rows = max(1, BAND // (batch * width))
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        whole[:, top:bottom] = work(top, bottom)
    return whole
