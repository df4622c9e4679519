"""Loads a trained network that restores: the shipped one, a checkpoint or a safetensors file."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import nn

from deblur_lightning.errors import UserError
from deblur_lightning.files.allowlist import check_output, network_of
from deblur_lightning.files.plain_data import parse_json, text_keys
from deblur_lightning.files.weight_files import settings_and_weights
from deblur_lightning.networks.published import Published

SHIPPED = "nafnet_photographs"
"""Name of the shipped model's two files, .safetensors and .json, in the package's folder ``weights``."""

TRIED = 128
"""Pixels a side of the image that a network is tried on."""

LONGEST_CARD = 1_000_000
"""Bytes."""


@dataclass(frozen=True)
class Model:
    """A network with its weights, in evaluation mode.

    Attributes:
        network: restores (B, C, H, W) in [0, 1].
        settings: the network's class_path and init_args.
        card: what is known of its training; empty where there is no card.
        name: for messages.
    """

    network: nn.Module
    settings: dict[str, Any]
    card: dict[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def channels(self) -> int:
        """Of the images that the network takes: 1 or 3."""
        if isinstance(self.network, Published):
            return self.network.channels
        channels = (self.settings.get("init_args") or {}).get("channels", 3)
        return channels if isinstance(channels, int) else 3  # in a user's own network the word may mean anything

    @property
    def receptive_radius(self) -> int | None:
        """How far away a pixel can matter; None where the network looks at the whole image."""
        receptive_radius = getattr(self.network, "receptive_radius", None)
        return None if receptive_radius is None else int(receptive_radius)

    @property
    def alignment(self) -> int:
        """Multiples of which tiles should start at."""
        return int(getattr(self.network, "alignment", getattr(self.network, "stride", 1)))

    @property
    def tile(self) -> int | None:
        """The side of the tiles, with what surrounds them, that its photos should be cut into; None leaves it open."""
        return self.network.tile if isinstance(self.network, Published) else None

    @property
    def origin(self) -> str:
        """Whose network a file of other people holds, in words; empty for our own."""
        if not isinstance(self.network, Published):
            return ""
        count = sum(value.numel() for value in self.network.parameters()) / 1e6
        return f"{self.name}: {self.network.architecture}, {count:.1f} million weights; its file names no licence"


def weights_folder() -> Path:
    """Where the shipped weights lie."""
    return Path(str(resources.files("deblur_lightning"))) / "weights"


def load_model(path: Path | None = None, trust: Sequence[str] = ()) -> Model:
    """Load ``path``, a .ckpt of a run, a .safetensors of ``deblur export`` or published weights; or the shipped model.

    The file is data: what it names is of this package or of modules that are trusted, and nothing else is imported.
    A card of the file's name that ends in .json is read too, and its hash checked.

    Args:
        path: of the file.
        trust: names of modules whose networks the file may name too; their code runs.

    Raises:
        UserError: the file is missing, damaged, other than its card says, or not of a network that can restore photos.
    """
    if path is None:
        path = weights_folder() / f"{SHIPPED}.safetensors"
        if not path.is_file():
            raise UserError("this installation has no weights: install the package again, or give --ckpt=FILE.")
    model = read_model(path, trust)
    if getattr(model.network, "takes_psf", False):
        name = type(model.network).__name__
        raise UserError(f"{path} is of {name}, which must be told each photo's PSF: nobody knows it.")
    if model.channels not in (1, 3):
        raise UserError(f"{path} is of a network for images of {model.channels} channels: photos have 1 or 3.")
    shape = (1, model.channels, TRIED, TRIED)
    check_output(model.network, torch.full(shape, 0.5), shape, path)
    return model


def read_model(path: Path, trust: Sequence[str] = ()) -> Model:
    """Load ``path`` as ``load`` does, but of any network, a classifier too.

    Raises:
        UserError: the file is missing, damaged, or other than its card says.
    """
    if not path.is_file():
        raise UserError(f"no file {path}: --ckpt takes a run's checkpoints/best.ckpt, a .safetensors or a .pth file.")
    card = read_card(path)
    settings, weights = settings_and_weights(path)
    return Model(network_of(settings, weights, path, trust), settings, card, path.stem)


def read_card(path: Path) -> dict[str, Any]:
    """The card beside the weights ``path``, whose hash must be theirs; empty if there is none.

    Raises:
        UserError: it cannot be read or is no card, or the weights are others.
    """
    place = path.with_suffix(".json")
    if path.suffix != ".safetensors" or not place.is_file():
        return {}
    try:
        if place.stat().st_size > LONGEST_CARD:
            raise ValueError("it is too long")
        card = text_keys(parse_json(place.read_bytes()))
        expected = card["sha256"]
        _check_estimates(card.get("estimates", {}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{place} is no card of weights: install the package again, or move it away.") from error
    if sha256(path) != expected:
        raise UserError(f"{path} is not the file that {place.name} describes: install the package again.")
    return card


def sha256(path: Path) -> str:
    """The file's hash, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_estimates(ranges: Any) -> None:
    """Refuse what is no range of blur and no range of noise; see ``Estimate``.

    Raises:
        ValueError: it is something else.
    """
    if ranges and set(text_keys(ranges)) != {"blur", "noise"}:
        raise ValueError("its estimates are not of blur and noise")
    for low, high in text_keys(ranges).values():
        if not all(type(value) in (int, float) for value in (low, high)) or not 0 <= low <= high:
            raise ValueError("its estimates are no ranges")
