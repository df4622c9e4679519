"""ResNet-18 (He et al., 2016) behind a stem, with ImageNet's weights where they are on disk."""

from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights, resnet18

from deblur_lightning.files.weight_files import read_downloaded
from deblur_lightning.networks.channels import check_channels, check_counts


class ResNet18(nn.Module):
    """torchvision's ResNet-18 with a head of its own, as in report A.

    ImageNet's weights are looked for where torchvision keeps its downloads, and never fetched.

    Args:
        stem: what comes first, mapping (B, 3, H, W) to the same shape; nothing when not given.
        classes: how many there are.
        pretrained: whether ``load`` may start from ImageNet's weights.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import ResNet18
        >>> ResNet18(pretrained=False)(torch.rand(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """

    name = "resnet18.imagenet1k_v1"
    cure = "python -c \"from torchvision.models import resnet18; resnet18(weights='IMAGENET1K_V1')\""
    channels = 3

    def __init__(self, stem: nn.Module | None = None, classes: int = 10, pretrained: bool = True) -> None:
        super().__init__()
        check_counts("ResNet18", least=2, classes=classes)
        self.classes = classes
        self.pretrained = pretrained
        self.stem = stem or nn.Identity()
        self.body = resnet18()
        self.body.fc = nn.Linear(self.body.fc.in_features, classes)

    @staticmethod
    def weights_file() -> Path:
        """Where torchvision keeps, or would keep, the weights on this machine."""
        name = Path(urlparse(ResNet18_Weights.IMAGENET1K_V1.url).path).name
        return Path(torch.hub.get_dir()) / "checkpoints" / name

    def load(self) -> bool:
        """Start the body, all but its head, from ImageNet's weights; returns whether they were on disk.

        Raises:
            UserError: they are damaged.
        """
        if not self.weights_file().is_file():
            return False
        own = {name: value for name, value in self.body.state_dict().items() if not name.startswith("fc.")}
        self.body.load_state_dict(read_downloaded(self.weights_file(), self.cure, own), strict=False)
        return True

    def forward(self, image: Tensor) -> Tensor:
        """The logits (B, classes) of ``image``, (B, 3, H, W) in [0, 1].

        Raises:
            UserError: images of other channels.
        """
        check_channels("ResNet18", self.channels, image)
        logits: Tensor = self.body(self.stem((image - 0.5) / 0.5))
        return logits
