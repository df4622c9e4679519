"""The options of ``deblur synthesize``, and the blur that an experiment's configuration describes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from jsonargparse import ArgumentError, ArgumentParser, Namespace
from lightning.pytorch import LightningDataModule

from deblur_lightning.commands.classes import construct
from deblur_lightning.commands.devices import chosen_device
from deblur_lightning.commands.experiment.absolute_paths import make_absolute
from deblur_lightning.commands.experiment.run import import_all
from deblur_lightning.commands.mistakes import explain
from deblur_lightning.commands.nested_settings import parsed_once
from deblur_lightning.degradations.base import Degradation
from deblur_lightning.errors import UserError
from deblur_lightning.files.experiments import with_experiment_paths
from deblur_lightning.sources.files import existing_folder

UNUSED = (
    *("seed_everything", "trainer", "model", "checkpoint", "pictures"),
    *("run", "stop_when_full", "allow_changes", "ckpt_path", "weights_only", "weights", "freeze"),
)
"""What else the configuration of ``deblur fit`` holds."""

STRICT: dict[str, Any] = {"exit_on_error": False, "allow_abbrev": False}


@dataclass(frozen=True)
class Options:
    """One call of ``deblur synthesize``, checked.

    Attributes:
        folder: of the sharp images.
        out: where the pairs go; not below ``folder``.
        degradation: what blurs.
        seed: of the draws.
        rounding: whether the configuration rounds to 8 bits; files are of 8 bits either way.
        settings: what decides the pairs, as YAML that can be laid over an experiment.
        configs: the files that the configuration was given by.
        device: where images are blurred.
        workers: images in work at a time.
    """

    folder: Path
    out: Path
    degradation: Degradation
    seed: int
    rounding: bool
    settings: dict[str, Any]
    configs: list[str]
    device: torch.device
    workers: int


def parse(parser: ArgumentParser, argv: Sequence[str]) -> Options:
    """Understand ``argv``; ``parser`` knows all but the settings of an experiment.

    Raises:
        UserError: something is missing, unknown, or does not fit.
    """
    given = _arguments(parser, argv)
    folder, out = _folders(given)
    data = given.data.init_args
    if not isinstance(data.get("degradation"), Namespace):
        name = given.data.class_path.rsplit(".", 1)[-1]
        raise UserError(f"data={name} blurs nothing: give an experiment that does, such as experiments/deblurgan.yaml.")
    degradation, description = _degradation(data.degradation)
    source = {"class_path": "Folder", "init_args": {"root": str(folder.resolve())}}
    seed = data.get("seed", 0)
    return Options(
        folder=folder,
        out=out,
        degradation=degradation,
        seed=seed,
        rounding=data.get("rounding", True),
        settings={"data": {"source": source, "degradation": description, "rounding": True, "seed": seed}},
        configs=[str(path) for path in given.config or []],
        device=chosen_device(given.device),
        workers=_workers(given.workers),
    )


def _arguments(parser: ArgumentParser, argv: Sequence[str]) -> Namespace:
    for room in ("degradations", "sources", "datamodules"):
        import_all(room)
    for name in UNUSED:
        parser.add_argument(f"--{name}", type=dict | Any)
    parser.add_subclass_arguments(LightningDataModule, "data", required=True)
    try:
        with parsed_once():
            return parser.parse_args(with_experiment_paths(list(argv)))
    except ArgumentError as error:
        keys = parser.get_defaults(skip_validation=True).keys(branches=True)
        # a file's unknown key is worded as a class's unknown setting
        message = re.sub(r"^Option '([\w.]+)' is not accepted", r"unrecognized arguments: --\1", str(error))
        raise UserError(explain(message, argv, keys)) from error


def _folders(given: Namespace) -> tuple[Path, Path]:
    if len(given.folders) != 1:
        named = " and ".join(given.folders) or "no folder"
        raise UserError(
            f"{named} given: name one, as in deblur synthesize FOLDER --out=OUT --config=experiments/NAME.yaml"
        )
    if given.out is None:
        raise UserError("no place for the pairs: give a new folder with --out=OUT.")
    folder, out = existing_folder(given.folders[0]), Path(given.out).expanduser()
    if out.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"--out={out} lies in {folder}, whose images are read: give a folder outside of it.")
    return folder, out


def _degradation(given: Namespace) -> tuple[Degradation, Any]:
    """The degradation, and its settings with every default and absolute paths, as YAML has them."""
    parser = ArgumentParser(**STRICT)
    parser.add_subclass_arguments(Degradation, "degradation", required=True)
    parser.add_instantiator(construct, object)
    with parsed_once():
        checked = parser.parse_object({"degradation": given})
    degradation: Degradation = parser.instantiate(checked).degradation
    make_absolute([checked.degradation])
    return degradation, yaml.safe_load(parser.dump(checked, skip_unset=False))["degradation"]


def _workers(count: int) -> int:
    if count < 1:
        raise UserError(f"--workers={count}: give 1 or more.")
    return count
