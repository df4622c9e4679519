"""How strong a checkerboard strided layers leave in an image."""

import torch
from torch import Tensor

from deblur_lightning.metrics.precision import back_on, in_float64

STRIDE_PERIOD = 4
"""Period in pixels of the patterns of one or two layers with stride 2."""


@torch.no_grad()
def stride_amplitude(image: Tensor) -> Tensor:
    """Strength of the checkerboard pattern that strided layers leave in each image, in grey levels (of 255).

    It is the square root of the energy at the frequencies that are multiples of 1/4 per pixel. By Parseval that is the
    standard deviation of the means of every fourth pixel. Photographs have a little of it too.

    Args:
        image: (B, C, H, W) in [0, 1], at least 4 pixels a side.

    Returns:
        (B,) float64, or float32 on a device that has no float64.
    """
    count, channels, height, width = image.shape
    rows, columns = height // STRIDE_PERIOD, width // STRIDE_PERIOD
    whole = in_float64(image[..., : rows * STRIDE_PERIOD, : columns * STRIDE_PERIOD])
    phases = whole.reshape(count, channels, rows, STRIDE_PERIOD, columns, STRIDE_PERIOD).mean(dim=(2, 4))
    return back_on(255 * phases.var(dim=(2, 3), correction=0).mean(dim=1).sqrt(), image.device)
