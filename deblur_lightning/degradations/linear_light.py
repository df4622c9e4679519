"""Degrades in linear light, where a sensor blurs, in place of the file's sRGB values."""

import torch
from torch import Tensor

from deblur_lightning.degradations.base import Degradation, DegradedBatch
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws


def linear_from_srgb(image: Tensor) -> Tensor:
    """Decode sRGB values in [0, 1] to linear light in [0, 1] (IEC 61966-2-1; kornia's takes three channels only)."""
    return torch.where(image <= 0.04045, image / 12.92, ((image.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(light: Tensor) -> Tensor:
    """Encode linear light in [0, 1] as sRGB values in [0, 1] (IEC 61966-2-1)."""
    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)


class LinearLight(Degradation):
    """Decodes sRGB, degrades the light, cuts off what is brighter than white, and encodes again.

    Bright points then leave bright traces, as in photographs. No PSF is known, since the blur is no convolution of the
    file's values.

    Args:
        inner: the degradation of the light; noise in it is sensor noise.
        highlights: least and greatest brightness, in units of white, that values of 255 stand for, drawn uniformly
            for each sample; at least 1. Above 1 the blur spreads light that the sharp image had clipped.

    Raises:
        UserError: a range that is reversed, not finite, or starts below 1.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import LinearLight, MotionBlur
        >>> blurred, psf = LinearLight(MotionBlur(), highlights=(1, 4))(torch.rand(2, 3, 32, 32), seed=0)
        >>> blurred.shape
        torch.Size([2, 3, 32, 32])
    """

    def __init__(self, inner: Degradation, highlights: tuple[float, float] = (1.0, 1.0)) -> None:
        super().__init__()
        self.highlights = check_range("LinearLight highlights", highlights, smallest=1)
        self.inner = inner
        self.border, self.margin = inner.border, inner.margin
        self.noise = "none" if inner.noise == "none" else f"{inner.noise} in linear light"
        self.smallest, self.psf_size = inner.smallest, inner.psf_size

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        light = linear_from_srgb(sharp)
        if self.highlights != (1, 1):
            white = draws.uniform("linear.highlights", *self.highlights).to(sharp.device)[:, None, None, None]
            light = torch.where(sharp > 254.5 / 255, light * white, light)
        blurred, psf, known = self.inner(light, draws)
        return DegradedBatch(srgb_from_linear(blurred.clamp(0, 1)).clamp(max=1), psf, torch.zeros_like(known))

    def kinds(self, draws: Draws) -> list[str]:
        return self.inner.kinds(draws)
