"""A trained network ready to restore: from the package, a checkpoint or a safetensors file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from jsonargparse import ArgumentError, ArgumentParser
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.methods.averaging import network_weights

SHIPPED = "nafnet_blind"
"""Name of the shipped model's two files, .safetensors and .json, in the package's folder ``weights``."""


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
        return int(self.settings.get("init_args", {}).get("channels", 3))

    @property
    def reach(self) -> int | None:
        """How far away a pixel can matter; None where the network looks at the whole image."""
        reach = getattr(self.network, "reach", None)
        return None if reach is None else int(reach)

    @property
    def grain(self) -> int:
        """Multiples of which tiles should start at."""
        return int(getattr(self.network, "grain", getattr(self.network, "stride", 1)))


def weights_folder() -> Path:
    """Where the shipped weights lie."""
    return Path(str(resources.files("deblur_lightning"))) / "weights"


def load(path: Path | None = None) -> Model:
    """Load ``path``, a .ckpt of a run or a .safetensors of ``deblur export``; without one the shipped model.

    A card of the file's name that ends in .json is read too, and its hash checked.

    Raises:
        UserError: the file is missing, damaged, other than its card says, or not of a network that can restore photos.
    """
    if path is None:
        path = weights_folder() / f"{SHIPPED}.safetensors"
        if not path.is_file():
            raise UserError("this installation has no weights: install the package again, or give --ckpt=FILE.")
    if not path.is_file():
        raise UserError(f"no file {path}: --ckpt takes a run's checkpoints/best.ckpt or a .safetensors file.")
    card = read_card(path)
    settings, weights = _safetensors(path) if path.suffix == ".safetensors" else _checkpoint(path)
    return Model(_loaded(built(settings, path), weights, path), settings, card, path.stem)


def read_card(path: Path) -> dict[str, Any]:
    """The card beside the weights ``path``, whose hash must be theirs; empty if there is none.

    Raises:
        UserError: it cannot be read, or the weights are others.
    """
    place = path.with_suffix(".json")
    if path.suffix != ".safetensors" or not place.is_file():
        return {}
    try:
        card: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        expected = card["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{place} is no card of weights: install the package again, or move it away.") from error
    if sha256(path) != expected:
        raise UserError(f"{path} is not the file that {place.name} describes: install the package again.")
    return card


def sha256(path: Path) -> str:
    """The file's hash, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def built(settings: Mapping[str, Any], path: Path) -> nn.Module:
    """The network of ``settings``, class_path and init_args, with fresh weights.

    Raises:
        UserError: no such network.
    """
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(nn.Module, "network", required=True)
    try:
        network: nn.Module = parser.instantiate(parser.parse_object({"network": dict(settings)})).network
    except (ArgumentError, ValueError, TypeError, UserError) as error:
        name = settings.get("class_path")
        raise UserError(f"{path} is of a network {name} that cannot be built here ({_first_line(error)}).") from error
    if getattr(network, "takes_psf", False):
        raise UserError(f"{path} is of {type(network).__name__}, which must be told each photo's PSF: nobody knows it.")
    return network


def _safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            described = (file.metadata() or {}).get("network")
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is no sound safetensors file ({_first_line(error)}): get another copy.") from error
    if described is None:
        raise UserError(f"{path} does not say which network it is of: make it with deblur export.")
    return json.loads(described), weights


def _checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        settings, state = checkpoint.get("hyper_parameters", {}).get("network"), checkpoint["state_dict"]
    except Exception as error:  # a damaged pickle raises nearly anything
        raise UserError(f"{path} is no checkpoint of deblur fit ({_first_line(error)}): give another.") from error
    if not isinstance(settings, dict) or "class_path" not in settings:
        raise UserError(f"{path} does not say which network it is of: give a checkpoint that deblur fit has made.")
    return dict(settings), network_weights(state)


def _loaded(network: nn.Module, weights: dict[str, Tensor], path: Path) -> nn.Module:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        name = type(network).__name__
        raise UserError(f"{path} does not fit the {name} that it says it is of: get another copy.") from error
    return network.requires_grad_(False).eval()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip(" .:")
