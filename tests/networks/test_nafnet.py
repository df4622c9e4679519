"""NAFNet: any size in, the same size out; whole images come out as their crops do."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks import bands
from deblur_lightning.networks.local_mean import local_mean
from deblur_lightning.networks.nafnet import CELL, ChannelAttention, NAFNet

SMALL: dict[str, Any] = {"width": 4, "encoder_blocks": (1, 1), "middle_blocks": 1, "decoder_blocks": (1, 1)}

WINDOW = 32


def network(**settings: Any) -> NAFNet:
    """A small one whose every weight matters, as after training."""
    torch.manual_seed(0)
    net = NAFNet(**SMALL | {"window": WINDOW, "shuffle": 2} | settings)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.3)
    return net.eval()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 5), (16, 24), (70, 33)])
@pytest.mark.parametrize(("channels", "shuffle"), [(1, 1), (3, 1), (3, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_the_output_has_the_size_of_the_input(
    size: tuple[int, int], channels: int, shuffle: int, training: bool
) -> None:
    blurred = torch.rand(2, channels, *size)
    restored = network(channels=channels, shuffle=shuffle).train(training)(blurred)
    assert restored.shape == blurred.shape
    assert restored.isfinite().all()


def test_an_untrained_network_returns_its_input() -> None:
    blurred = torch.rand(1, 3, 20, 30)
    assert torch.equal(NAFNet(**SMALL, window=32)(blurred), blurred)


@pytest.mark.parametrize("shuffle", [1, 2])
def test_crops_as_large_as_the_window_come_out_as_in_training(shuffle: int) -> None:
    net = network(shuffle=shuffle)
    blurred = torch.rand(2, 3, 32, 32)
    whole = net(blurred)
    torch.testing.assert_close(whole, net.train()(blurred))


def test_a_whole_image_comes_out_otherwise_than_by_its_own_mean() -> None:
    net = network()
    blurred = torch.cat([torch.rand(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)], dim=3)
    assert (net(blurred) - net.train()(blurred)).abs().max() > 1e-3


def halves(net: NAFNet, halo: int) -> tuple[Tensor, Tensor]:
    """The middle of an image, restored with all of it around, and with ``halo`` pixels."""
    start = -(-halo // net.alignment) * net.alignment
    blurred = torch.rand(1, 3, 4 * start + 32, 4 * start + 32)
    whole = net(blurred)[..., 2 * start : -2 * start, 2 * start : -2 * start]
    part = net(blurred[..., start:-start, start:-start])[..., start:-start, start:-start]
    return part, whole


@pytest.mark.parametrize("settings", [{}, {"shuffle": 1}, {"middle_blocks": 2}, {"encoder_blocks": (2, 1)}])
def test_convolutions_reach_as_far_as_stated(settings: dict[str, Any]) -> None:
    net = network(**settings)
    for layer in net.modules():
        if isinstance(layer, ChannelAttention):
            nn.init.zeros_(layer.mix.weight)
    receptive_radius = net.receptive_radius - WINDOW
    torch.testing.assert_close(*halves(net, receptive_radius), atol=1e-5, rtol=1e-5)
    blurred = torch.rand(1, 3, 1, 4 * receptive_radius // net.stride * net.stride)
    other = blurred.clone()
    middle = blurred.shape[-1] // 2
    other[..., middle] += 1
    changed = (net(blurred) != net(other)).any(dim=1).flatten().nonzero()
    assert receptive_radius / 3 < (changed - middle).abs().max() <= receptive_radius


def test_parts_that_start_on_the_grain_are_computed_as_the_whole() -> None:
    net = network(encoder_blocks=(0,), decoder_blocks=(0,))  # one window of channel attention, which ends
    enough = net.receptive_radius + 32 // 2 + 2 * net.alignment
    torch.testing.assert_close(*halves(net, enough), atol=1e-5, rtol=1e-5)


def naive_mean(x: Tensor, window: int, cell: int) -> Tensor:
    """Cell by cell, from whole cells."""
    rows = []
    for down in range(0, x.shape[2], cell):
        row = []
        for right in range(0, x.shape[3], cell):
            spans = []
            for position, length in ((down, x.shape[2]), (right, x.shape[3])):
                cells, receptive_radius = -(-length // cell), -(-window // cell)
                first = max(0, min(position // cell - receptive_radius // 2, cells - receptive_radius))
                spans.append(slice(first * cell, min((first + receptive_radius) * cell, length)))
            row.append(x[:, :, spans[0], spans[1]].mean(dim=(2, 3)))
        rows.append(torch.stack(row, dim=-1))
    return torch.stack(rows, dim=-2)


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (13, 17), (16, 24)])
@pytest.mark.parametrize("window", [2, 4, 8, 12, 100])
def test_local_means_are_means_over_windows(size: tuple[int, int], window: int) -> None:
    x = torch.rand(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(local_mean(x, window, 4), naive_mean(x, window, 4))


def test_a_window_as_large_as_the_image_gives_its_mean() -> None:
    x = torch.rand(1, 2, 13, 10)
    torch.testing.assert_close(local_mean(x, 13, 4), x.mean(dim=(2, 3), keepdim=True).expand(1, 2, 4, 3))


def test_channel_attention_scales_channels() -> None:
    attention = ChannelAttention(2, 8)
    nn.init.zeros_(attention.mix.weight)
    attention.mix.bias.data = torch.tensor([2.0, 3.0])
    x = torch.rand(1, 5, 7, 2)
    for training in (True, False):
        scale = attention.train(training).at(attention(x), 1, 5, 7)
        torch.testing.assert_close(scale.expand(1, 4, 7, 2), torch.tensor([2.0, 3.0]).expand(1, 4, 7, 2))


@pytest.mark.parametrize("pixels", [1, 500, 1300])
def test_bands_of_rows_change_nothing(pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "BAND", pixels)
    net, blurred = network(), torch.rand(2, 3, 75, 50)
    rows: list[int] = []
    net.encoders[0][0].spread.register_forward_hook(lambda module, inputs, output: rows.append(output.shape[-2]))
    at_once = net(blurred)
    assert rows == [40]
    with torch.no_grad():
        in_bands = net(blurred)
    torch.testing.assert_close(in_bands, at_once, atol=1e-6, rtol=1e-5)
    assert len(rows[1:]) > 1
    assert max(rows[1:]) <= max(1, pixels // (2 * 28)) + 2


def test_sizes_and_depths_set_the_network() -> None:
    def parameters(**settings: Any) -> int:
        return sum(p.numel() for p in NAFNet(**SMALL | settings).parameters())

    assert parameters(width=8) > 3 * parameters()
    for changed in ({"encoder_blocks": (1, 2)}, {"middle_blocks": 2}, {"decoder_blocks": (2, 1)}):
        assert parameters(**changed) > parameters()
    assert NAFNet(**SMALL | {"encoder_blocks": (1,), "decoder_blocks": (1,)}, shuffle=2).stride == 4
    assert NAFNet(**SMALL).alignment == 4 * CELL


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0}, "NAFNet width=0: give 1 or more"),
        ({"encoder_blocks": (), "decoder_blocks": ()}, "blocks of one level or more"),
        ({"middle_blocks": -1}, "none below 0"),
        ({"decoder_blocks": (1,)}, r"encoder_blocks=\[1, 1\] and decoder_blocks=\[1\]: give both as many levels"),
        ({"shuffle": 3}, "NAFNet shuffle=3: give 1 or 2"),
        ({"window": 30}, "NAFNet window=30: give a multiple of 4"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        NAFNet(**SMALL | settings)
