"""The precision in which metrics are computed, and the one in which a device can hold them."""

import torch
from torch import Tensor

SINGLE = ("mps",)
"""Types of devices without float64."""


def in_float64(image: Tensor) -> Tensor:
    """``image`` in float64, on the CPU if its device has no float64."""
    return (image.cpu() if image.device.type in SINGLE else image).double()


def back_on(values: Tensor, device: torch.device) -> Tensor:
    """``values`` moved back to ``device``, in its highest precision."""
    return values.to(device, torch.float32 if device.type in SINGLE else torch.float64)
