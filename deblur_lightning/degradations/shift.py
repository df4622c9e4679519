"""A shift by whole pixels, as a PSF that is not centred makes it."""

import torch
from torch import Tensor

from deblur_lightning.degradations.blur import Blur
from deblur_lightning.draws import Draws
from deblur_lightning.functional.convolution import Border


class Shift(Blur):
    """The same displacement for every sample, as a PSF of one tap.

    Blurs here are centred, so that restored and sharp images lie on one another. A blur by FFTs whose PSF begins at
    the array's first element also shifts; ``Chain([GaussianBlur(...), Shift(...)])`` is that, mistake included. The
    PSF that is returned tells the shift too, and so is not centred, which other degradations promise.

    Args:
        down: pixels by which the image's content moves down; negative ones up.
        right: pixels by which it moves to the right; negative ones to the left.
        border: what lies beyond the image's edges; with "circular" the image is rolled.

    Raises:
        UserError: no such border.
    """

    def __init__(self, down: int = 2, right: int = 2, border: Border = "circular") -> None:
        super().__init__(2 * max(abs(down), abs(right)) + 1, border)
        self.down = down
        self.right = right

    def psf(self, draws: Draws) -> Tensor:
        device, middle = draws.index.device, self.psf_size // 2
        psf = torch.zeros(len(draws.index), self.psf_size, self.psf_size, device=device)
        psf[:, middle + self.down, middle + self.right] = 1
        return psf
