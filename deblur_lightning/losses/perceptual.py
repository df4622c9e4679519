"""Perceptual loss: the distance between two images in the features of a network trained on ImageNet."""

from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import VGG19_Weights, vgg19


class VGGPerceptual(nn.Module):
    """Mean squared distance of VGG-19 features after ``relu3_3`` (Johnson et al., 2016; DeblurGAN, 2018).

    The weights are looked for where torchvision keeps its downloads, and never fetched: a run neither waits for
    half a gigabyte nor depends on a network. Until ``load`` has found them there is no loss to compute.
    """

    name = "vgg19.relu3_3"
    mean: Tensor
    std: Tensor
    cure = "python -c \"from torchvision.models import vgg19; vgg19(weights='IMAGENET1K_V1')\""

    def __init__(self) -> None:
        super().__init__()
        # In a tuple the network stays out of checkpoints, optimizers and gradient averaging.
        self._vgg: tuple[nn.Module, ...] = ()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)

    @staticmethod
    def weights_file() -> Path:
        """Where torchvision keeps, or would keep, the weights on this machine."""
        name = Path(urlparse(VGG19_Weights.IMAGENET1K_V1.url).path).name
        return Path(torch.hub.get_dir()) / "checkpoints" / name

    def load(self) -> bool:
        """Read the weights from disk; returns whether they were there."""
        if not self.weights_file().is_file():
            return False
        network = vgg19()
        network.load_state_dict(torch.load(self.weights_file(), map_location="cpu", weights_only=True))
        self._vgg = (network.features[:16].eval().requires_grad_(False),)
        return True

    def forward(self, preds: Tensor, target: Tensor) -> Tensor:
        """The loss, a scalar, between images (B, 3, H, W) in [0, 1]."""
        (vgg,) = self._vgg
        vgg.to(self.mean)  # a module in a tuple follows neither device nor precision by itself
        with torch.no_grad():
            wanted = vgg((target - self.mean) / self.std)
        return F.mse_loss(vgg((preds - self.mean) / self.std), wanted)
