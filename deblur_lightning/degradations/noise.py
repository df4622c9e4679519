"""Sensor noise: read noise, equal everywhere, and shot noise, stronger where it is bright."""

import torch
from torch import Tensor

from deblur_lightning.degradations.base import Degradation, DegradedBatch, with_identity_psf
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws


class SensorNoise(Degradation):
    """Adds Gaussian noise of variance read^2 + shot^2 * signal, both strengths drawn uniformly for each sample.

    Each sample has its own generator, seeded by its counters. Its noise is therefore the same in any batch, bit for
    bit on one kind of device.

    Args:
        read: least and greatest standard deviation in black, in units of 1/255.
        shot: least and greatest standard deviation of photon noise in white, in units of 1/255.

    Raises:
        UserError: a range that is reversed, not finite, or starts below 0.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import SensorNoise
        >>> blurred, psf = SensorNoise(read=(2, 2))(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 1, 1]))
    """

    def __init__(self, read: tuple[float, float] = (0.0, 3.0), shot: tuple[float, float] = (0.0, 0.0)) -> None:
        super().__init__()
        self.read = check_range("SensorNoise read", read, smallest=0)
        self.shot = check_range("SensorNoise shot", shot, smallest=0)
        described = [
            f"{name} {low:g}-{high:g}/255" if low < high else f"{name} {high:g}/255"
            for name, (low, high) in (("read", self.read), ("shot", self.shot))
            if high > 0
        ]
        self.noise = " + ".join(described) or "none"

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        read, shot = (
            draws.uniform(f"noise.{name}", low / 255, high / 255).to(sharp.device)[:, None, None, None]
            for name, (low, high) in (("read", self.read), ("shot", self.shot))
        )
        photons = shot**2 * sharp.clamp(min=0) if self.shot[1] else 0
        deviation = (read**2 + photons).sqrt()
        noisy = sharp + deviation * normal_fields(sharp, draws.bits("noise.field"))
        return with_identity_psf(noisy, draws)


def normal_fields(like: Tensor, seeds: Tensor) -> Tensor:
    """Standard normal noise of the shape, type and device of ``like`` (B, ...); seed i alone decides sample i.

    Normal noise from an integer hash needs no loop, but takes 27 times as long.
    """
    fields = torch.empty_like(like)
    generator = torch.Generator(like.device)
    for field, seed in zip(fields, seeds.tolist(), strict=True):
        generator.manual_seed(seed)
        field.normal_(generator=generator)
    return fields
