"""Point spread functions as tensors: taps, normalising, padding and composing."""

import torch
import torch.nn.functional as F
from torch import Tensor


def tap_offsets(size: int, device: torch.device | str = "cpu") -> Tensor:
    """Positions of ``size`` taps in pixels from their middle, ascending: (K,) float64.

    PSFs are computed in float64 and rounded once to float32, so that their bits do not depend on the order of a sum.
    """
    return torch.arange(size, dtype=torch.float64, device=device) - (size - 1) / 2


def odd_size(extent: float) -> int:
    """The smallest odd number of taps that covers ``extent`` pixels around the middle one."""
    return 2 * int(-((extent - 1) / 2 // -1)) + 1


def normalise(weight: Tensor) -> Tensor:
    """Divide (B, K, K) weights by their sums; float32.

    Weights below 1e-12 of the sum become 0: they change nothing, and subnormal numbers make a convolution five times
    slower.
    """
    share = weight / weight.sum(dim=(1, 2), keepdim=True)
    return torch.where(share < 1e-12, 0, share).to(torch.float32)


def identity(count: int, size: int = 1, device: torch.device | str = "cpu") -> Tensor:
    """``count`` PSFs that leave an image unchanged: (B, K, K) float32."""
    psf = torch.zeros(count, size, size, device=device)
    psf[:, size // 2, size // 2] = 1
    return psf


def pad_psf(psf: Tensor, size: int) -> Tensor:
    """Pad (B, K, K) PSFs with zeros to ``size`` taps a side; K and ``size`` are odd."""
    missing = (size - psf.shape[-1]) // 2
    return F.pad(psf, (missing,) * 4) if missing else psf


def compose(first: Tensor, second: Tensor) -> Tensor:
    """The PSFs (B, K + L - 1, K + L - 1) of blurring by (B, K, K) and then by (B, L, L), all of sum 1."""
    if first.shape[-1] < second.shape[-1]:
        first, second = second, first
    reach, size = second.shape[-1], first.shape[-1]
    if reach == 1:
        return first
    result = first.new_zeros(len(first), size + reach - 1, size + reach - 1, dtype=torch.float64)
    for row in range(reach):
        for column in range(reach):
            weight = second[:, row, column, None, None].double()
            result[:, row : row + size, column : column + size] += weight * first
    return normalise(result)
