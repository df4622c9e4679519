"""Checks image files before training: unreadable, duplicated and unused ones."""

import hashlib
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import read_rgb

THREADS = 4
"""Files decoded at once; more would hold too many large photographs in memory."""
SHOWN = 20
"""Files that a message lists."""
PLACES = 5
"""Folders that a warning lists."""

Size = tuple[int, int]
"""Height and width in pixels."""


def decode_all(files: Mapping[str, Sequence[Path]], skip_bad: bool) -> dict[str, list[Size]]:
    """Decode every file once, to find those that cannot be used.

    Args:
        files: for each image its files: one, or the two of a pair.
        skip_bad: whether to leave out an image with an unreadable file, after a warning that lists it.

    Returns:
        For each readable image the sizes of its files, in the order given.

    Raises:
        UserError: a file cannot be decoded and ``skip_bad`` is not set; or none can.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        results = dict(zip(files, pool.map(_decode, files.values()), strict=True))
    bad = [reason for reason in results.values() if isinstance(reason, str)]
    problem = f"{len(bad)} of {len(files)} images cannot be used ({_join(bad)})"
    if bad and not skip_bad:
        raise UserError(f"{problem}: mend or remove them, or leave them out with the source's skip_bad=true.")
    if bad and len(bad) == len(files):
        raise UserError(f"{problem}: mend them, or give another folder.")
    if bad:
        warnings.warn(f"Left out: {problem}.", stacklevel=2)
    return {name: sizes for name, sizes in results.items() if not isinstance(sizes, str)}


def warn_of_duplicates(root: Path, names: Sequence[str], seen: dict[str, str]) -> None:
    """Warn where two files are the same: they count twice, or the test holds what training has seen.

    Args:
        root: what ``names`` are relative to.
        names: of readable files.
        seen: by digest, the files of earlier calls; those of ``names`` are added.
    """
    duplicates = []
    for name in names:
        with (root / name).open("rb") as file:
            first = seen.setdefault(hashlib.file_digest(file, "blake2b").hexdigest(), name)
        if first != name:
            duplicates.append(f"{first} and {name}")
    if duplicates:
        warnings.warn(f"{root} holds the same file twice: {_join(duplicates)}.", stacklevel=2)


def warn_of_unused(root: Path, unused: Sequence[str], used: Sequence[str], cure: str) -> None:
    """Warn of images that a source does not use: a folder under another name is easily overlooked.

    Args:
        root: what the paths are relative to.
        unused: paths of images; the warning counts them by the topmost folder in which no image is used.
        used: paths of the images, or of folders of images, that are used.
        cure: how to have them used.
    """
    if not unused:
        return
    known = {str(parent) for name in used for parent in (PurePosixPath(name), *PurePosixPath(name).parents)}
    counts = Counter(_topmost(PurePosixPath(name), known) for name in unused)
    places = [f"{place} ({count})" for place, count in counts.most_common(PLACES)]
    more = f" and {len(counts) - PLACES} more places" if len(counts) > PLACES else ""
    number = f"{len(unused)} image{'s' if len(unused) > 1 else ''}"
    warnings.warn(f"{root}: {number} left out, in {', '.join(places)}{more}; {cure}.", stacklevel=2)


def _decode(files: Sequence[Path]) -> list[Size] | str:
    """The sizes of ``files``, or what is wrong with the first bad one, without the cure."""
    try:
        return [(height, width) for _, height, width in (read_rgb(file).shape for file in files)]
    except UserError as error:
        return str(error).partition("; ")[0]


def _join(lines: Sequence[str]) -> str:
    shown = "; ".join(lines[:SHOWN])
    return shown if len(lines) <= SHOWN else f"{shown}; and {len(lines) - SHOWN} more"


def _topmost(path: PurePosixPath, known: set[str]) -> str:
    folders = [str(parent) for parent in path.parents][::-1]  # from "." downwards
    return next((f"{folder}/" for folder in folders[1:] if folder not in known), f"{path.parent}/")
