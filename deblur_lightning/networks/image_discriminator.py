"""The discriminator of report B: one judgement for a whole image of 64x64 pixels."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.functional.imagenet import ImageNetNormalise
from deblur_lightning.networks.channels import check_channels

SIDE = 64
_STRIDES = (1, 2, 1, 2)
_LAST_SIDE = 13


class ImageDiscriminator(nn.Module):
    """Four convolutions without padding, each with ReLU and then BatchNorm, and a linear layer: 64x64 images alone.

    The report's text puts BatchNorm after every convolution, its table leaves the fourth's out: ``last_norm`` chooses.
    Its sigmoid is part of the losses, which take logits. Images are normalised as for the generator.

    Args:
        widths: channels of the four convolutions.
        last_norm: whether the fourth convolution has its BatchNorm too.

    Raises:
        UserError: not four widths, or one below 1.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import ImageDiscriminator
        >>> [logits] = ImageDiscriminator(widths=(4, 4, 4, 4))(torch.rand(2, 3, 64, 64))
        >>> logits.shape
        torch.Size([2, 1])
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512), last_norm: bool = True) -> None:
        super().__init__()
        if len(widths) != len(_STRIDES) or min(widths) < 1:
            raise UserError(f"ImageDiscriminator widths={list(widths)}: give four, 1 or more each.")
        layers: list[nn.Module] = []
        for (before, after), stride in zip(pairwise([3, *widths]), _STRIDES, strict=True):
            layers += [nn.Conv2d(before, after, 3, stride), nn.ReLU(), nn.BatchNorm2d(after)]
        self.features = nn.Sequential(*(layers if last_norm else layers[:-1]))
        self.judgement = nn.Linear(widths[-1] * _LAST_SIDE**2, 1)
        self.normalise = ImageNetNormalise()

    def forward(self, image: Tensor) -> list[Tensor]:
        """One logit of being real for each image, as one (B, 1) map.

        Args:
            image: (B, 3, 64, 64) in [0, 1].

        Raises:
            UserError: an image of another size or of other channels.
        """
        check_channels("ImageDiscriminator", 3, image, argument="")
        if image.shape[-2:] != (SIDE, SIDE):
            height, width = image.shape[-2:]
            raise UserError(
                f"ImageDiscriminator judges images of {SIDE}x{SIDE} pixels, not {height}x{width}: set crop_size={SIDE}."
            )
        return [self.judgement(self.features(self.normalise(image)).flatten(1))]
