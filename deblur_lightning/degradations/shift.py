"""A shift by whole pixels, as a PSF that is not centred makes it."""

import torch
from torch import Tensor

from deblur_lightning.degradations.blur import Blur
from deblur_lightning.draws import Draws
from deblur_lightning.functional.convolution import Border


class Shift(Blur):
    """The same shift for every sample, as a PSF with one tap.

    Blurs of this package are centred, so that restored images are aligned with sharp ones. A blur by FFTs whose PSF
    starts at the array's first element also shifts the image: ``Chain([GaussianBlur(...), Shift(...)])`` reproduces
    that mistake. Unlike those of other degradations, the PSF returned is not centred: it contains the shift.

    Args:
        down: pixels that the content moves down; negative: up.
        right: pixels that it moves to the right; negative: to the left.
        border: what lies beyond the image's edges; "circular" rolls the image.

    Raises:
        UserError: an unknown border.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import Shift
        >>> images = torch.rand(2, 3, 16, 16)
        >>> shifted, psf = Shift(down=1, right=0)(images)
        >>> torch.equal(shifted[..., 1:, :], images[..., :-1, :])
        True
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
