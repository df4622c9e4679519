"""Finds frames of one scene by their names: neighbours look alike, and must share a split."""

import re
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

_CAMERA = re.compile(r"(?!\d{8})[A-Z0-9_]{4}\d{4}")
"""What cameras call single photographs (the rule DCF): IMG_0001, DSC01234, P1010001."""


def by_scene(names: Sequence[str], roots: Collection[str] = (".",)) -> dict[str, list[str]]:
    """Names by scene: what differs in the number at the end alone is frames of one.

    ``SCENE-000047.png`` is of "SCENE-", ``SCENE/000047.png`` of "SCENE/". A scene of its own is what no other image
    shares it with, a bare number in one of ``roots``, and what cameras call single photographs.

    Args:
        names: paths.
        roots: folders that are no scene, such as those of the splits.

    Returns:
        In the order of ``names``; an image by itself goes by its whole name.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_scene(PurePosixPath(name), roots), []).append(name)
    return {scene if len(frames) > 1 else frames[0]: frames for scene, frames in found.items()}


def warn_of_scenes(root: Path, scenes: dict[str, list[str]], least: int) -> dict[str, list[str]]:
    """``scenes``, or each image by itself where they are fewer than ``least``; says which if that changes anything."""
    names = [name for frames in scenes.values() for name in frames]
    example = next((scene for scene, frames in scenes.items() if len(frames) > 1), None)
    if example is None:
        return scenes
    if len(scenes) >= least:
        warnings.warn(
            f"{root} is split by scene: {len(names)} images are of {len(scenes)}, told by their names without the "
            f"number at the end, such as {example}; the frames of one stay together.",
            stacklevel=2,
        )
        return scenes
    warnings.warn(
        f"{root}: {len(names)} images are split one by one, since their names without the number at the end "
        f"({example}) tell fewer than {least} scenes apart; if they are frames, whose neighbours look alike, sort "
        "them by scene into train/, val/ and test/.",
        stacklevel=2,
    )
    return {name: [name] for name in names}


def _scene(path: PurePosixPath, roots: Collection[str]) -> str:
    word = path.stem.rstrip("0123456789")
    folder = str(path.parent)
    if _CAMERA.fullmatch(path.stem) or word == path.stem or (not word and folder in roots):
        return str(path)
    return word if folder == "." else f"{folder}/{word}"
