"""Perceptual distances: of features of networks trained on ImageNet, weighed as people judge."""

from abc import abstractmethod
from pathlib import Path
from typing import Literal, final

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.image.dists import DeepImageStructureAndTextureSimilarity
from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
from torchvision.models import AlexNet_Weights, VGG16_Weights, alexnet, vgg16

from deblur_lightning.errors import UserError
from deblur_lightning.files.weight_files import place_of_download, read_downloaded
from deblur_lightning.metrics.image_metric import ImageMetric

NETWORKS = {"alexnet": (alexnet, AlexNet_Weights.IMAGENET1K_V1), "vgg16": (vgg16, VGG16_Weights.IMAGENET1K_V1)}
"""By torchvision's name, what builds a network and the weights that torchmetrics takes for it."""

SMALLEST = {"alexnet": 31, "vgg16": 16}
"""The smallest height and width of which something is left at the last layer."""


class PerceptualDistance(ImageMetric):
    """A distance that torchmetrics computes of a network's features.

    The network's weights are looked for where torchvision keeps its downloads, and never fetched; the weights of its
    features come with torchmetrics. Grey images are taken as three equal channels.

    Attributes:
        network: torchvision's name of it.
    """

    higher_is_better = False
    network: str

    def __init__(self) -> None:
        super().__init__()
        self._metric: Metric | None = None

    @property
    def weights_file(self) -> Path:
        """Where torchvision keeps, or would keep, the weights on this machine."""
        return place_of_download(NETWORKS[self.network][1].url)

    @property
    def cure(self) -> str:
        """The command that fetches the weights."""
        return f"python -c \"from torchvision.models import {self.network} as n; n(weights='IMAGENET1K_V1')\""

    @abstractmethod
    def build(self) -> Metric:
        """The metric of torchmetrics, whose network torchvision reads from the disk."""

    def load(self) -> str:
        if not self.weights_file.is_file():
            return f"{self.weights_file} is missing; to get it: {self.cure}"
        with torch.device("meta"):  # names and shapes alone
            like = NETWORKS[self.network][0]().state_dict()
        read_downloaded(self.weights_file, self.cure, like)
        with torch.random.fork_rng(devices=[]):  # weights are drawn before they are read
            self._metric = self.build()
        return ""

    def forward(self, preds: Tensor, target: Tensor) -> Tensor:
        assert self._metric is not None, "load() has not found the weights"
        images = [batch.float().clamp(0, 1).expand(-1, 3, -1, -1)[:, None] for batch in (preds, target)]
        if min(preds.shape[-2:]) < SMALLEST[self.network]:
            size = f"{preds.shape[-2]}x{preds.shape[-1]}"
            told = f"leave it out, or give {SMALLEST[self.network]} pixels a side"
            raise UserError(f"An image of {size} pixels is too small for {self.title}: {told}.")
        found = torch.stack([self._metric(*pair) for pair in zip(*images, strict=True)])
        self._metric.reset()
        return found


@final
class LPIPS(PerceptualDistance):
    """Learned perceptual image patch similarity (Zhang et al., CVPR 2018); 0 for equal images.

    Args:
        network: whose features: ``alex``, as most papers take for figures, or ``vgg``.
    """

    def __init__(self, network: Literal["alex", "vgg"] = "alex") -> None:
        super().__init__()
        self._of = network
        self.network = {"alex": "alexnet", "vgg": "vgg16"}[network]
        self.title = f"lpips_{network}"

    def build(self) -> Metric:
        return LearnedPerceptualImagePatchSimilarity(net_type=self._of, normalize=True)


@final
class DISTS(PerceptualDistance):
    """Deep image structure and texture similarity (Ding et al., PAMI 2020); 0 for equal images."""

    title = "dists"
    network = "vgg16"

    def build(self) -> Metric:
        return DeepImageStructureAndTextureSimilarity()
