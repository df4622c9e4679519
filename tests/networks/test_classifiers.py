"""Classifiers: the reports' sizes, behind any stem, for the images they were made for."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks.classifiers import CNNClassifier, ConvNetTiny, MLPClassifier
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.resnet import ResNet18
from deblur_lightning.networks.stems import ConvStem


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def dense(module: nn.Module) -> list[int]:
    return [layer.in_features for layer in module.modules() if isinstance(layer, nn.Linear)]


def deconv() -> FourierDeconv2d:
    return FourierDeconv2d(3, 3, (4, 4))


def test_parameter_counts() -> None:
    assert count(MLPClassifier()) == 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10
    assert [layer.in_features for layer in CNNClassifier().modules() if isinstance(layer, nn.Linear)] == [
        1152,
        256,
        128,
    ]
    assert [layer.in_features for layer in ConvNetTiny().modules() if isinstance(layer, nn.Linear)] == [8192, 64]
    assert [count(stem) for stem in (ConvStem(), deconv(), ConvStem(kernel_size=4))] == [84, 138, 147]
    assert count(ResNet18(classes=100)) == 11_227_812


@pytest.mark.parametrize("stem", [None, ConvStem(), ConvStem(kernel_size=4), deconv()])
@pytest.mark.parametrize("build", [ConvNetTiny, ResNet18])
def test_any_stem_lies_in_front_and_learns(build: Any, stem: nn.Module | None) -> None:
    torch.manual_seed(0)
    network = build(stem=stem, classes=7)
    logits = network(torch.rand(3, 3, 32, 32))
    assert logits.shape == (3, 7)
    logits.square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name


def test_a_stem_keeps_the_size() -> None:
    for kernel in (1, 3, 4):
        assert ConvStem(2, kernel)(torch.rand(1, 2, 7, 6)).shape == (1, 2, 7, 6)


def test_dropout_drops() -> None:
    image = torch.rand(1, 1, 28, 28)
    drops, keeps = MLPClassifier(dropout=0.5), MLPClassifier(dropout=0.0)
    assert not torch.equal(drops(image), drops(image))
    assert torch.equal(keeps(image), keeps(image))


def test_other_sizes_and_channels_are_options() -> None:
    assert MLPClassifier(widths=(8,), channels=3, side=9, classes=4)(torch.rand(2, 3, 9, 9)).shape == (2, 4)
    assert CNNClassifier((4, 4), (8,), 3, 9, 4)(torch.rand(2, 3, 9, 9)).shape == (2, 4)
    assert ConvNetTiny(channels=1, side=12, classes=4)(torch.rand(2, 1, 12, 12)).shape == (2, 4)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: MLPClassifier(dropout=1.0), "MLPClassifier dropout=1.0: give 0 or more, below 1."),
        (lambda: MLPClassifier(classes=1), "MLPClassifier classes=1: give 2 or more."),
        (lambda: CNNClassifier(side=7), "CNNClassifier side=7 is halved 3 times, to nothing: give fewer widths."),
        (lambda: ConvNetTiny(side=3), "ConvNetTiny side=3 is halved twice: give 4 or more."),
        (lambda: ConvStem(kernel_size=0), "ConvStem kernel_size=0: give 1 or more."),
        (
            lambda: MLPClassifier()(torch.rand(1, 3, 28, 28)),
            "MLPClassifier was made for images of channels=1 and was given one of 3: set channels=3, "
            "or give it images of 1, of a source with grey: true.",
        ),
        (
            lambda: ConvNetTiny()(torch.rand(1, 3, 28, 30)),
            "ConvNetTiny was made for images of 32x32 pixels and was given one of 28x30: set side=28, or resize them.",
        ),
    ],
)
def test_what_does_not_fit_is_refused(build: Any, told: str) -> None:
    with pytest.raises(UserError) as error:
        build()
    assert str(error.value) == told


def test_imagenet_weights_are_taken_from_disk_but_for_the_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network, stored = ResNet18(classes=5), ResNet18(classes=1000)
    assert not network.load()
    network.weights_file().parent.mkdir(parents=True)
    torch.save(stored.body.state_dict(), network.weights_file())
    head = network.body.fc.weight.clone()
    assert network.load()
    assert torch.equal(network.body.layer4[1].conv2.weight, stored.body.layer4[1].conv2.weight)
    assert torch.equal(network.body.fc.weight, head)
