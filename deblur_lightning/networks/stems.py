"""First layers of a classifier, to compare with the deconvolution layer."""

from torch import Tensor, nn

from deblur_lightning.networks.channels import check_counts


class ConvStem(nn.Module):
    """One convolution that keeps channels and size.

    Args:
        channels: of the image, in and out.
        kernel_size: side of the kernel in pixels; an even one has a row and a column more below and to the right.

    Raises:
        UserError: a number below 1.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import ConvStem
        >>> ConvStem()(torch.rand(2, 3, 16, 16)).shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(self, channels: int = 3, kernel_size: int = 3) -> None:
        super().__init__()
        check_counts("ConvStem", channels=channels, kernel_size=kernel_size)
        self.layer = nn.Conv2d(channels, channels, kernel_size, padding="same")

    def forward(self, image: Tensor) -> Tensor:
        """Filter ``image``, (B, channels, H, W)."""
        filtered: Tensor = self.layer(image)
        return filtered
