"""Checks before training that every image file can be decoded."""

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import read_rgb

THREADS = 4
"""Decoders work beside each other; more would hold too many large photographs in memory."""
SHOWN = 20


def readable_names(files: Mapping[str, Sequence[Path]], skip_bad: bool) -> list[str]:
    """Decode every file once, and say which cannot be used.

    Args:
        files: by the name of an image, what it is made of.
        skip_bad: whether images with a bad file are left out, after a warning that lists them.

    Returns:
        The names of those that are sound, in the order given.

    Raises:
        UserError: one is bad, and ``skip_bad`` is not set; or all are.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        complaints = dict(zip(files, pool.map(_complaint, files.values()), strict=True))
    bad = [complaint for complaint in complaints.values() if complaint]
    if not bad:
        return list(files)
    told = f"{len(bad)} of {len(files)} images cannot be used: {_listed(bad)}"
    if not skip_bad:
        raise UserError(f"{told}: mend or remove them, or leave them out with the source's skip_bad=true.")
    if len(bad) == len(files):
        raise UserError(f"{told}: none is left; mend them, or give another folder.")
    warnings.warn(f"Left out: {told}.", stacklevel=2)
    return [name for name, complaint in complaints.items() if not complaint]


def warn_of_twins(root: Path, names: Sequence[str], seen: dict[str, str]) -> None:
    """Warn where two files are the same: they count twice, or score what was learned by heart.

    Args:
        root: what ``names`` are relative to.
        names: of files that can be read.
        seen: by digest, the files of before; those of ``names`` are added.
    """
    twins = []
    for name in names:
        with (root / name).open("rb") as file:
            first = seen.setdefault(hashlib.file_digest(file, "blake2b").hexdigest(), name)
        if first != name:
            twins.append(f"{first} and {name}")
    if twins:
        warnings.warn(f"{root} holds the same file twice: {_listed(twins)}.", stacklevel=2)


def _complaint(files: Sequence[Path]) -> str:
    """What is wrong with the first bad one of ``files``, without the cure; nothing where all are sound."""
    for file in files:
        try:
            read_rgb(file)
        except UserError as error:
            return str(error).partition("; ")[0]
    return ""


def _listed(lines: Sequence[str]) -> str:
    shown = "; ".join(lines[:SHOWN])
    return shown if len(lines) <= SHOWN else f"{shown}; and {len(lines) - SHOWN} more"
