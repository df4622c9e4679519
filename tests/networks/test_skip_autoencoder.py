"""Report B's generator: its table of sizes and channels, and any size by padding."""

import pytest
import torch
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.functional.imagenet import MEAN, STD
from deblur_lightning.networks.skip_autoencoder import SkipAutoencoder

SMALL = (8, 4, 8, 8, 8)
TABLE = [
    (3, 64), (64, 62), (128, 30), (256, 28), (512, 13), (512, 11),  # down
    (128, 13), (128, 28), (64, 30), (32, 61), (16, 62), (3, 64),  # up, before each joint
]  # fmt: skip


def test_shapes_and_channels_are_the_report_s() -> None:
    with torch.device("meta"):
        network = SkipAutoencoder()
        shapes, taken = [(3, 64)], []
        for layer in (*network.down, *network.up):
            layer.register_forward_hook(lambda _, given, found: shapes.append((found.shape[1], found.shape[2])))
            layer.register_forward_pre_hook(lambda _, given: taken.append(given[0].shape[1]))
        assert network(torch.empty(2, 3, 64, 64)).shape == (2, 3, 64, 64)
    assert shapes == TABLE
    assert taken == [3, 64, 128, 256, 512, 512, 640, 384, 192, 32, 80]
    kernels = [(*layer.kernel_size, *layer.stride, *layer.padding) for layer in (*network.down, *network.up)]
    assert kernels == [
        (k, k, s, s, 0, 0)
        for k, s in [(3, 1), (3, 2), (3, 1), (3, 2), (3, 1), (3, 1), (4, 2), (3, 1), (3, 2), (2, 1), (3, 1)]
    ]


@pytest.mark.parametrize("size", [(24, 28), (64, 68), (32, 100)])
def test_multiples_of_four_need_no_padding(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network = SkipAutoencoder(SMALL)
    image = torch.rand(2, 3, *size)
    mean, std = (torch.tensor(x)[:, None, None] for x in (MEAN, STD))
    assert torch.equal(network(image), network.fitting((image - mean) / std) * std + mean)


@pytest.mark.parametrize("margin", [0, 3])
@pytest.mark.parametrize("size", [(1, 1), (7, 33), (24, 25), (63, 66)])
def test_any_size_is_padded_and_cropped(size: tuple[int, int], margin: int) -> None:
    torch.manual_seed(0)
    image = torch.rand(2, 3, *size)
    restored = SkipAutoencoder(SMALL, margin)(image)
    assert restored.shape == image.shape
    assert restored.isfinite().all()


def test_an_untrained_network_returns_its_input_but_for_the_outermost_pixels() -> None:
    torch.manual_seed(0)
    image = torch.rand(2, 3, 64, 64)
    inner = (..., slice(1, -1), slice(1, -1))
    restored = SkipAutoencoder(SMALL)(image)
    torch.testing.assert_close(restored[inner], image[inner])
    assert (restored - image).abs()[..., 0, :].mean() > 0.1


@pytest.mark.parametrize("size", [(64, 64), (33, 70)])
def test_a_margin_has_the_outermost_pixels_returned_too(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    image = torch.rand(2, 3, *size)
    torch.testing.assert_close(SkipAutoencoder(SMALL, margin=1)(image), image)


def test_each_joint_counts() -> None:
    """Every part of every layer gets a gradient, once the last layer is no longer empty."""
    torch.manual_seed(0)
    network = SkipAutoencoder(SMALL)
    assert isinstance(network.up[-1].weight, Tensor)
    nn.init.normal_(network.up[-1].weight)
    network(torch.rand(2, 3, 32, 32)).square().sum().backward()
    for layer, joined in ((network.up[1], 8), (network.up[2], 8), (network.up[3], 4), (network.up[5], 8)):
        assert isinstance(layer.weight, Tensor)
        assert layer.weight.grad is not None
        own, skip = layer.weight.grad[:-joined], layer.weight.grad[-joined:]
        assert own.abs().sum() > 0
        assert skip.abs().sum() > 0


def test_widths_that_do_not_fit_are_refused() -> None:
    for widths in ([8, 4, 4, 4], [8, 4, 4, 4, 6], [8, 0, 4, 4, 4], [4, 4, 4, 4, 4]):
        with pytest.raises(
            UserError, match=r"SkipAutoencoder widths=\[.*\]: give five multiples of 4, the first 8 or more\.$"
        ):
            SkipAutoencoder(widths)
    with pytest.raises(UserError, match=r"SkipAutoencoder margin=-1: give 0 or more, up to 256\.$"):
        SkipAutoencoder(SMALL, margin=-1)
