"""The names that NAFNet's authors gave its weights, and ours: files go either way."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

WINDOW = 384
"""Side in pixels of the windows that the authors test with: half as large again as their training crops."""

BLOCK = {
    "widen": "conv1",
    "spread": "conv2",
    "attention.mix": "sca.1",
    "project": "conv3",
    "feed": "conv4",
    "back": "conv5",
}
"""By our names of a block's parts, the authors'; norms and factors are called alike."""

POINTWISE = ("widen", "attention.mix", "project", "feed", "back")
"""Our linear layers, which the authors have as convolutions of one tap."""

KNOWN_BY = (
    ("intro.weight", "ending.weight", "downs.0.weight", "ups.0.0.weight", "middle_blks.0.sca.1.weight"),
    ("head.1.weight", "tail.0.weight", "down.0.weight", "up.0.0.weight", "middle.0.attention.mix.weight"),
)
"""Names that the weights of every NAFNet have, by the authors' names and by ours."""


def is_nafnet(weights: Mapping[str, Tensor]) -> bool:
    """Whether these are weights of a NAFNet, by the authors' names or by ours."""
    return any(all(name in weights for name in names) for names in KNOWN_BY)


def nafnet_settings(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """The arguments of the ``NAFNet`` that has ``weights`` and restores what its authors' does."""
    is_theirs = KNOWN_BY[0][0] in weights
    head, middle = ("intro", "middle_blks") if is_theirs else ("head.1", "middle")
    levels = range(_count(weights, "encoders"))
    up = [_count(weights, rf"decoders\.{level}") for level in levels]
    width, channels = weights[f"{head}.weight"].shape[:2]
    return {
        "width": width,
        "encoder_blocks": [_count(weights, rf"encoders\.{level}") for level in levels],
        "middle_blocks": _count(weights, middle),
        "decoder_blocks": up[::-1] if is_theirs else up,
        "window": WINDOW,
        "channels": channels,
        "eps": 1e-6,
        "padding": "zeros",
    }


def with_authors_names(ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a ``NAFNet`` as its authors' files have them."""
    names = _authors_names(ours)
    return {names[name]: _as_theirs(name, value) for name, value in ours.items()}


def with_our_names(weights: Mapping[str, Tensor], like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``weights`` by the authors' names with the names and shapes of ``like``; what is not the same stays as it is."""
    own = {theirs: name for name, theirs in _authors_names(like).items()}
    renamed = {}
    for name, value in weights.items():
        ours = own.get(name, name)
        fits = ours in like and like[ours].numel() == value.numel()
        renamed[ours] = value.reshape(like[ours].shape) if fits else value
    return renamed


def _authors_names(ours: Mapping[str, Tensor]) -> dict[str, str]:
    """By each of our names the authors'. Their way up begins at the lowest level, ours at the first."""
    lowest = _count(ours, "encoders") - 1
    return {name: _authors_name(name, lowest) for name in ours}


def _authors_name(name: str, lowest: int) -> str:
    group, number, *rest = name.split(".")
    if group in ("up", "decoders"):
        number = str(lowest - int(number))
    if group in ("head", "tail"):
        return ".".join(["intro" if group == "head" else "ending", *rest])
    if group in ("up", "down"):
        return ".".join([f"{group}s", number, *rest])
    place = [] if group == "middle" else [rest.pop(0)]
    part = ".".join(rest)
    own = next((own for own in BLOCK if part.startswith(f"{own}.")), "")
    theirs = part.replace(own, BLOCK[own], 1) if own else part
    return ".".join(["middle_blks" if group == "middle" else group, number, *place, theirs])


def _as_theirs(name: str, value: Tensor) -> Tensor:
    if name.endswith((".beta", ".gamma")):
        return value.reshape(1, -1, 1, 1)
    is_linear = name.endswith(tuple(f"{part}.weight" for part in POINTWISE))
    return value[..., None, None] if is_linear else value


def _count(weights: Mapping[str, Tensor], within: str) -> int:
    """How many parts are numbered within a part."""
    return len({match[1] for name in weights if (match := re.match(rf"{within}\.(\d+)\.", name))})
