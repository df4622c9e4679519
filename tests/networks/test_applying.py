"""Networks of others that do not fit are refused in one line before anything is learned."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.losses.adversarial import AdversarialLoss, RelativisticAverageGAN, WassersteinGP
from deblur_lightning.losses.reconstruction import L1
from deblur_lightning.methods.adversarial import AdversarialRestorer
from deblur_lightning.methods.classifier import ImageClassifier
from deblur_lightning.methods.regression import RegressionRestorer
from deblur_lightning.methods.srcnn import SRCNNRestorer
from deblur_lightning.networks.applying import discriminate, restore_images
from deblur_lightning.networks.patchgan import MultiScalePatchGAN
from deblur_lightning.networks.unet import UNet
from tests.helpers.small import data, same, trainer, weights


class Returning(nn.Module):
    """A convolution, and whatever ``change`` makes of what it gives."""

    def __init__(self, change: Callable[[Tensor], Any], before: int = 3, after: int = 3) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, after, 3, padding=1)
        self.change = change

    def forward(self, image: Tensor) -> Any:
        return self.change(self.convolution(image))


def fitted(model: Any, photographs: Path, folder: Path) -> None:
    trainer(folder, limit_train_batches=2, limit_val_batches=1).fit(model, data(photographs))


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (Returning(lambda x: (x[..., ::4, ::4], x[..., ::2, ::2], x)), r"^Returning returns a tuple of 3: its forward"),
        (
            Returning(lambda x: [x]),
            r"^Returning returns a list of 1: its forward must return the restored images alone",
        ),
        (Returning(lambda x: {"restored": x}), r"^Returning returns a dict of 1: .* of several scales the finest\.$"),
        (
            Returning(lambda x: x[..., ::2, ::2]),
            r"^Returning returns 4x3x16x16 for images of 4x3x32x32: its forward must keep their size\.$",
        ),
        (
            Returning(lambda x: x, before=1, after=1),
            r"^Returning was made for images of channels=1 and was given one of 3: take a network for 3, or give it "
            r"images of 1, of a source with grey: true\.$",
        ),
        (
            UNet(widths=[4, 8], channels=1),
            r"^UNet was made for images of channels=1 and was given one of 3: set channels=3, or",
        ),
    ],
)
@pytest.mark.parametrize("method", [SRCNNRestorer, RegressionRestorer])
def test_what_does_not_restore_is_refused_before_anything_is_learned(
    method: Any, network: nn.Module, told: str, photographs: Path, tmp_path: Path
) -> None:
    model, before = method(network), weights(network)
    with pytest.raises(UserError, match=told):
        fitted(model, photographs, tmp_path)
    assert same(weights(network), before)


def test_a_discriminator_of_other_channels_is_named(photographs: Path, tmp_path: Path) -> None:
    model = AdversarialRestorer(UNet(widths=[4, 8]), MultiScalePatchGAN(widths=[4, 8], channels=1))
    with pytest.raises(UserError, match=r"given one of 3: set channels=3, or give"):
        fitted(model, photographs, tmp_path)
    model = AdversarialRestorer(UNet(widths=[4, 8]), Returning(lambda x: x, before=1))
    with pytest.raises(UserError, match=r"^Returning was made for images of channels=1 and was given one of 3: take"):
        fitted(model, photographs, tmp_path)


def test_a_network_s_own_mistakes_are_left_as_they_are() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(4, 3, 1))
    with pytest.raises(RuntimeError, match="to have 4 channels, but got 8 channels"):
        restore_images(network, torch.rand(1, 3, 8, 8))


@pytest.mark.parametrize("game", [RelativisticAverageGAN(), WassersteinGP()])
def test_a_discriminator_of_one_map_need_not_return_a_list(
    game: AdversarialLoss, photographs: Path, tmp_path: Path
) -> None:
    found = []
    for change in (lambda x: x, lambda x: [x]):
        torch.manual_seed(0)
        discriminator = Returning(change, after=1)
        model = AdversarialRestorer(UNet(widths=[4, 8]), discriminator, adversarial=game)
        fitted(model, photographs, tmp_path)
        found.append(weights(discriminator))
    assert same(*found)


def test_a_discriminator_of_something_else_is_refused() -> None:
    for change in (lambda x: [], lambda x: {"map": x}, lambda x: [x, None]):
        with pytest.raises(UserError, match=r"its forward must return one map, or a list of them\.$"):
            discriminate(Returning(change), torch.rand(1, 3, 8, 8))


def test_a_classifier_tells_its_classes_and_returns_logits() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    with pytest.raises(UserError, match=r"^Sequential does not tell how many classes it knows: give it self\.classes"):
        ImageClassifier(network)
    network.classes = 2  # type: ignore[assignment]
    with pytest.raises(UserError, match=r"^Sequential must return logits \(images, classes\), here 5x2, and nothing"):
        ImageClassifier(network)(torch.rand(5, 1, 2, 2))


def test_what_is_no_network_is_told() -> None:
    told = r"^L1 cannot be used here \(missing a required argument: 'target'\): its forward must take the images alone"
    with pytest.raises(UserError, match=told):
        restore_images(L1(), torch.rand(1, 3, 8, 8))


def test_a_network_s_own_mistake_stays_its_own() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        restore_images(Returning(lambda x: x + "one"), torch.rand(1, 3, 8, 8))
