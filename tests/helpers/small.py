"""Small restorers, data and trainers that finish within a second."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor

from deblur_lightning.datamodules.augmentation import SmallAffine
from deblur_lightning.datamodules.labelled import LabelledData
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.losses.perceptual import VGG19Perceptual, VGGPerceptual
from deblur_lightning.losses.reconstruction import L1, ReconstructionLoss
from deblur_lightning.methods.adversarial import AdversarialRestorer
from deblur_lightning.methods.classifier import ImageClassifier
from deblur_lightning.methods.srcnn import SRCNNRestorer
from deblur_lightning.networks.classifiers import MLPClassifier
from deblur_lightning.networks.patchgan import MultiScalePatchGAN
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.networks.unet import UNet
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.synthetic_digits import SyntheticDigits


def srcnn(**settings: Any) -> SRCNNRestorer:
    return SRCNNRestorer(SRCNN(kernels=[3, 1, 3], widths=[4, 4]), **settings)


def gan(**settings: Any) -> AdversarialRestorer:
    return AdversarialRestorer(UNet(widths=[4, 8]), MultiScalePatchGAN(widths=[4, 8]), **settings)


def data(root: Path, **settings: Any) -> SyntheticBlur:
    settings = {"crop_size": 32, "batch_size": 4, "num_workers": 0} | settings
    return SyntheticBlur(Folder(root), MotionBlur(), **settings)


def trainer(folder: Path, **settings: Any) -> Trainer:
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    defaults = {"accelerator": "cpu", "max_epochs": 1, "num_sanity_val_steps": 0, "default_root_dir": folder}
    return Trainer(**(quiet | defaults | settings))


def perceptual_terms(weight: float = 0.01) -> list[ReconstructionLoss]:
    return [L1(100.0), VGG19Perceptual(weight)]


def load_a_small_network(loss: VGGPerceptual) -> bool:
    """In place of ``VGGPerceptual.load``, where half a gigabyte of weights is not at hand."""
    network = nn.Sequential(nn.Conv2d(3, 2, 3)).requires_grad_(False)
    nn.init.constant_(network[0].weight, 0.1)
    loss._extractor = (create_feature_extractor(network, {"0": "features"}),)
    return True


def weights(module: nn.Module) -> list[Tensor]:
    return [value.clone() for value in module.state_dict().values()]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def digits(length: int = 40, **settings: Any) -> LabelledData:
    return LabelledData(SyntheticDigits(length), **({"batch_size": 10, "augmentation": SmallAffine()} | settings))


def classifier(**settings: Any) -> ImageClassifier:
    torch.manual_seed(0)
    return ImageClassifier(MLPClassifier(widths=(32,), dropout=0.0), **settings)
