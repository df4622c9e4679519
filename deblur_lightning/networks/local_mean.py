"""Means over a window around each pixel, at the same cost for any window."""

import torch
from torch import Tensor
from torch.nn import functional as F


def local_mean(x: Tensor, window: int, cell: int) -> Tensor:
    """The mean of ``x`` over a square window around each cell; at the edges the window is moved inside.

    An image no larger than the window gets its own mean everywhere.

    Args:
        x: (B, C, H, W).
        window: side in pixels, rounded up to a whole number of cells.
        cell: side in pixels of the squares for each of which one mean is given.

    Returns:
        (B, C, ceil(H / cell), ceil(W / cell)).
    """
    height, width = x.shape[-2:]
    padded = F.pad(x, (0, lacking(width, cell), 0, lacking(height, cell)))
    total = F.avg_pool2d(padded, cell) * cell**2
    reach = -(-window // cell)
    for axis, length in ((2, height), (3, width)):
        pixels = _pixels(length, cell, x)
        shape = [1, 1, 1, 1]
        shape[axis] = -1
        total = _window_sums(total, reach, axis) / _window_sums(pixels, reach, 0).view(shape)
    return total


def lacking(length: int, unit: int) -> int:
    """What ``length`` lacks to a multiple of ``unit``; said without a remainder, a graph is traced in half the time."""
    return (length + unit - 1) // unit * unit - length


def _pixels(length: int, cell: int, like: Tensor) -> Tensor:
    """How many pixels of ``length`` lie in each cell; the last may be cut off."""
    starts = torch.arange(0, length, cell, device=like.device)
    return (length - starts).clamp(max=cell).to(like.dtype)


def _window_sums(x: Tensor, window: int, axis: int) -> Tensor:
    """Sums over ``window`` neighbours along ``axis``, of x's shape."""
    count = x.shape[axis]
    start = (torch.arange(count, device=x.device) - window // 2).clamp(max=max(0, count - window)).clamp(min=0)
    ends = (start + window).clamp(max=count)
    sums = F.pad(x.cumsum(axis).transpose(axis, -1), (1, 0)).transpose(axis, -1)
    return sums.index_select(axis, ends) - sums.index_select(axis, start)
