"""Reads checkpoints and safetensors files as data: nothing in them is executed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.moved_names import with_names_of_today
from deblur_lightning.files.pickles import check_tensors, is_packed
from deblur_lightning.files.plain_data import check_plain, leaves, parse_json, printable, text_keys
from deblur_lightning.files.published_files import SUFFIXES as PUBLISHED_SUFFIXES
from deblur_lightning.files.published_files import read_published

PUBLISHED = "deblur_lightning.networks.Published"
"""The class of networks whose weights tell what they are."""

TENSORS = ("state_dict", "latest", "generators")
"""Keys of a checkpoint that hold tensors by name."""

PLAIN = ("loops", "epoch", "global_step", "settings", "features")
"""Keys of a checkpoint that hold plain data, or tensors among it; what else there may be is a user's own."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint of ``deblur fit``, its tensors left on the disk until they are used.

    Raises:
        UserError: it is absent, damaged, no checkpoint, larger than it seems, or holds what would have to be executed.
    """
    if not path.is_file():
        raise UserError(f"no checkpoint at {path}: give the file's path, such as RUN/checkpoints/last.ckpt.")
    try:
        packed = is_packed(path)
        content = None if packed else torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    except Exception as error:  # a damaged file makes torch raise nearly anything
        raise UserError(f"{path} cannot be read as a checkpoint: give one that deblur fit has written.") from error
    if packed:
        raise UserError(f"{path} unpacks to more than it is, which no checkpoint of deblur fit does: do not use it.")
    if not isinstance(content, dict) or "state_dict" not in content:
        raise UserError(f"{path} is no checkpoint of a run: give one that deblur fit has written.")
    try:
        _check(content)
        for key in ("hyper_parameters", "settings"):
            if key in content:
                content[key] = with_names_of_today(content[key])
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error}): give another checkpoint.") from error
    return content


def check_finite(weights: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that are no finite numbers.

    Raises:
        UserError: naming the first.
    """
    for name, value in weights.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise UserError(
                f"{path} holds values that are no numbers, in {printable(name)}: give an earlier checkpoint."
            )


def settings_and_weights(path: Path) -> tuple[Any, dict[str, Tensor]]:
    """What a model file says of its network, unchecked, and the weights, not read yet; see ``network_of``.

    Files of other people say nothing of their network: what they hold is left to ``networks.Published``.

    Raises:
        UserError: the file is damaged, or is no model's.
    """
    if path.suffix in PUBLISHED_SUFFIXES:
        return _published(read_published(path))
    if path.suffix == ".safetensors":
        return _safetensors(path)
    content = read_checkpoint(path)
    return content.get("hyper_parameters", {}).get("network"), network_weights(content["state_dict"])


def network_weights(state: dict[str, Any]) -> dict[str, Tensor]:
    """The weights that a checkpoint's ``state_dict`` restores with, named as the network names them."""
    for prefix in ("average.network.", "network."):
        found = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        if found:
            return found
    return {}


def place_of_download(url: str) -> Path:
    """Where torchvision keeps, or would keep, weights that it fetches from ``url``."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name


def read_downloaded(path: Path, cure: str, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Published weights that ``cure``, a command, has put on the disk; those of the names and shapes of ``like``.

    Raises:
        UserError: the file is damaged, or another's.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        check_tensors(content)
        weights = {name: value for name, value in content.items() if name in like}
        counted = {name for name in like if name.endswith("num_batches_tracked")}  # which older files lack
        if like.keys() - counted - weights.keys() or any(x.shape != like[name].shape for name, x in weights.items()):
            raise ValueError("it holds other weights")
    except Exception as error:  # a damaged file makes torch raise nearly anything
        raise UserError(f"{path} is damaged: remove it, and fetch it again with {cure}") from error
    return weights


def _safetensors(path: Path) -> tuple[Any, dict[str, Tensor]]:
    try:
        with safe_open(path, "pt") as file:  # checks that what the header says of sizes is so
            described = (file.metadata() or {}).get("network")
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no dict
    except (SafetensorError, OSError, ValueError, RuntimeError, AttributeError) as error:
        raise UserError(f"{path} is no sound safetensors file: get another copy.") from error
    if described is None:
        return _published(weights)
    try:
        return parse_json(described), weights
    except ValueError as error:
        raise UserError(f"{path} does not say which network it is of ({error}): get another copy.") from error


def _published(weights: dict[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    return {"class_path": PUBLISHED}, {f"network.{name}": value for name, value in weights.items()}


def _check(content: dict[str, Any]) -> None:
    """Check the parts of a checkpoint that this package, or Lightning on its behalf, works with.

    Raises:
        ValueError: naming what is wrong.
    """
    for key in TENSORS:
        check_tensors(content.get(key, {}))
    for key in ("hyper_parameters", "settings", "loops"):
        text_keys(content.get(key, {}))
    groups = [text_keys(state).get("param_groups") for state in content.get("optimizer_states", [])]
    for part in (*(content.get(key) for key in PLAIN), *groups):
        check_plain([leaf for leaf in leaves(part) if not isinstance(leaf, Tensor)])
    for _ in leaves(content.get("hyper_parameters")):  # may hold whatever a user's own method has saved, of some size
        pass
    if not isinstance(content.get("features", ""), str):
        raise ValueError("its features are no text")
