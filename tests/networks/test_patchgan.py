"""PatchGAN: a map of logits for each scale, and a clear word where an image is too small for one."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.networks.patchgan import MultiScalePatchGAN

SMALL = (4, 6, 8, 10)


def images(height: int, width: int | None = None, channels: int = 3) -> Tensor:
    return torch.rand(2, channels, height, width or height, generator=torch.Generator().manual_seed(0))


def test_maps_of_a_crop_of_96_pixels() -> None:
    logits = MultiScalePatchGAN(SMALL)(images(96))
    assert [tuple(each.shape) for each in logits] == [(2, 1, 10, 10), (2, 1, 4, 4)]


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_one_map_for_each_scale(scales: int) -> None:
    logits = MultiScalePatchGAN(SMALL, scales)(images(128, 104))
    shapes = [(2, 1, 14, 11), (2, 1, 6, 4), (2, 1, 2, 1)]
    assert [tuple(each.shape) for each in logits] == shapes[:scales]


@pytest.mark.parametrize("widths", [(4, 4), (4, 4, 4), SMALL, (4, 4, 4, 4, 4)])
@pytest.mark.parametrize("scales", [1, 2, 3])
def test_the_smallest_image(widths: Sequence[int], scales: int) -> None:
    network = MultiScalePatchGAN(widths, scales)
    smallest = network.smallest
    logits = network(images(smallest, smallest + 1))
    assert len(logits) == scales
    assert all(min(each.shape) >= 1 and each.isfinite().all() for each in logits)
    assert min(logits[-1].shape[-2:]) == 1  # no pixel more than needed
    for height, width in ((smallest - 1, smallest), (smallest, smallest - 1)):
        with pytest.raises(UserError) as error:
            network(images(height, width))
        message = str(error.value)
        assert "\n" not in message
        assert f"{height}x{width}" in message
        assert f"crop_size of at least {smallest}" in message


def test_the_smallest_image_of_the_default() -> None:
    with torch.device("meta"):
        assert MultiScalePatchGAN().smallest == 48


@pytest.mark.parametrize(("height", "width"), [(96, 96), (97, 63)])
def test_each_scale_sees_the_average_of_the_one_before(height: int, width: int) -> None:
    network = MultiScalePatchGAN((4, 4), scales=3)
    image = images(height, width)
    seen: list[Tensor] = []
    for discriminator in network.discriminators:
        discriminator.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    network(image)
    assert torch.equal(seen[0], image)
    for before, after in pairwise(seen):
        h, w = before.shape[-2] // 2 * 2, before.shape[-1] // 2 * 2
        corners = [before[..., i:h:2, j:w:2] for i in (0, 1) for j in (0, 1)]
        torch.testing.assert_close(after, torch.stack(corners).mean(dim=0))


def test_a_logit_judges_a_patch_of_the_image() -> None:
    """What happens in one corner is seen in that corner's logits more than in the far ones."""
    torch.manual_seed(0)
    network = MultiScalePatchGAN((4, 4), scales=1)
    image = images(64).requires_grad_()
    (logits,) = network(image)
    gradient = torch.autograd.grad(logits[..., 0, 0].sum(), image)[0].abs().sum(dim=1)
    assert gradient[:, :16, :16].mean() > 10 * gradient[:, 32:, 32:].mean()


def test_scales_share_no_weights() -> None:
    network = MultiScalePatchGAN(SMALL, scales=2)
    one, other = (sum(p.numel() for p in each.parameters()) for each in network.discriminators)
    assert one == other
    assert sum(p.numel() for p in network.parameters()) == one + other


@pytest.mark.parametrize("channels", [1, 3, 6])
def test_channels(channels: int) -> None:
    assert len(MultiScalePatchGAN(SMALL, channels=channels)(images(48, channels=channels))) == 2


def test_every_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    network = MultiScalePatchGAN(SMALL, scales=2)
    logits = network(images(64))
    torch.stack([each.square().mean() for each in logits]).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize(("widths", "scales"), [((64,), 2), ((), 2), (SMALL, 0), (SMALL, -1)])
def test_wrong_arguments_are_refused(widths: Sequence[int], scales: int) -> None:
    with pytest.raises(UserError, match="at least two widths and one scale") as error:
        MultiScalePatchGAN(widths, scales)
    message = str(error.value)
    assert "\n" not in message
    assert str(list(widths)) in message
    assert f"scales={scales}" in message
