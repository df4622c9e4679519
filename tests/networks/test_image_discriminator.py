"""Report B's discriminator: its table, one logit for each image, 64x64 pixels alone."""

import pytest
import torch
from torch import nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks.image_discriminator import ImageDiscriminator

SMALL = (4, 4, 4, 4)


@pytest.mark.parametrize("last_norm", [True, False])
def test_layers_are_the_report_s(last_norm: bool) -> None:
    with torch.device("meta"):
        network = ImageDiscriminator(last_norm=last_norm)
        shapes: list[tuple[int, ...]] = []
        for layer in network.features:
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(lambda _, given, found: shapes.append(tuple(found.shape[1:])))
        (logits,) = network(torch.empty(2, 3, 64, 64))
    assert logits.shape == (2, 1)
    assert shapes == [(64, 62, 62), (128, 30, 30), (256, 28, 28), (512, 13, 13)]
    kinds = [type(layer) for layer in network.features]
    assert kinds == ([nn.Conv2d, nn.ReLU, nn.BatchNorm2d] * 4)[: None if last_norm else -1]
    assert (network.judgement.in_features, network.judgement.out_features) == (512 * 13 * 13, 1)


def test_it_gives_logits() -> None:
    torch.manual_seed(0)
    network = ImageDiscriminator(SMALL)
    network.judgement.weight.data *= 100
    (logits,) = network(torch.rand(8, 3, 64, 64))
    assert logits.min() < 0 or logits.max() > 1


def test_every_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    network = ImageDiscriminator(SMALL)
    network(torch.rand(2, 3, 64, 64))[0].sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("size", [(63, 64), (64, 65), (96, 96)])
def test_other_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UserError) as error:
        ImageDiscriminator(SMALL)(torch.rand(1, 3, *size))
    height, width = size
    assert str(error.value) == (
        f"ImageDiscriminator judges images of 64x64 pixels, not {height}x{width}: set crop_size=64."
    )


def test_wrong_widths_are_refused() -> None:
    for widths in ([4, 4, 4], [4, 4, 4, 0]):
        with pytest.raises(UserError, match="give four, 1 or more each"):
            ImageDiscriminator(widths)
