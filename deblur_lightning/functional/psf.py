"""Point spread functions as tensors: taps, normalising, padding and composing."""

import torch
import torch.nn.functional as F
from torch import Tensor


def taps(size: int, device: torch.device | str = "cpu") -> Tensor:
    """Positions of ``size`` taps in pixels from their middle, ascending: (K,) float64.

    PSFs are computed in float64 and rounded to float32 once, so that no order of a sum shows in their bits.
    """
    return torch.arange(size, dtype=torch.float64, device=device) - (size - 1) / 2


def odd_size(extent: float) -> int:
    """The least odd number of taps that covers ``extent`` pixels around the middle one."""
    return 2 * int(-((extent - 1) / 2 // -1)) + 1


def normalise(weight: Tensor) -> Tensor:
    """Divide (B, K, K) weights by their sums; float32.

    Shares below 1e-12 become 0: they change nothing, and numbers too small for float32's usual form slow a
    convolution down five times.
    """
    share = weight / weight.sum(dim=(1, 2), keepdim=True)
    return torch.where(share < 1e-12, 0, share).to(torch.float32)


def identity(count: int, size: int = 1, device: torch.device | str = "cpu") -> Tensor:
    """``count`` PSFs that change nothing: (B, K, K) float32."""
    psf = torch.zeros(count, size, size, device=device)
    psf[:, size // 2, size // 2] = 1
    return psf


def pad_psf(psf: Tensor, size: int) -> Tensor:
    """Surround (B, K, K) PSFs by zeros up to ``size`` taps on each side; both numbers are odd."""
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
