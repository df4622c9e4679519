"""What the scripts share: options of the command line, tables, means with intervals, and the conditions of a figure."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from deblur_lightning.callbacks.scores import package_commit
from deblur_lightning.commands.reproduce.one_run import count_cores, processor_name
from deblur_lightning.intervals import half_width

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--json": {"type": Path, "help": "write the figures to this file, too"},
    "--quick": {"action": "store_true", "help": "tiny sizes, once: does everything run?"},
    "--threads": {"type": int, "help": "of torch; pin as many cores (taskset)"},
    "--rounds": {"type": int, "help": "how often everything is measured, in turns"},
    "--device": {"choices": ("cpu", "cuda")},
    "--runs": {"type": Path, "help": "folder of the runs"},
    "--only": {"help": "make only the runs with this in their name"},
    "--data": {"type": Path, "help": "a folder of images or data sets"},
    "--out": {"type": Path, "help": "folder or file to write to"},
    "settings": {"nargs": "*", "help": "further arguments of deblur fit, after --"},
}
"""Options that several scripts have."""
ONE_SEED = "One seed: the intervals hold no variance of training."
"""Printed below tables of images alone."""


def script_parser(text: str | None, *options: str, **defaults: Any) -> ArgumentParser:
    """A parser of a script's arguments.

    Args:
        text: docstring of the script, shown by ``--help``.
        options: names of ``OPTIONS`` that the script has.
        defaults: further ones, with their defaults.
    """
    parser = ArgumentParser(description=text, formatter_class=RawDescriptionHelpFormatter)
    for name in options:
        parser.add_argument(name, **OPTIONS[name])
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", default=default, **OPTIONS[f"--{name}"])
    return parser


def mean(values: ArrayLike) -> float:
    """The arithmetic mean."""
    return float(np.mean(values))


def with_half_width(values: ArrayLike, digits: int = 2, sign: str = "+") -> str:
    """The mean and half of its 95 % interval, such as "+1.50 ± 0.20"; values are (N,) or (seeds, images)."""
    return f"{mean(values):{sign}.{digits}f} ± {half_width(values):.{digits}f}"


def with_interval(values: ArrayLike, digits: int = 2) -> str:
    """The mean and its 95 % interval, such as "+1.50 (+1.30 to +1.70)"; values are (N,) or (seeds, images)."""
    middle, half = mean(values), half_width(values)
    return f"{middle:+.{digits}f} ({middle - half:+.{digits}f} to {middle + half:+.{digits}f})"


def with_range(values: ArrayLike) -> str:
    """The mean, the least and the greatest of ``values``."""
    return f"{mean(values):+.2f} ({np.min(values):+.2f} to {np.max(values):+.2f})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(
    header: Sequence[str],
    cells: Iterable[Sequence[str]],
    rows: Iterable[Any],
    conditions: Mapping[str, object],
    file: Path | None = None,
) -> None:
    """Print a table and the conditions of its figures; with ``file``, write both as JSON too.

    Args:
        header: header of the table.
        cells: its lines.
        rows: the measurements, as dataclasses.
        conditions: what the figures depend on; see ``machine``.
        file: for the JSON.
    """
    lines = [list(header), *map(list, cells)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    print(table(lines[0], lines[1:]))
    print("\n" + "; ".join(f"{name} {value}" for name, value in conditions.items()))
    if file is not None:
        content = {"machine": conditions, "rows": [asdict(row) for row in rows]}
        file.write_text(json.dumps(content, indent=1) + "\n")


def machine(device: str = "cpu", packages: Sequence[str] = ()) -> dict[str, str]:
    """The processor, the versions and the commit that figures depend on.

    Args:
        device: of torch.
        packages: packages beside torch and lightning whose versions matter.
    """
    versions = {name: _version(name) for name in ("torch", "lightning", *packages)}
    is_gpu = torch.device(device).type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if is_gpu else processor_name(),
        "cores": str(count_cores()),
        "threads": str(torch.get_num_threads()),
        **versions,
        "commit": package_commit(),
    }


def _version(package: str) -> str:
    return next((found.version for found in metadata.distributions(name=package)), "not installed")
