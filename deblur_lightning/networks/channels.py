"""Checks of networks' arguments and of the channels of images."""

from collections.abc import Sequence

from torch import Tensor

from deblur_lightning.errors import UserError


def check_channels(owner: str, channels: int, image: Tensor, argument: str = "channels") -> None:
    """Refuse images (B, C, H, W) of another C than ``channels``.

    Args:
        owner: the network's name.
        channels: what it was made for.
        image: what it was given.
        argument: of the network that makes it for others; empty where there is none.

    Raises:
        UserError: the two differ.
    """
    given = image.shape[1]
    if given != channels:
        cure = f"set {argument}={given}" if argument else f"take a network for {given}"
        grey = ", of a source with grey: true" if channels == 1 else ""
        cure = f"{cure}, or give it images of {channels}{grey}"
        raise UserError(f"{owner} was made for images of channels={channels} and was given one of {given}: {cure}.")


def check_counts(owner: str, least: int = 1, **counts: int | Sequence[int]) -> None:
    """Refuse numbers of things below ``least``.

    Args:
        owner: the network's name.
        least: what each must be at least.
        counts: numbers, or sequences of them, by the names of the arguments.

    Raises:
        UserError: naming the first that is.
    """
    for name, count in counts.items():
        if min(count if isinstance(count, Sequence) else (count,), default=least) < least:
            given = list(count) if isinstance(count, Sequence) else count
            raise UserError(f"{owner} {name}={given}: give {least} or more{' each' * isinstance(count, Sequence)}.")
