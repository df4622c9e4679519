"""A chain of degradations: blur, then noise, then JPEG, say."""

from typing import cast

import torch
from torch import Tensor, nn

from deblur_lightning.degradations.base import Degradation, DegradedBatch
from deblur_lightning.degradations.mixture import common_border
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.psf import compose, identity


class Chain(Degradation):
    """Applies its steps in order; two equal steps have different draws. The data module's 8-bit rounding comes last.

    Args:
        steps: the degradations, at least one.

    Raises:
        UserError: no steps, or steps with different borders.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import BoxBlur, Chain, SensorNoise
        >>> blurred, psf = Chain([BoxBlur(width=(3, 3)), SensorNoise()])(torch.rand(2, 3, 48, 64), seed=0)
        >>> round(psf[0, 1, 1].item(), 4)
        0.1111
    """

    def __init__(self, steps: list[Degradation]) -> None:
        super().__init__()
        if not steps:
            raise UserError("Chain steps=[] holds no degradation: give one or more.")
        self.steps = nn.ModuleList(steps)
        self.border = common_border("Chain", steps)
        self.noise = ", ".join(step.noise for step in steps if step.noise != "none") or "none"
        self.margin = sum(step.margin for step in steps)
        self.smallest = max(step.smallest for step in steps)
        self.psf_size = sum(step.psf_size - 1 for step in steps) + 1

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        image: Tensor = sharp
        psf = identity(len(draws.index), device=draws.index.device)
        known = torch.ones_like(draws.index, dtype=torch.bool)
        for position, step in enumerate(self.steps):
            image, step_psf, step_known = step(image, draws.substream(str(position)))
            psf = compose(psf, step_psf)
            known = known & step_known
        return DegradedBatch(image, psf, known)

    def kinds(self, draws: Draws) -> list[str]:
        """The kinds of the steps that use a pixel's neighbours, joined by "+"; of all steps where none does."""
        steps = list(enumerate(cast(list[Degradation], list(self.steps))))
        chosen = [(position, step) for position, step in steps if step.border != "none"] or steps
        columns = [step.kinds(draws.substream(str(position))) for position, step in chosen]
        return ["+".join(row) for row in zip(*columns, strict=True)]
