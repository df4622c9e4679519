"""Gives a method the weights of a file: to go on from in training, or to be scored with."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonargparse import Namespace, dict_to_namespace
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.files.plain_data import printable
from deblur_lightning.files.weight_files import PUBLISHED, check_finite, settings_and_weights
from deblur_lightning.methods.classifier import ImageClassifier
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.nafnet_names import with_our_names
from deblur_lightning.networks.published import Published
from deblur_lightning.restoring.model import SHIPPED, read_model, weights_folder

OWN = "shipped"
"""In place of a path: the model that comes with the package."""


def weights_of(given: Namespace, args: Sequence[str]) -> str | None:
    """The absolute path of the file that a subcommand's ``--weights`` means.

    A run's own settings say what it began with: that is no network to score, unless it is asked for.

    Args:
        given: the subcommand's settings.
        args: the command line, which starts with the subcommand.

    Raises:
        UserError: there is no such file, or a checkpoint is given too.
    """
    typed = any(arg == "--weights" or arg.startswith("--weights=") for arg in args)
    if given.weights is None or not (typed or args[0] == "fit"):
        return None
    if typed and given.get("ckpt_path") is not None:
        raise UserError("--ckpt_path and --weights are two answers to one question: give one of them.")
    own = weights_folder() / f"{SHIPPED}.safetensors"
    path = own if given.weights == OWN else Path(given.weights).expanduser().absolute()
    if not path.is_file():
        raise UserError(f"--weights={given.weights} does not exist: give a .ckpt, .safetensors or .pth file, or {OWN}.")
    return str(path)


def start_from(model: LightningModule, path: Path) -> None:
    """Put the weights of ``path`` into the network that ``model`` trains, and into its average.

    Names and shapes are compared, no other settings.

    Raises:
        UserError: the file cannot be read, is of another architecture, or the method has no network.
    """
    settings, weights = settings_and_weights(path)
    check_finite(weights, path)
    for network in _networks(model):
        is_theirs = settings == {"class_path": PUBLISHED} and not isinstance(network, Published)
        named = {name.removeprefix("network.") if is_theirs else name: value for name, value in weights.items()}
        try:
            network.load_state_dict(named)
        except RuntimeError as error:
            wanted = network.state_dict()
            given = with_our_names(named, wanted) if isinstance(network, NAFNet) else named
            reason = _difference(wanted, given)
            raise UserError(
                f"--weights={path} is of another architecture than this {type(network).__name__}: {reason}."
            ) from error


def use(model: Any, path: Path) -> None:
    """Put the network of ``path`` in the place of the model's own.

    Raises:
        UserError: the file cannot be read, names a network of somebody else's code, or the method has no network.
    """
    networks = list(_networks(model))
    found = read_model(path).network
    if isinstance(model, ImageClassifier) and not isinstance(getattr(found, "classes", None), int):
        raise UserError(f"--weights={path} is of {type(found).__name__}, which is no classifier: give a classifier's.")
    model.network = found
    model.weights_file = str(path)  # of which every score's record has the hash
    if len(networks) > 1:
        model.average = None


def network_settings(path: Path) -> Namespace:
    """What to write into settings for the network of ``path``, which has been read before."""
    settings, _ = settings_and_weights(path)
    if settings == {"class_path": PUBLISHED}:
        settings = {"class_path": PUBLISHED, "init_args": {"path": str(path)}}
    found: Namespace = dict_to_namespace(settings)
    return found


def freeze(model: LightningModule, parts: Sequence[str]) -> None:
    """Leave out of the training what lies in ``parts`` of the network, by the beginnings of its weights' names.

    Raises:
        UserError: a part that the network does not have, or nothing is left to train.
    """
    network = next(_networks(model))
    for part in parts:
        chosen = [value for name, value in network.named_parameters() if f"{name}.".startswith(f"{part}.")]
        if not chosen:
            known = ", ".join(dict.fromkeys(name.partition(".")[0] for name, _ in network.named_parameters()))
            raise UserError(f"freeze={part} is no part of {type(network).__name__}: give some of {known}.")
        for value in chosen:
            value.requires_grad_(False)
    if not any(value.requires_grad for value in network.parameters()):
        raise UserError(f"freeze={list(parts)} leaves no weight to train: give fewer parts.")


def _networks(model: LightningModule) -> Iterator[nn.Module]:
    """The network that is trained, and its average where there is one."""
    network = getattr(model, "network", None)
    if not isinstance(network, nn.Module) or not any(True for _ in network.parameters()):
        raise UserError(f"{type(model).__name__} has no network with weights: leave --weights and --freeze out.")
    yield network
    average = getattr(model, "average", None)
    if average is not None:
        yield average.network


def _difference(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    for name, value in wanted.items():
        if name not in given:
            return f"it has no {name}"
        if given[name].shape != value.shape:
            shapes = ("x".join(map(str, each.shape)) for each in (given[name], value))
            return "{} is {} and not {}".format(name, *shapes)
    return f"it has {printable(min(given.keys() - wanted.keys(), default='other values'))} beside"
