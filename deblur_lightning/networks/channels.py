"""The one line told where an image's number of channels is not the network's."""

from torch import Tensor

from deblur_lightning.errors import UserError


def check_channels(owner: str, channels: int, image: Tensor) -> None:
    """Refuse images (B, C, H, W) of another C than ``channels``.

    Args:
        owner: the network's name.
        channels: what it was made for.
        image: what it was given.

    Raises:
        UserError: the two differ.
    """
    given = image.shape[1]
    if given != channels:
        cure = f"set --model.network.channels={given}, or give it images of {channels}"
        raise UserError(f"{owner} was made for images of channels={channels} and was given one of {given}: {cure}.")
