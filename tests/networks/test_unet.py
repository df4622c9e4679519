"""U-Net: any size in, the same size out, whatever the number of levels."""

from collections.abc import Sequence

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.networks.unet import UNet

SMALL = (4, 6, 8, 10)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (7, 5), (8, 8), (16, 24), (17, 33)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_output_has_the_size_of_the_input(size: tuple[int, int], channels: int) -> None:
    blurred = torch.rand(2, channels, *size)
    restored = UNet(SMALL, channels)(blurred)
    assert restored.shape == blurred.shape
    assert restored.isfinite().all()


@pytest.mark.parametrize("widths", [(4,), (4, 6), [4, 4, 4], (4, 4, 4, 4, 4)])
def test_any_number_of_levels(widths: Sequence[int]) -> None:
    blurred = torch.rand(1, 3, 13, 18)
    assert UNet(widths)(blurred).shape == blurred.shape


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_finite_in_both_precisions(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    network = UNet(SMALL).to(dtype)
    for level in (0.0, 0.5, 1.0):
        restored = network(torch.full((2, 3, 20, 20), level, dtype=dtype))
        assert restored.dtype == dtype
        assert restored.isfinite().all()
    assert network(torch.rand(2, 3, 20, 20, dtype=dtype)).isfinite().all()


def test_widths_set_the_size_of_the_network() -> None:
    with torch.device("meta"):
        counts = [
            sum(p.numel() for p in UNet(widths).parameters()) for widths in ((8, 8), (8, 16), (16, 16), (8, 8, 8))
        ]
    assert len(set(counts)) == 4
    assert min(counts) == counts[0]


def test_every_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    network = UNet(SMALL)
    network(torch.rand(2, 3, 16, 16)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert any(parameter.grad.abs().max() > 0 for parameter in network.parameters() if parameter.grad is not None)


def test_it_learns() -> None:
    """A few steps bring a brightened image nearer to its original, so the output is no mere copy."""
    torch.manual_seed(0)
    network = UNet(SMALL)
    sharp = torch.rand(2, 3, 16, 16) * 0.5
    blurred = sharp + 0.3
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loss = (network(blurred) - sharp).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_no_widths_are_refused() -> None:
    with pytest.raises(UserError, match="widths") as error:
        UNet([])
    assert "\n" not in str(error.value)


def test_an_untrained_network_returns_its_input() -> None:
    blurred = torch.rand(2, 3, 40, 37)
    assert torch.equal(UNet(SMALL)(blurred), blurred)


def test_what_is_added_ignores_brightness_and_is_proportional_to_contrast() -> None:
    torch.manual_seed(0)
    network = UNet(SMALL)
    for parameter in network.parameters():  # else it adds nothing
        torch.nn.init.normal_(parameter, std=0.1)
    blurred = torch.rand(2, 3, 64, 64)
    added = (network(blurred) - blurred).detach()
    changed = 0.25 + 0.5 * blurred
    assert torch.allclose(network(changed) - changed, 0.5 * added, atol=1e-3 * float(added.abs().max()))


@pytest.mark.parametrize("skips", [True, False])
def test_without_skips_the_way_up_knows_the_lowest_level_alone(skips: bool) -> None:
    torch.manual_seed(0)
    network = UNet((4, 6), skips=skips)
    said: list[torch.Tensor] = []
    network.down[0].register_forward_hook(lambda _, given, found: torch.zeros_like(found))  # an empty lowest level
    network.tail.register_forward_pre_hook(lambda _, given: said.append(given[0]))
    for _ in range(2):
        network(torch.rand(1, 3, 32, 32))
    assert torch.equal(*said) == (not skips)
