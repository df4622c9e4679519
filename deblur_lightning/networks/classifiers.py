"""The small classifiers of reports A and E: images (B, C, H, W) in [0, 1] to logits (B, classes)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks.channels import check_channels, check_counts


class Classifier(nn.Module):
    """Brings images from [0, 1] to [-1, 1], as the reports do, and checks what it is given.

    Args:
        channels: of the images.
        side: their height and width in pixels.
        classes: how many there are.

    Raises:
        UserError: a number below 1, or fewer than two classes.
    """

    layers: nn.Module

    def __init__(self, channels: int, side: int, classes: int) -> None:
        super().__init__()
        check_counts(type(self).__name__, channels=channels, side=side)
        check_counts(type(self).__name__, least=2, classes=classes)
        self.channels = channels
        self.side = side
        self.classes = classes

    def forward(self, image: Tensor) -> Tensor:
        """The logits (B, classes) of ``image``, (B, channels, side, side) in [0, 1].

        Raises:
            UserError: images of other channels or another size.
        """
        name = type(self).__name__
        check_channels(name, self.channels, image)
        height, width = image.shape[-2:]
        if (height, width) != (self.side, self.side):
            raise UserError(
                f"{name} was made for images of {self.side}x{self.side} pixels and was given one of {height}x{width}: "
                f"set side={height}, or resize them."
            )
        logits: Tensor = self.layers((image - 0.5) / 0.5)
        return logits


class MLPClassifier(Classifier):
    """Dense layers with ReLU and dropout between them; report E's has 784, 256, 128 and 10 numbers.

    Args:
        widths: numbers between the layers.
        dropout: part of them that is left out in training, from 0 to below 1.
        channels: of the images.
        side: their height and width in pixels.
        classes: how many there are.

    Raises:
        UserError: a number that makes no sense.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import MLPClassifier
        >>> MLPClassifier()(torch.rand(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        widths: Sequence[int] = (256, 128),
        dropout: float = 0.3,
        channels: int = 1,
        side: int = 28,
        classes: int = 10,
    ) -> None:
        super().__init__(channels, side, classes)
        check_counts("MLPClassifier", widths=widths)
        if not 0 <= dropout < 1:
            raise UserError(f"MLPClassifier dropout={dropout}: give 0 or more, below 1.")
        self.layers = nn.Sequential(nn.Flatten(), *_dense([channels * side**2, *widths, classes], dropout))


class CNNClassifier(Classifier):
    """Report E's: blocks of a 3x3 convolution, batch norm, ReLU and max-pooling, then dense layers.

    Args:
        widths: channels of the blocks.
        dense: numbers between the dense layers.
        channels: of the images.
        side: their height and width in pixels.
        classes: how many there are.

    Raises:
        UserError: images too small for so many blocks, or a number that makes no sense.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import CNNClassifier
        >>> CNNClassifier()(torch.rand(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        widths: Sequence[int] = (32, 64, 128),
        dense: Sequence[int] = (256, 128),
        channels: int = 1,
        side: int = 28,
        classes: int = 10,
    ) -> None:
        super().__init__(channels, side, classes)
        check_counts("CNNClassifier", widths=widths, dense=dense)
        left = side >> len(widths)
        if left < 1:
            raise UserError(f"CNNClassifier side={side} is halved {len(widths)} times, to nothing: give fewer widths.")
        blocks = [layer for before, after in pairwise([channels, *widths]) for layer in _block(before, after)]
        self.layers = nn.Sequential(
            *blocks, nn.Flatten(), *_dense([([channels, *widths])[-1] * left**2, *dense, classes])
        )


class ConvNetTiny(Classifier):
    """Report A's: a stem, three convolutions with batch norm, two dense layers.

    Args:
        stem: what comes first, mapping (B, channels, H, W) to the same shape; nothing when not given.
        channels: of the images.
        side: their height and width in pixels, at least 4.
        classes: how many there are.

    Raises:
        UserError: smaller images.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import ConvNetTiny
        >>> ConvNetTiny()(torch.rand(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """

    def __init__(self, stem: nn.Module | None = None, channels: int = 3, side: int = 32, classes: int = 10) -> None:
        super().__init__(channels, side, classes)
        if side < 4:
            raise UserError(f"ConvNetTiny side={side} is halved twice: give 4 or more.")
        self.layers = nn.Sequential(
            stem or nn.Identity(),
            *_block(channels, 3),
            *_block(3, 64),
            *_block(64, 128)[:-1],
            nn.Flatten(),
            nn.Linear(128 * (side // 4) ** 2, 64),
            nn.Linear(64, classes),
        )


def _block(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]


def _dense(widths: Sequence[int], dropout: float = 0.0) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
    return layers[:-2]
