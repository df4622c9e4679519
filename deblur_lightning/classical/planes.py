"""Runs a classical filter as a network: each plane of a batch is filtered alone."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from deblur_lightning.classical.base import ClassicalFilter
from deblur_lightning.classical.psf_estimation import estimate_psf
from deblur_lightning.errors import UserError
from deblur_lightning.functional.padding import pad_for_deconvolution


class FilteredPlanes(nn.Module):
    """Filters every colour of every image alone, on the host, and remembers the strength found best.

    Args:
        filter: what restores a plane.
        psf_size: taps a side of the PSFs that are estimated from the images themselves; None takes those it is told.

    Attributes:
        strength: () float32, below 0 until it is tuned.

    Raises:
        UserError: ``psf_size`` is even or below 3.
    """

    strength: Tensor

    def __init__(self, filter: ClassicalFilter, psf_size: int | None = None) -> None:
        super().__init__()
        if psf_size is not None and (psf_size < 3 or psf_size % 2 == 0):
            raise UserError(f"psf_size={psf_size}: give an odd number of taps, 3 or more.")
        self.filter = filter
        self.psf_size = psf_size
        self.register_buffer("strength", torch.tensor(-1.0))

    @property
    def is_tuned(self) -> bool:
        """Whether the strength is known, or there is none to know."""
        return not self.filter.strengths or bool(self.strength >= 0)

    def forward(self, blurred: Tensor, psf: Tensor) -> Tensor:
        """Restore ``blurred``, (B, C, H, W) in [0, 1], by the PSFs (B, K, K): same shape, device and dtype."""
        return self.by_strength(blurred, psf, [float(self.strength)])[0]

    @torch.no_grad()
    def by_strength(self, blurred: Tensor, psf: Tensor, strengths: Sequence[float]) -> Tensor:
        """Restore a batch once for each of S strengths.

        Args:
            blurred: (B, C, H, W) in [0, 1], of any size, on any device, in any floating point.
            psf: (B, K, K); unused where ``psf_size`` is given.
            strengths: S.

        Returns:
            (S, B, C, H, W), on the device and of the dtype of ``blurred``; not clamped.
        """
        height, width = blurred.shape[-2:]
        if self.psf_size is not None:
            psf = estimate_psf(blurred.mean(dim=1).cpu(), self.psf_size).to(blurred.device)  # many small steps
        wide = pad_for_deconvolution(blurred.float(), psf.float()).double().cpu().numpy()
        kernels = psf.double().cpu().numpy()
        kernels = kernels / kernels.sum(axis=(1, 2), keepdims=True)
        restored = torch.empty(len(strengths), *blurred.shape, dtype=torch.float64)
        for place, strength in enumerate(strengths):
            for sample, channel in torch.cartesian_prod(*map(torch.arange, blurred.shape[:2])).tolist():
                plane = self.filter.restore(wide[sample, channel], kernels[sample], strength)
                restored[place, sample, channel] = torch.from_numpy(plane[:height, :width])
        return restored.to(blurred)
