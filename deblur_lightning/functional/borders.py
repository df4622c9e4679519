"""Padding by what a blur assumes beyond the edges of an image."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

Border = Literal["reflect", "circular", "zero"]
"""Mirrored at the outermost pixels; continued from the opposite edge; or black.

Real scenes go on: "reflect" stands in where no real pixels can be had. The others are for the reports' experiments;
inverting a circular blur by FFTs is an inverse crime.
"""


def pad(image: Tensor, width: int, border: Border) -> Tensor:
    """Surround (B, C, H, W) images by ``width`` pixels on every side."""
    if not width:
        return image
    return F.pad(image, (width,) * 4, mode="constant" if border == "zero" else border)
