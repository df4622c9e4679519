"""Labelled images drawn from random numbers; what the synthetic digits and shapes share."""

from collections.abc import Callable
from functools import partial
from typing import final

import torch
from torch import Tensor

from deblur_lightning.draws import Draws
from deblur_lightning.sources.base import LabelledImages, Split

Uniform = Callable[[str, float, float], float]
"""The random number of a name, uniform between two others."""


class SyntheticDraws:
    """Uniform random numbers for each image of a split: pure functions of seed, split, index and name.

    Args:
        seed: any integer.
        split: each has numbers of its own.
        length: images in it.
        scope: keeps sources apart.
    """

    def __init__(self, seed: int, split: Split, length: int, scope: str) -> None:
        index = torch.arange(length)
        self._draws = Draws(seed, split, torch.zeros_like(index), index).substream(scope)
        self._units: dict[str, list[float]] = {}

    def between(self, index: int, name: str, low: float, high: float) -> float:
        """The number ``name`` of the image at ``index``, from ``low`` to ``high``."""
        if name not in self._units:  # those of all images at once
            self._units[name] = self._draws.uniform(name).tolist()
        return low + (high - low) * self._units[name][index]


@final
class SyntheticImages(LabelledImages):
    """Images drawn by a function, whose labels go through the classes in turn.

    Args:
        draw: draws an image from its position and its numbers, as (C, side, side) uint8.
        draws: the numbers of all images.
        length: how many images there are.
        side: their height and width in pixels.
        classes: names of the classes.
        prefix: of the images' names.
    """

    def __init__(
        self,
        draw: Callable[[int, Uniform], Tensor],
        draws: SyntheticDraws,
        length: int,
        side: int,
        classes: tuple[str, ...],
        prefix: str,
    ) -> None:
        self._draw = draw
        self._draws = draws
        self._length = length
        self._side = side
        self._classes = classes
        self._prefix = prefix

    def __len__(self) -> int:
        return self._length

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        return self._draw(index, partial(self._draws.between, index))

    def name(self, index: int) -> str:
        return f"{self._prefix}-{index:05d}"

    def size(self, index: int) -> tuple[int, int]:
        return self._side, self._side

    @property
    def classes(self) -> tuple[str, ...]:
        return self._classes

    def label(self, index: int) -> int:
        return index % len(self._classes)
