"""Brightness restored, colour passed through: what the conversion to YCbCr and back gives."""

import torch
from kornia.color import rgb_to_ycbcr
from torch import Tensor, nn

from deblur_lightning.networks.luminance import Luminance
from deblur_lightning.networks.srcnn import SRCNN


class Halved(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        assert image.shape[1] == 1
        return image / 2


def test_luma_is_changed_and_chroma_is_not() -> None:
    image = torch.rand(2, 3, 5, 7)
    before, after = rgb_to_ycbcr(image), rgb_to_ycbcr(Luminance(Halved())(image))
    torch.testing.assert_close(after[:, 0], before[:, 0] / 2, atol=1e-4, rtol=0)
    torch.testing.assert_close(after[:, 1:], before[:, 1:], atol=2e-3, rtol=0)  # kornia's weights have three digits


def test_a_network_that_does_nothing_changes_nothing() -> None:
    image = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(Luminance(nn.Identity())(image), image)


def test_a_grey_image_is_its_own_luma() -> None:
    image = torch.rand(1, 1, 9, 8)
    network = SRCNN(kernels=(3, 3), widths=(4,), channels=1)
    assert torch.equal(Luminance(network)(image), network(image))
