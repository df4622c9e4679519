"""Splits images by a hash of their names, with the frames of one scene in one split."""

import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import get_args

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import Split

SPLITS: tuple[Split, ...] = get_args(Split)
"""All three, in the order in which messages list them."""

_CAMERA = re.compile(r"(?!\d{8})[A-Z0-9_]{4}\d{4}")
"""What cameras call single photographs (the rule DCF): IMG_0001, DSC01234, P1010001."""


def hash_split(names: Sequence[str]) -> dict[Split, list[str]]:
    """Split at least three names, about 80/10/10, by a hash of each.

    An image stays in its split when others are added or removed, so that no training image turns up in a later
    test. The exception: a split that would be empty takes the image with the nearest hash, and may give it back once
    the folder has grown. With more than fifty images that hardly ever happens.

    Args:
        names: distinct, in any order.

    Returns:
        For each split its names, sorted; none is empty.
    """
    ranked = sorted(names, key=_rank)
    tests = sum(_unit_hash(name) < 0.1 for name in names)
    tests = min(max(tests, 1), len(ranked) - 2)
    held_out = sum(_unit_hash(name) < 0.2 for name in names)
    held_out = min(max(held_out, tests + 1), len(ranked) - 1)
    return {
        "train": sorted(ranked[held_out:]),
        "val": sorted(ranked[tests:held_out]),
        "test": sorted(ranked[:tests]),
    }


def cut_validation(names: Sequence[str]) -> dict[Split, list[str]]:
    """Take about a tenth of the training images for validation, by a hash of each name.

    Args:
        names: distinct, in any order.

    Returns:
        "train" and "val", sorted; "val" is empty for a single name only.
    """
    ranked = sorted(names, key=_rank)
    count = sum(_unit_hash(name) < 0.1 for name in names)
    count = min(max(count, 1), len(ranked) - 1)
    return {"train": sorted(ranked[count:]), "val": sorted(ranked[:count])}


def group_by_scene(names: Sequence[str], roots: Collection[str] = (".",)) -> dict[str, list[str]]:
    """Group names by scene: frames of one scene differ only in the number at the end of their names.

    ``SCENE-000047.png`` belongs to "SCENE-", ``SCENE/000047.png`` to "SCENE/". An image is a scene by itself if no
    other image shares its scene, if its name is a bare number and it lies in one of ``roots``, or if its name is one
    that cameras give to single photographs.

    Args:
        names: paths.
        roots: folders that are no scene, such as those of the splits.

    Returns:
        In the order of ``names``; an image by itself is listed under its whole name.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_scene(PurePosixPath(name), roots), []).append(name)
    return {scene if len(frames) > 1 else frames[0]: frames for scene, frames in found.items()}


def keep_scenes(root: Path, scenes: dict[str, list[str]], least: int) -> dict[str, list[str]]:
    """``scenes``, or each image by itself where there are fewer than ``least``; a warning says which."""
    names = [name for frames in scenes.values() for name in frames]
    example = next((scene for scene, frames in scenes.items() if len(frames) > 1), None)
    if example is None:
        return scenes
    if len(scenes) >= least:
        warnings.warn(
            f"{root} is split by scene: {len(names)} images belong to {len(scenes)} scenes, each named by what stands "
            f"before the number at the end of its files' names (such as {example}); its frames stay together.",
            stacklevel=2,
        )
        return scenes
    warnings.warn(
        f"{root}: {len(names)} images are split one by one, since what stands before the number at the end of their "
        f"names ({example}) gives fewer than {least} scenes; if they are frames, whose neighbours look alike, sort "
        "them by scene into train/, val/ and test/.",
        stacklevel=2,
    )
    return {name: [name] for name in names}


def split_scenes(
    scenes: Mapping[str, Sequence[str]], split: Callable[[Sequence[str]], Mapping[Split, Sequence[str]]]
) -> dict[Split, list[str]]:
    """The images of each split, sorted: ``split`` shares out whole scenes. A split without scenes is left out."""
    parts = split(list(scenes)).items()
    return {part: sorted(name for scene in chosen for name in scenes[scene]) for part, chosen in parts if chosen}


def first_images(positions: range, wanted: int | None, source: str) -> range:
    """The first ``wanted`` of the training images at ``positions``, or all of them when it is None.

    Raises:
        UserError: there are not that many, or fewer than one is wanted; ``source`` is named.
    """
    count = len(positions)
    if wanted is not None and not 1 <= wanted <= count:
        raise UserError(f"{source}: train_size={wanted}, but there are {count} training images: give 1 to {count}.")
    return positions[:wanted]


def _scene(path: PurePosixPath, roots: Collection[str]) -> str:
    word = path.stem.rstrip("0123456789")
    folder = str(path.parent)
    if _CAMERA.fullmatch(path.stem) or word == path.stem or (not word and folder in roots):
        return str(path)
    return word if folder == "." else f"{folder}/{word}"


def _rank(name: str) -> tuple[float, str]:
    return _unit_hash(name), name


def _unit_hash(name: str) -> float:
    """A number in [0, 1) that depends on nothing but ``name``."""
    digest = blake2b(name.encode(errors="surrogateescape"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
