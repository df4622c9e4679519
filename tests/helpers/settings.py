"""The experiments' settings: the places of theirs, and what makes them small."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml

from tests.conftest import EXPERIMENTS

Deblur = Callable[..., tuple[int, str, str]]
Place = tuple[str | int, ...]
EXPERIMENT = sorted(path.stem for path in EXPERIMENTS.glob("*.yaml") if path.stem != "claims")
CLASSIFIERS = [
    name for name in EXPERIMENT if "class_path: ImageClassifier" in (EXPERIMENTS / f"{name}.yaml").read_text()
]
NAMES = [name for name in EXPERIMENT if name not in CLASSIFIERS]
SMALL = {
    "UNet": ["--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]"],
    "SkipAutoencoder": [
        "--model.network.widths=[8,4,8,8,8]",
        "--model.discriminator.widths=[4,4,4,4]",
        "--data.crop_size=64",
    ],
    "SRCNN": ["--model.network.widths=[4,4]"],
    "NAFNet": ["--model.network.width=4"],
    "conv_sir": [],
    "srcnn_9315": ["--model.network.widths=[4,4,4]"],
    "srcnn_91115": ["--model.network.widths=[4,4,4,4]"],
    "deconv_multi": ["--model.network.width=4", "--model.network.depth=2"],
    "blind_hyper_laplacian": ["--model.filter.weights=[1e-3]", "--model.psf_size=7"],
    "hyper_laplacian": ["--model.filter.weights=[1e-3]"],
    "richardson_lucy": ["--model.filter.iterations=[1,2]"],
    "total_variation": ["--model.filter.weights=[1e-3]"],
}
"""By network or experiment, what makes it small; others are."""


def context(settings: Any, place: Place) -> tuple[str, Place]:
    """The innermost class that ``place`` lies in, and the path within it."""
    found, start = "", 0
    for depth, step in enumerate(place[:-1]):
        if isinstance(settings, dict) and "class_path" in settings:
            found, start = settings["class_path"], depth
        settings = settings[step]
    return found, place[start:]


def settings(name: str) -> dict[str, dict[str, object]]:
    experiment: dict[str, dict[str, object]] = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text())
    return experiment


def with_new_classes(first: Sequence[str] = ()) -> list[str]:
    """The experiments that name a class which none before them does; those of ``first`` come before all others."""
    met: set[str] = set()
    found = []
    for name in dict.fromkeys([*first, *EXPERIMENT]):
        classes = set(_classes(settings(name)))
        if name in first or classes - met:
            found.append(name)
        met |= classes
    return found


def _classes(settings: Any) -> Iterator[str]:
    """Every class that ``settings`` name, however deep."""
    if isinstance(settings, dict) and "class_path" in settings:
        yield settings["class_path"]
    if isinstance(settings, dict | list):
        for value in settings.values() if isinstance(settings, dict) else settings:
            yield from _classes(value)


def small(name: str) -> list[str]:
    network = settings(name)["model"]["init_args"].get("network", {}).get("class_path")  # type: ignore[attr-defined]
    return SMALL.get(name, SMALL.get(network, []))
