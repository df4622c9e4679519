"""Perceptual losses: distances between features of a VGG network trained on ImageNet."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import VGG, VGG16_Weights, VGG19_Weights, vgg16, vgg19
from torchvision.models.feature_extraction import create_feature_extractor

from deblur_lightning.errors import UserError
from deblur_lightning.files.weight_files import place_of_download, read_downloaded
from deblur_lightning.functional.imagenet import ImageNetNormalise
from deblur_lightning.losses.reconstruction import ReconstructionLoss


class VGGPerceptual(ReconstructionLoss):
    """Mean squared distance of a VGG's features (Johnson et al., 2016), averaged over its ``layers``.

    The weights are looked for where torchvision keeps its downloads, and never fetched: a run neither waits for
    half a gigabyte nor depends on a network. Until ``load`` has found them there is no loss to compute.

    Args:
        weight: what the distance is multiplied with.
        layers: such as "relu3_3", after the third convolution of the third block.

    Attributes:
        network: what torchvision calls it.
        blocks: convolutions in each of its blocks.

    Raises:
        UserError: no layers, or one that the network does not have.
    """

    title = "perceptual"
    network: str
    blocks: tuple[int, ...]

    def __init__(self, weight: float = 1.0, layers: Sequence[str] = ("relu3_3",)) -> None:
        super().__init__(weight)
        places = places_of_layers(self.blocks)
        unknown = [layer for layer in layers if layer not in places]
        if unknown or not layers:
            kind = type(self).__name__
            raise UserError(f"{kind} layers={list(layers)}: choose one or more of {', '.join(places)}.")
        self.layers = tuple(sorted(layers, key=places.__getitem__))
        # In a tuple the network stays out of checkpoints, optimizers and gradient averaging.
        self._extractor: tuple[nn.Module, ...] = ()
        self.normalise = ImageNetNormalise()

    @staticmethod
    @abstractmethod
    def weights_file() -> Path:
        """Where torchvision keeps, or would keep, the weights on this machine."""

    @abstractmethod
    def build(self) -> VGG:
        """The network without its weights."""

    @property
    def name(self) -> str:
        """Which features these are, such as "vgg19.relu3_3"."""
        return f"{self.network}.{'+'.join(self.layers)}"

    @property
    def cure(self) -> str:
        """The command that fetches the weights."""
        return f"python -c \"from torchvision.models import {self.network} as v; v(weights='IMAGENET1K_V1')\""

    def load(self) -> bool:
        """Read the weights from disk; returns whether they were there.

        Raises:
            UserError: they are damaged.
        """
        if not self.weights_file().is_file():
            return False
        with torch.device("meta"):  # names and shapes alone
            network = self.build()
        network.load_state_dict(read_downloaded(self.weights_file(), self.cure, network.state_dict()), assign=True)
        places = places_of_layers(self.blocks)
        wanted = {str(places[layer]): layer for layer in self.layers}
        features = network.features.eval().requires_grad_(False)
        self._extractor = (create_feature_extractor(features, wanted),)
        return True

    def distance(self, preds: Tensor, target: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self._features(target)
        found = self._features(preds)
        return torch.stack([F.mse_loss(one, other) for one, other in zip(found, wanted, strict=True)]).mean()

    def _features(self, image: Tensor) -> list[Tensor]:
        assert self._extractor, "load() has not found the weights"
        (extractor,) = self._extractor
        extractor.to(self.normalise.mean)  # a module in a tuple follows neither device nor precision by itself
        return list(extractor(self.normalise(image)).values())


@final
class VGG16Perceptual(VGGPerceptual):
    """Of VGG-16 (Simonyan and Zisserman, 2015)."""

    blocks = (2, 2, 3, 3, 3)
    network = "vgg16"

    @staticmethod
    def weights_file() -> Path:
        return place_of_download(VGG16_Weights.IMAGENET1K_V1.url)

    def build(self) -> VGG:
        return vgg16()


@final
class VGG19Perceptual(VGGPerceptual):
    """Of VGG-19; ``relu3_3`` is DeblurGAN's choice (Kupyn et al., 2018)."""

    blocks = (2, 2, 4, 4, 4)
    network = "vgg19"

    @staticmethod
    def weights_file() -> Path:
        return place_of_download(VGG19_Weights.IMAGENET1K_V1.url)

    def build(self) -> VGG:
        return vgg19()


def places_of_layers(blocks: Sequence[int]) -> dict[str, int]:
    """Where each ReLU lies among torchvision's features: convolution and ReLU in turn, a pooling after each block."""
    places: dict[str, int] = {}
    start = 0
    for block, count in enumerate(blocks, start=1):
        places |= {f"relu{block}_{number}": start + 2 * number - 1 for number in range(1, count + 1)}
        start += 2 * count + 1
    return places
