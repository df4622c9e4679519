"""Counter-based random draws: pure functions of seed, split, visit, index and stream name.

A sample's draws do not depend on batch size, order, workers or ranks, and a resumed run repeats them. They are the
same on every device, bit for bit, since 64-bit integer arithmetic alone decides them. (Floating-point results computed
from them, such as a blurred image, are the same on one device.)
"""

from dataclasses import dataclass, field, replace
from hashlib import blake2b

import torch
from torch import Tensor

EVALUATION_SEED = 0
"""Validation and test always use this seed, so that every model is scored on the same inputs."""


def _to_signed(value: int) -> int:
    """The int64 with the bits of the unsigned 64-bit ``value``."""
    return value - (1 << 64) if value >= 1 << 63 else value


_GOLDEN = _to_signed(0x9E3779B97F4A7C15)
_FIRST = _to_signed(0xBF58476D1CE4E5B9)
_SECOND = _to_signed(0x94D049BB133111EB)


def _logical_shift(z: Tensor, bits: int) -> Tensor:
    return (z >> bits) & ((1 << (64 - bits)) - 1)  # int64 shifts copy the sign bit


def mix64(z: Tensor) -> Tensor:
    """Hash each int64 with the finaliser of splitmix64 (Steele, Lea and Flood, 2014)."""
    z = (z ^ _logical_shift(z, 30)) * _FIRST
    z = (z ^ _logical_shift(z, 27)) * _SECOND
    return z ^ _logical_shift(z, 31)


@dataclass(frozen=True)
class Draws:
    """The random draws of a batch: one value for each sample and stream name.

    Attributes:
        seed: of the run, or ``EVALUATION_SEED``.
        split: "train", "val" or "test".
        visit: (B,) int64, how many passes through the source were complete before.
        index: (B,) int64, the position in the source.
        scope: prefix of the stream names, so that two equal steps of one chain have different draws.
        record: a dictionary that collects every value drawn, by stream and index. None is faster.
    """

    seed: int
    split: str
    visit: Tensor
    index: Tensor
    scope: str = ""
    record: dict[str, dict[int, float]] | None = field(default=None, compare=False)

    @classmethod
    def for_batch(cls, count: int, seed: int = 0) -> "Draws":
        """Draws for a batch of ``count`` images, whose index is the position in the batch."""
        index = torch.arange(count)
        return cls(seed=seed, split="train", visit=torch.zeros_like(index), index=index)

    def substream(self, name: str) -> "Draws":
        """The same counters, with ``name`` put before the stream names."""
        return replace(self, scope=f"{self.scope}{name}/")

    def select(self, rows: Tensor) -> "Draws":
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
        return self._note(stream, low + (high - low) * unit)

    def integers(self, stream: str, low: int, high: int) -> Tensor:
        """Uniform (B,) int64 from ``low`` to ``high``, both included."""
        count = high - low + 1
        return self._note(stream, low + ((_logical_shift(self.bits(stream), 33) * count) >> 31))

    def _note(self, stream: str, values: Tensor) -> Tensor:
        if self.record is not None:
            column = self.record.setdefault(self.scope + stream, {})
            column.update(zip(self.index.tolist(), values.tolist(), strict=True))
        return values
