"""Camera shake: the trace of a smooth random movement during the exposure."""

import math

import torch
from torch import Tensor

from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws
from deblur_lightning.functional.convolution import Border
from deblur_lightning.functional.psf import normalise, odd_size

_MODES = 6  # of the movement; the last makes three full swings in an exposure
_INSTANTS = 256  # points of the trace, closer than a pixel up to an extent of 60


def shake_psf(horizontal: Tensor, vertical: Tensor, extent: Tensor, size: int) -> Tensor:
    """Point spread functions of movements that are sums of cosines.

    The position at time t in [0, 1] is the sum of a_k cos(pi k t) over k = 1, 2, ... in each direction. Where the
    camera moves slowly, more light falls. The mean position is exactly the middle tap.

    Args:
        horizontal: (B, M) amplitudes a_k; only the ratios of all amplitudes matter.
        vertical: (B, M), of the same unit.
        extent: (B,) side in pixels, at least 1, of the smallest centred square that holds the trace.
        size: K, an odd number of taps on each side, at least the largest extent.

    Returns:
        (B, K, K) float32, non-negative, each summing to 1.
    """
    traces = [_path(amplitude, _INSTANTS) for amplitude in (horizontal, vertical)]
    reach = torch.stack(traces).abs().amax(dim=(0, 2)).clamp(min=1e-9)
    scale = ((extent.double() - 1) / 2 / reach)[:, None]
    right, down = (trace * scale + size // 2 for trace in traces)
    return normalise(_splat(right, down, size))


def smooth_path(draws: Draws, axis: str, instants: int) -> Tensor:
    """Smooth random paths in time, a sum of cosines of mean 0 and of no particular scale: (B, instants) float64.

    Args:
        draws: of the amplitudes, which fall with frequency as in Brownian motion.
        axis: names their streams.
        instants: evenly spaced over the exposure.
    """
    return _path(_amplitudes(draws, axis), instants)


def _amplitudes(draws: Draws, axis: str) -> Tensor:
    orders = range(1, _MODES + 1)
    return torch.stack([draws.uniform(f"shake.{axis}{k}", -1, 1) / k for k in orders], dim=1)


def _path(amplitudes: Tensor, instants: int) -> Tensor:
    time = (torch.arange(instants, dtype=torch.float64, device=amplitudes.device) + 0.5) / instants
    order = torch.arange(1, amplitudes.shape[1] + 1, dtype=torch.float64, device=amplitudes.device)
    return (amplitudes.double()[:, :, None] * torch.cos(math.pi * order[:, None] * time)).sum(dim=1)


def _splat(right: Tensor, down: Tensor, size: int) -> Tensor:
    """Spread each point (B, T) over the four taps around it: (B, K, K)."""
    weight = right.new_zeros(len(right), size * size)
    left, top = right.floor().clamp(0, max(size - 2, 0)), down.floor().clamp(0, max(size - 2, 0))
    for step_right in (0, 1):
        for step_down in (0, 1):
            share = (1 - (right - left - step_right).abs()) * (1 - (down - top - step_down).abs())
            place = (top + step_down) * size + left + step_right
            weight.scatter_add_(1, place.long().clamp(max=size * size - 1), share)
    return weight.view(-1, size, size)


class CameraShake(Blur):
    """Blur by a smooth random movement of the camera, drawn for each sample.

    Amplitudes fall with frequency as in Brownian motion. (Boracchi and Foi, "Modeling the performance of image
    restoration from motion blur", 2012, simulate trajectories step by step. A sum of waves looks the same, and needs no
    steps.)

    Args:
        extent: least and greatest side, in pixels, of the centred square that holds the trace; at least 1.
        border: what lies beyond the image's edges.

    Raises:
        UserError: a range that is reversed, not finite, or starts below 1.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import CameraShake
        >>> blurred, psf = CameraShake(extent=(9, 15))(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 15, 15]))
    """

    def __init__(self, extent: tuple[float, float] = (7.0, 21.0), border: Border = "reflect") -> None:
        check_range("CameraShake extent", extent, smallest=1)
        super().__init__(odd_size(extent[1]), border)
        self.extent = extent

    def psf(self, draws: Draws) -> Tensor:
        extent = draws.uniform("shake.extent", *self.extent)
        horizontal, vertical = (_amplitudes(draws, axis) for axis in ("horizontal", "vertical"))
        return shake_psf(horizontal, vertical, extent, self.psf_size)
