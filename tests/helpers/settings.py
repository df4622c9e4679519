"""Places of settings in the experiments' files."""

from collections.abc import Callable
from typing import Any

from tests.conftest import EXPERIMENTS

Deblur = Callable[..., tuple[int, str, str]]
Place = tuple[str | int, ...]
EXPERIMENT = sorted(path.stem for path in EXPERIMENTS.glob("*.yaml") if path.stem != "claims")


def context(settings: Any, place: Place) -> tuple[str, Place]:
    """The innermost class that ``place`` lies in, and the path within it."""
    found, start = "", 0
    for depth, step in enumerate(place[:-1]):
        if isinstance(settings, dict) and "class_path" in settings:
            found, start = settings["class_path"], depth
        settings = settings[step]
    return found, place[start:]
