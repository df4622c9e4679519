"""Warns of images in a folder that a source does not use."""

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

SHOWN = 5


def warn_left_out(root: Path, left_out: Sequence[str], used: Sequence[str], cure: str) -> None:
    """Warn of images that are left out, by the topmost folders in which no image is used.

    Args:
        root: what the paths are relative to.
        left_out: paths of images.
        used: paths of the images, or folders of such, that are used.
        cure: what makes them used.
    """
    if not left_out:
        return
    known = {str(parent) for name in used for parent in (PurePosixPath(name), *PurePosixPath(name).parents)}
    counts = Counter(_topmost(PurePosixPath(name), known) for name in left_out)
    places = [f"{place} ({count})" for place, count in counts.most_common(SHOWN)]
    more = f" and {len(counts) - SHOWN} more places" if len(counts) > SHOWN else ""
    number = f"{len(left_out)} image{'s' if len(left_out) > 1 else ''}"
    warnings.warn(f"{root}: {number} left out, in {', '.join(places)}{more}; {cure}.", stacklevel=2)


def _topmost(path: PurePosixPath, known: set[str]) -> str:
    folders = [str(parent) for parent in path.parents][::-1]  # from "." downwards
    return next((f"{folder}/" for folder in folders[1:] if folder not in known), f"{path.parent}/")
