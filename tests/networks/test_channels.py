"""Every network that is made for some channels refuses images of others in one line."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.image_discriminator import ImageDiscriminator
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.patchgan import MultiScalePatchGAN
from deblur_lightning.networks.regularised import MultiDeconv
from deblur_lightning.networks.skip_autoencoder import SkipAutoencoder
from deblur_lightning.networks.unet import UNet


@pytest.mark.parametrize(
    ("build", "given"),
    [
        (lambda: UNet(widths=[4]), 1),
        (lambda: UNet(widths=[4], channels=1), 3),
        (lambda: NAFNet(width=4, channels=1), 3),
        (lambda: MultiScalePatchGAN(widths=[4, 8]), 1),
        (lambda: ImageDiscriminator(widths=[4, 4, 4, 4]), 1),
        (lambda: SkipAutoencoder(), 1),
        (lambda: MultiDeconv(channels=3), 1),
        (lambda: FourierDeconv2d(in_channels=3, out_channels=3), 1),
    ],
)
def test_images_of_other_channels_are_refused(build: Callable[[], nn.Module], given: int) -> None:
    network = build()
    with pytest.raises(
        UserError, match=rf"^{type(network).__name__} was made for images of channels=\d and .* of {given}: "
    ):
        network(torch.rand(2, given, 64, 64))
