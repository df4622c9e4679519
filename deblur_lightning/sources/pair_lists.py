"""Pairs of photographs that text files list, one pair in a line, as RealBlur and RSBlur have them."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import cast

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import Split
from deblur_lightning.sources.splits import SPLITS


def read_lists(root: Path, lists: Mapping[str, str]) -> tuple[dict[str, list[Path]], dict[Split, list[str]]]:
    """The pairs that files below ``root`` list: in each line the sharp image, the blurred one, and what is ignored.

    Args:
        root: what all paths are relative to.
        lists: by split, the file that lists its pairs.

    Returns:
        The blurred and the sharp file of each pair, by its blurred file's path; and the names of pairs by split.

    Raises:
        UserError: a split, a list or an image does not exist, a line is no pair, or an image is listed twice.
    """
    if unknown := [split for split in lists if split not in SPLITS]:
        raise UserError(f"lists: no split {unknown[0]!r}: choose from {', '.join(SPLITS)}.")
    files: dict[str, list[Path]] = {}
    parts: dict[Split, list[str]] = {}
    places: dict[str, str] = {}
    for split, name in lists.items():
        for place, sharp, blurred in _lines(root, name):
            for image in (sharp, blurred):
                if image in places:
                    raise UserError(f"{place}: {image} is listed already, in {places[image]}: remove one of the lines.")
                if not (root / image).is_file():
                    raise UserError(f"{place}: {root / image} does not exist: add the image, or remove the line.")
                places[image] = place
            files[blurred] = [root / blurred, root / sharp]
            parts.setdefault(cast(Split, split), []).append(blurred)
    return files, {split: sorted(parts[split]) for split in SPLITS if split in parts}


def _lines(root: Path, name: str) -> list[tuple[str, str, str]]:
    """Where each pair is listed, its sharp and its blurred image, as paths relative to ``root``."""
    path = root / Path(name).expanduser()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"lists: {path} cannot be read as text: give the path of a list, from {root} on.") from error
    found = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        place = f"{path}, line {number}"
        if len(words) == 1:
            raise UserError(f"{place}: {words[0]} stands alone: a line has a sharp image and its blurred one.")
        if words:
            found.append((place, *(str(PurePosixPath(word)) for word in words[:2])))
    if not found:
        raise UserError(f"lists: {path} is empty: give a list of pairs.")
    return found  # type: ignore[return-value]
