"""Applies networks to images, and explains in one line what does not fit."""

import inspect
import re
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks.channels import check_channels

CHANNELS = r"expected input\[.*\] to have (\d+) channels, but got (\d+) channels"
"""How torch's convolutions complain."""


def apply(network: nn.Module, image: Tensor, *more: Tensor) -> Any:
    """What ``network`` makes of ``image``, (B, C, H, W), and of ``more``.

    Raises:
        UserError: its first convolution is for images of other channels, or it takes something else.
    """
    try:
        return network(image, *more)
    except TypeError as error:
        name, given = type(network).__name__, "the images" if not more else "the images and their PSFs"
        try:
            inspect.signature(network.forward).bind(image, *more)
        except TypeError as misfit:
            raise UserError(
                f"{name} cannot be used here ({misfit}): its forward must take {given} alone, as a network's does."
            ) from error
        raise
    except RuntimeError as error:
        found = re.search(CHANNELS, str(error))
        if found and int(found[2]) == image.shape[1]:
            settable = "channels" in inspect.signature(type(network)).parameters
            check_channels(type(network).__name__, int(found[1]), image, "channels" if settable else "")
        raise


def restore_images(network: nn.Module, blurred: Tensor, *more: Tensor) -> Tensor:
    """The restored images, of the shape of ``blurred``, (B, C, H, W).

    Args:
        network: what restores.
        blurred: the images.
        more: what else it is told.

    Raises:
        UserError: it returns something else, or takes images of other channels.
    """
    restored = apply(network, blurred, *more)
    name = type(network).__name__
    if not isinstance(restored, Tensor):
        raise UserError(
            f"{name} returns {_describe(restored)}: its forward must return the restored images alone, of the "
            "blurred ones' size; of several scales the finest."
        )
    if restored.shape != blurred.shape:
        given, wanted = ("x".join(map(str, images.shape)) for images in (restored, blurred))
        raise UserError(f"{name} returns {given} for images of {wanted}: its forward must keep their size.")
    return restored


def discriminate(discriminator: nn.Module, image: Tensor) -> Sequence[Tensor]:
    """The discriminator's maps of images (B, C, H, W), one for each scale; a single one need not be in a list."""
    maps = apply(discriminator, image)
    if isinstance(maps, Tensor):
        return [maps]
    if not (isinstance(maps, list | tuple) and maps and all(isinstance(x, Tensor) for x in maps)):
        name = type(discriminator).__name__
        raise UserError(f"{name} returns {_describe(maps)}: its forward must return one map, or a list of them.")
    return maps


def _describe(found: Any) -> str:
    kind = type(found).__name__
    return f"a {kind} of {len(found)}" if isinstance(found, list | tuple | dict) else f"a value of type {kind}"
