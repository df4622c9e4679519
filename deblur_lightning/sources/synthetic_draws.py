"""Random numbers of synthetic images: functions of seed, split and index."""

import torch

from deblur_lightning.draws import Draws
from deblur_lightning.sources.base import Split


class SyntheticDraws:
    """Uniform numbers for each image of a split and name, all of one name at a time.

    Args:
        seed: any integer.
        split: each has numbers of its own.
        length: images in it.
        scope: keeps sources apart.
    """

    def __init__(self, seed: int, split: Split, length: int, scope: str) -> None:
        index = torch.arange(length)
        self._draws = Draws(seed, split, torch.zeros_like(index), index).scoped(scope)
        self._units: dict[str, list[float]] = {}

    def __len__(self) -> int:
        return len(self._draws.index)

    def between(self, index: int, name: str, low: float, high: float) -> float:
        """The number ``name`` of the image at ``index``, from ``low`` to ``high``."""
        if name not in self._units:
            self._units[name] = self._draws.uniform(name).tolist()
        return low + (high - low) * self._units[name][index]
