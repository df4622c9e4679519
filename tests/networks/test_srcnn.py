"""SRCNN: any size in, the same size out, and as many parameters as the papers and reports count."""

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks.srcnn import SRCNN


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 5), (17, 32), (33, 47)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_output_has_the_size_of_the_input(size: tuple[int, int], channels: int) -> None:
    blurred = torch.rand(2, channels, *size)
    restored = SRCNN(widths=(4, 4), channels=channels)(blurred)
    assert restored.shape == blurred.shape
    assert restored.isfinite().all()


@pytest.mark.parametrize(
    ("kernels", "widths", "count"),
    [
        ((9, 1, 5), (64, 32), 20_099),
        ((9, 3, 1, 5), (64, 64, 32), 57_027),
        ((9, 1, 1, 1, 5), (64, 32, 32, 32), 22_211),
        ((9, 1, 5), (76, 76), 30_099),
        ((9, 1, 5), (1024, 1024), 1_376_259),
        ((9, 1, 5), (2048, 2048), 4_849_667),
        ((9, 1, 5), (2673, 2673), 8_000_292),
        ((9, 1, 5), (3308, 3308), 12_001_427),
        ((9, 1, 5), (3585, 3585), 13_999_428),
    ],
)
def test_parameter_counts(kernels: Sequence[int], widths: Sequence[int], count: int) -> None:
    with torch.device("meta"):
        network = SRCNN(kernels=kernels, widths=widths)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


@pytest.mark.parametrize("size", [(5, 5), (5, 33), (17, 32)])
def test_the_wide_report_s_paddings_keep_the_size(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    blurred = torch.rand(1, 3, *size)
    usual, report = SRCNN(widths=(4, 4)), SRCNN(widths=(4, 4), paddings=(2, 2, 2))
    report.load_state_dict(usual.state_dict())
    assert report(blurred).shape == blurred.shape
    difference = (report(blurred) - usual(blurred)).abs().amax(dim=(0, 1))
    assert difference.max() > 1e-3  # at the edges, where features are replaced by zeros
    if min(size) > 12:
        assert difference[6:-6, 6:-6].max() < 1e-5


def test_an_image_that_the_paddings_leave_nothing_of_is_refused() -> None:
    with pytest.raises(UserError, match="need images of 5 pixels a side, one has 9x4"):
        SRCNN(widths=(4, 4), paddings=(2, 2, 2))(torch.rand(1, 3, 9, 4))


def test_a_residual_network_starts_as_the_identity_and_adds() -> None:
    blurred = torch.rand(2, 3, 9, 8)
    network = SRCNN(widths=(4, 4), residual=True)
    assert torch.equal(network(blurred), blurred)
    nn.init.constant_(network.layers[-1].bias, 0.5)  # type: ignore[arg-type]
    torch.testing.assert_close(network(blurred), blurred + 0.5)


def test_an_image_of_other_channels_is_refused_in_one_line() -> None:
    with pytest.raises(UserError) as error:
        SRCNN(widths=(4, 4))(torch.rand(1, 1, 8, 8))
    assert str(error.value) == (
        "SRCNN was made for images of channels=3 and was given one of 1: set channels=1, or give it images of 3."
    )


@pytest.mark.parametrize(
    ("paddings", "told"),
    [
        ((4, 0), r"paddings=\[4, 0\]: give 0 or more for each of the kernels \[9, 1, 5\]\."),
        ((-1, 2, 5), r"paddings=\[-1, 2, 5\]: give 0 or more"),
        ((2, 0, 2), r"change the image's size by -4 pixels: let them add up to 6\."),
    ],
)
def test_wrong_paddings_are_refused(paddings: Sequence[int], told: str) -> None:
    with pytest.raises(UserError, match=told):
        SRCNN(widths=(4, 4), paddings=paddings)


def test_the_defaults_are_those_of_the_paper() -> None:
    layers = list(SRCNN().modules())[2:]
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    assert [layer.kernel_size for layer in convolutions] == [(9, 9), (1, 1), (5, 5)]
    assert [layer.in_channels for layer in convolutions] == [3, 64, 32]
    assert sum(isinstance(layer, nn.ReLU) for layer in layers) == 2


def test_the_output_is_not_clamped() -> None:
    network = SRCNN(kernels=(3,), widths=())
    nn.init.constant_(network.layers[0].bias, -2.0)  # type: ignore[arg-type]
    assert network(torch.zeros(1, 3, 4, 4)).unique().tolist() == [-2.0]
    nn.init.constant_(network.layers[0].bias, 2.0)  # type: ignore[arg-type]
    assert network(torch.zeros(1, 3, 4, 4)).unique().tolist() == [2.0]


def test_a_relu_lies_between_each_two_convolutions() -> None:
    """Two 1x1 convolutions alone would be linear: the restored -x would be minus the restored x."""
    network = SRCNN(kernels=(1, 1), widths=(8,))
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
    x = torch.rand(1, 3, 4, 4)
    assert not torch.allclose(network(-x), -network(x), atol=1e-3)


def test_every_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    network = SRCNN(widths=(4, 4))
    network(torch.rand(2, 3, 12, 12)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize(
    ("kernels", "widths", "culprit"),
    [
        ((9, 1, 5), (64,), "widths"),
        ((9, 1, 5), (64, 32, 16), "widths"),
        ((), (), "widths"),
        ((9, 2, 5), (64, 32), "kernels"),
        ((9, 1, 0), (64, 32), "kernels"),
        ((9, -1, 5), (64, 32), "kernels"),
    ],
)
def test_wrong_arguments_are_refused(kernels: Sequence[int], widths: Sequence[int], culprit: str) -> None:
    with pytest.raises(UserError, match=culprit) as error:
        SRCNN(kernels=kernels, widths=widths)
    assert "\n" not in str(error.value)
    assert str(list(kernels)) in str(error.value)


def test_a_network_for_one_channel_restores_colours_alike() -> None:
    network = SRCNN(kernels=(3, 3), widths=(4,), channels=1)
    image = torch.rand(2, 3, 9, 8)
    planes = [network(image[:, colour : colour + 1]) for colour in range(3)]
    torch.testing.assert_close(network(image), torch.cat(planes, dim=1))
