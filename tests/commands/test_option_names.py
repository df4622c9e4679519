"""A library speaks of arguments; the command line tells by which options they are set."""

import pytest
from jsonargparse import Namespace

from deblur_lightning.commands.experiment.option_names import with_options
from tests.helpers.settings import Deblur

SETTINGS = Namespace(
    trainer=Namespace(strategy="auto", max_epochs=1),
    model=Namespace(
        class_path="deblur_lightning.methods.adversarial.AdversarialRestorer",
        init_args=Namespace(
            network=Namespace(class_path="deblur_lightning.networks.unet.UNet", init_args=Namespace(channels=3)),
            discriminator=Namespace(
                class_path="deblur_lightning.networks.patchgan.MultiScalePatchGAN", init_args=Namespace(channels=3)
            ),
            clip_norm=None,
        ),
    ),
    data=Namespace(class_path="SyntheticBlur", init_args=Namespace(crop_size=64)),
)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("crop_size=0: give 1 or more.", "crop_size=0: give 1 or more (--data.crop_size)."),
        ("UNet channels=0: give 1 or more.", "UNet channels=0: give 1 or more (--model.network.channels)."),
        (
            "UNet was made for images of channels=3: set channels=1, or give it others.",
            "UNet was made for images of channels=3: set --model.network.channels=1, or give it others.",
        ),
        (
            "MultiScalePatchGAN was made for channels=3: set channels=1.",
            "MultiScalePatchGAN was made for channels=3: set --model.discriminator.channels=1.",
        ),
        ("clip_norm=0: set clip_norm=None.", "clip_norm=0: set --model.clip_norm=null."),
        ("A GAN cannot: set strategy=ddp.", "A GAN cannot: set --trainer.strategy=ddp."),
        ("channels=0: set channels=1.", "channels=0: set channels=1."),  # of two networks, and none is named
        ("photo.png does not exist; check its path", "photo.png does not exist; check its path"),
    ],
)
def test_arguments_get_the_names_of_their_options(told: str, wanted: str) -> None:
    assert with_options(told, SETTINGS) == wanted


def test_the_command_line_names_the_option(deblur: Deblur) -> None:
    code, _, complained = deblur("fit", "--config=experiments/srcnn_915.yaml", "--model.network.widths=[0,1]")
    assert code == 2
    assert complained.splitlines()[-1].endswith("(--model.network.widths).")
