"""The colours that networks trained on ImageNet expect."""

import torch
from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue in [0, 1], as torchvision states them."""


class ImageNetNormalise(nn.Module):
    """Turns images (B, 3, H, W) in [0, 1] into mean 0 and deviation 1 for each colour; ``inverse`` turns them back.

    Its constants follow the module's device and type, and are in no checkpoint.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(STD)[:, None, None], persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        return (image - self.mean) / self.std

    def inverse(self, normalised: Tensor) -> Tensor:
        """Images in [0, 1] again."""
        return normalised * self.std + self.mean
