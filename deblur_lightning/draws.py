"""Counter-based random draws: pure functions of seed, split, visit, index and stream name.

A sample's draws are the same for any batch size, order, number of workers or ranks, after a resume, and on every
device to the bit, since nothing but 64-bit integer arithmetic decides them. (What is computed from them in floating
point, a blurred image say, is the same on one device.)
"""

from dataclasses import dataclass, field, replace
from hashlib import blake2b

import torch
from torch import Tensor

EVALUATION_SEED = 0
"""Validation and test always draw from this seed, so that every model meets identical inputs."""


def _signed(value: int) -> int:
    """The int64 with the bits of the unsigned 64-bit ``value``."""
    return value - (1 << 64) if value >= 1 << 63 else value


_GOLDEN = _signed(0x9E3779B97F4A7C15)
_FIRST = _signed(0xBF58476D1CE4E5B9)
_SECOND = _signed(0x94D049BB133111EB)


def _logical_shift(z: Tensor, bits: int) -> Tensor:
    return (z >> bits) & ((1 << (64 - bits)) - 1)  # int64 shifts copy the sign bit


def mix64(z: Tensor) -> Tensor:
    """Hash each int64 with the finaliser of splitmix64 (Steele, Lea and Flood, 2014)."""
    z = (z ^ _logical_shift(z, 30)) * _FIRST
    z = (z ^ _logical_shift(z, 27)) * _SECOND
    return z ^ _logical_shift(z, 31)


@dataclass(frozen=True)
class Draws:
    """The random draws of a batch, one value for each sample and stream name.

    Attributes:
        seed: of the run, or ``EVALUATION_SEED``.
        split: "train", "val" or "test".
        visit: (B,) int64, how often the source had been gone through before.
        index: (B,) int64, the position in the source.
        scope: prefix of the stream names, so that two equal steps of one chain draw apart.
        record: where every parameter drawn is noted down: for each stream, its value at each index. None for
            speed.
    """

    seed: int
    split: str
    visit: Tensor
    index: Tensor
    scope: str = ""
    record: dict[str, dict[int, float]] | None = field(default=None, compare=False)

    @classmethod
    def for_batch(cls, count: int, seed: int = 0) -> "Draws":
        """Draws for a batch of ``count`` images, each by its position in it."""
        index = torch.arange(count)
        return cls(seed=seed, split="train", visit=torch.zeros_like(index), index=index)

    def scoped(self, name: str) -> "Draws":
        """The same counters, with stream names of their own below ``name``."""
        return replace(self, scope=f"{self.scope}{name}/")

    def picked(self, rows: Tensor) -> "Draws":
        """The draws of the samples at ``rows``, (N,) int64."""
        return replace(self, visit=self.visit[rows], index=self.index[rows])

    def bits(self, stream: str) -> Tensor:
        """64 random bits for each sample, as (B,) int64."""
        key = f"{self.seed}/{self.split}/{self.scope}{stream}".encode()
        base = int.from_bytes(blake2b(key, digest_size=8).digest(), "little", signed=True)
        return mix64(mix64(self.visit * _GOLDEN + base) + self.index * _GOLDEN)

    def uniform(self, stream: str, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Uniform (B,) float32 from ``low`` to ``high``, in 2^24 steps; rounding may just reach ``high``."""
        unit = _logical_shift(self.bits(stream), 40).to(torch.float32) * 2.0**-24
        return self._noted(stream, low + (high - low) * unit)

    def integers(self, stream: str, low: int, high: int) -> Tensor:
        """Uniform (B,) int64 from ``low`` to ``high``, both included."""
        count = high - low + 1
        return self._noted(stream, low + ((_logical_shift(self.bits(stream), 33) * count) >> 31))

    def _noted(self, stream: str, values: Tensor) -> Tensor:
        if self.record is not None:
            column = self.record.setdefault(self.scope + stream, {})
            column.update(zip(self.index.tolist(), values.tolist(), strict=True))
        return values
