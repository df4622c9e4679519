"""Splits images by a hash of their names, so that none moves when others come or go."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import get_args

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import Split

SPLITS: tuple[Split, ...] = get_args(Split)
"""All three, in the order in which they are told."""


def hash_split(names: Sequence[str]) -> dict[Split, list[str]]:
    """Split at least three names, about 80/10/10, by a hash of each.

    An image stays in its split when others are added or removed, so that none which a model has trained on
    turns up in a later test. The exception: an empty split is given the image with the nearest hash, and may
    hand it back once the folder has grown. Beyond fifty images that hardly ever happens.

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
    """Cut about a tenth off the training images, by a hash of each name, where a set brings no validation images.

    Args:
        names: distinct, in any order.

    Returns:
        "train" and "val", sorted; "val" is empty for a single name only.
    """
    ranked = sorted(names, key=_rank)
    count = sum(_unit_hash(name) < 0.1 for name in names)
    count = min(max(count, 1), len(ranked) - 1)
    return {"train": sorted(ranked[count:]), "val": sorted(ranked[:count])}


def split_scenes(scenes: Mapping[str, Sequence[str]], parts: Mapping[Split, Sequence[str]]) -> dict[Split, list[str]]:
    """The images of each split, sorted, given their ``scenes`` and the split's; a split without scenes is left out."""
    return {
        part: sorted(name for scene in chosen for name in scenes[scene]) for part, chosen in parts.items() if chosen
    }


def first_ones(positions: range, wanted: int | None, source: str) -> range:
    """The first ``wanted`` of the training images at ``positions``, or all of them when it is None.

    Raises:
        UserError: there are not that many, or fewer than one is wanted; ``source`` is named.
    """
    if wanted is not None and not 1 <= wanted <= len(positions):
        raise UserError(
            f"{source}: train_size={wanted}, but there are {len(positions)} images to train on; give 1 to that"
        )
    return positions[:wanted]


def _rank(name: str) -> tuple[float, str]:
    return _unit_hash(name), name


def _unit_hash(name: str) -> float:
    """A number in [0, 1) that depends on nothing but ``name``."""
    digest = blake2b(name.encode(errors="surrogateescape"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
