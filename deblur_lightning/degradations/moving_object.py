"""An object that moves before a background that stands still, or moves in another way."""

import math

import torch
from torch import Tensor

from deblur_lightning.degradations.base import Degradation, DegradedBatch
from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import convolve
from deblur_lightning.functional.psf import pad_psf

_LOBES = 4  # waves along the object's outline


class MovingObject(Degradation):
    """Cuts an object out of each image and blurs it in its own way, its outline too.

    With the object's mask m, its blur f and the background's blur g, the image x becomes
    f*(m x) + (1 - f*m) (g*x): while the object passes, it hides what is behind it (Dai and Wu, "Motion from blur",
    2008, with a background that may move too). The PSF returned is the background's, not marked as known.

    Args:
        foreground: blurs the object.
        background: blurs the rest; of the same border.
        size: least and greatest radius of the object, as a share of the image's shorter side; above 0.

    Raises:
        UserError: a range that is reversed or does not start above 0; blurs of different borders.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import BoxBlur, MotionBlur, MovingObject
        >>> blurred, _ = MovingObject(MotionBlur(length=(5, 9)), BoxBlur())(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape
        torch.Size([2, 3, 48, 64])
    """

    def __init__(self, foreground: Blur, background: Blur, size: tuple[float, float] = (0.15, 0.5)) -> None:
        super().__init__()
        if foreground.border != background.border:
            raise UserError(
                f"MovingObject mixes the borders {foreground.border} and {background.border}: give both blurs the same."
            )
        self.size = check_range("MovingObject size", size, smallest=1e-3)
        self.foreground, self.background = foreground, background
        self.border = foreground.border
        self.margin = max(foreground.margin, background.margin)
        self.smallest = max(foreground.smallest, background.smallest)
        self.psf_size = background.psf_size

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        for blur in (self.foreground, self.background):
            blur.check(sharp)
        height, width = sharp.shape[-2:]
        mask = self.masks(draws, height, width, sharp.device)
        psf = self.background.psf(draws.substream("background"))
        object_psf = self.foreground.psf(draws.substream("foreground"))
        layers = torch.cat([mask * sharp, mask], dim=1)
        moved = convolve(layers, object_psf, self.foreground.border)
        behind = convolve(sharp, psf, self.background.border)
        blurred = moved[:, :-1] + (1 - moved[:, -1:]) * behind
        return DegradedBatch(blurred, pad_psf(psf, self.psf_size), torch.zeros_like(draws.index, dtype=torch.bool))

    def masks(self, draws: Draws, height: int, width: int, device: torch.device) -> Tensor:
        """The objects' masks: (B, 1, height, width) float32 in [0, 1] on ``device``, with edges a pixel wide."""
        radius = min(height, width) * draws.uniform("object.size", *self.size)
        lobes = range(1, _LOBES + 1)
        strengths = [draws.uniform(f"object.strength{lobe}", 0, 0.5) / lobe for lobe in lobes]
        turns = [draws.uniform(f"object.turn{lobe}", 0, 2 * math.pi) for lobe in lobes]
        places = [draws.uniform("object.y", 0, height - 1), draws.uniform("object.x", 0, width - 1)]
        drawn = torch.stack([radius, *places, *strengths, *turns]).to(device, non_blocking=True)
        radius, top, left = drawn[:3, :, None, None]
        y = torch.arange(height, device=device)[:, None] - top
        x = torch.arange(width, device=device) - left
        angle = torch.atan2(y, x)
        outline = torch.ones_like(angle)
        for lobe, strength, turn in zip(lobes, *drawn[3:, :, None, None].chunk(2), strict=True):
            outline += strength * torch.cos(lobe * angle + turn)
        inside = radius * outline.clamp(min=0.1) - torch.hypot(x, y)
        mask: Tensor = (inside + 0.5).clamp(0, 1)[:, None]
        return mask
