"""The four-factor blur of report A: a filter and its three mirror images, one after another."""

import torch
from torch import Tensor

from deblur_lightning.degradations.base import DegradedBatch
from deblur_lightning.degradations.blur import Blur
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import Border
from deblur_lightning.functional.psf import compose


def four_factor_psf(taps: Tensor) -> Tensor:
    """The PSF whose transform is FFT(h) times those of h flipped down, across, and both.

    That product is |H(u, v)|^2 |H(u, -v)|^2: real, so that the PSF is centred and symmetric.

    Args:
        taps: (I, J) the filter h, of any sum above 0.

    Returns:
        (K, K) float32 of sum 1, K = 4 max(I, J) - 3.
    """
    side = max(taps.shape) * 2 - 1
    # h with its first tap in the middle, so that flipping mirrors it about that tap
    placed = taps.new_zeros(1, side, side, dtype=torch.float64)
    first = side // 2
    placed[0, first : first + taps.shape[0], first : first + taps.shape[1]] = taps / taps.sum()
    rotated = compose(placed, placed.flip(1, 2))
    mirrored = compose(placed.flip(1), placed.flip(2))
    whole = compose(rotated, mirrored)[0]
    rim = (len(whole) - (2 * side - 1)) // 2
    return whole[rim : len(whole) - rim, rim : len(whole) - rim].to(torch.float32)


class FourFactorBlur(Blur):
    """The same four-factor blur for every sample.

    The product in the report has the gain sum(h)^4. Here the PSF has sum 1, like every PSF, and the gain is an option.

    Args:
        taps: rows of the filter h, none of them negative.
        border: what lies beyond the image's edges; the report's FFTs make it "circular".
        keep_gain: whether to multiply the blurred image by sum(h)^4, as in the report, whose layer is to find h itself.
            The values then leave [0, 1], so the image must not be rounded. The PSF still has sum 1, and is not marked
            as known.

    Raises:
        UserError: rows of different lengths, a negative tap, or none above 0.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import FourFactorBlur
        >>> blurred, psf = FourFactorBlur([[1, 0.5]])(torch.rand(2, 3, 32, 32))
        >>> psf.shape
        torch.Size([2, 5, 5])
    """

    def __init__(self, taps: list[list[float]], border: Border = "circular", keep_gain: bool = False) -> None:
        if not taps or not taps[0] or len({len(row) for row in taps}) != 1:
            raise UserError(f"FourFactorBlur taps={taps} is no matrix: give rows of one length.")
        filter_ = torch.tensor(taps, dtype=torch.float64)
        if not (filter_.isfinite().all() and (filter_ >= 0).all() and filter_.sum() > 0):
            raise UserError(f"FourFactorBlur taps={taps} give no PSF: none may be negative, and not all 0.")
        psf = four_factor_psf(filter_)
        super().__init__(len(psf), border)
        self.taps = taps
        self.keep_gain = keep_gain
        self.gain = float(filter_.sum()) ** 4
        self.fixed = psf  # no buffer: PSFs are made on the host, where the draws are

    def psf(self, draws: Draws) -> Tensor:
        return self.fixed.to(draws.index.device).expand(len(draws.index), -1, -1)

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        degraded = super().forward(sharp, draws)
        if not self.keep_gain:
            return degraded
        return DegradedBatch(self.gain * degraded.blurred, degraded.psf, torch.zeros_like(degraded.psf_known))
