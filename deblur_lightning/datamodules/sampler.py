"""Samplers: pure functions of seed, epoch and rank that can start inside an epoch."""

from collections.abc import Iterator, Mapping, Sized
from types import MappingProxyType

import torch
from torch.utils.data import SequentialSampler
from torch.utils.data.distributed import DistributedSampler

from deblur_lightning.draws import Draws

Key = tuple[int, int]
"""What a sampler yields: ``visit``, how many times the source was gone through before, and the position in it."""


class _OurSampler(DistributedSampler[Key], SequentialSampler):  # type: ignore[misc]
    """A sampler that Lightning does not replace.

    Lightning keeps a ``DistributedSampler`` for any ``use_distributed_sampler`` and a ``SequentialSampler`` for any
    ``overfit_batches``. Its own samplers would give indices, and our datasets need keys.
    """


class VisitSampler(_OurSampler):
    """Visits all images again and again, each time in another order. An epoch has ``length`` samples.

    A batch over all ranks holds the same samples, however many ranks there are.

    Args:
        images: what is sampled; only its length is used.
        length: samples in an epoch over all ranks, or None for each image once.
        seed: of the order.
        rank: of this process.
        world_size: number of processes.
        repeat: whether every epoch has the samples of the first, to see a network overfit them.
        later: by the epoch from which on it holds, another ``length``.
    """

    def __init__(
        self,
        images: Sized,
        *,
        length: int | None,
        seed: int,
        rank: int,
        world_size: int,
        repeat: bool = False,
        later: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        super().__init__(images, num_replicas=world_size, rank=rank, shuffle=True, seed=seed)  # type: ignore[arg-type]
        self.count = len(images)
        lengths = {0: length or self.count, **later}
        self.lengths = {first: samples // world_size * world_size for first, samples in lengths.items()}
        self.start = 0
        self.repeat = repeat

    def __len__(self) -> int:
        return self._samples(self.epoch) // self.num_replicas

    def __iter__(self) -> Iterator[Key]:  # type: ignore[override]
        first = 0 if self.repeat else sum(map(self._samples, range(self.epoch)))
        begin = first + self.start * self.num_replicas + self.rank
        order: tuple[int, list[int]] = (-1, [])
        for position in range(begin, first + self._samples(self.epoch), self.num_replicas):
            visit, place = divmod(position, self.count)
            if order[0] != visit:
                order = (visit, self._order(visit))
            yield visit, order[1][place]

    def set_epoch(self, epoch: int) -> None:
        """Turn to ``epoch``; if that is another one, start at its first sample."""
        if epoch != self.epoch:
            self.resume_at(epoch, 0)

    def resume_at(self, epoch: int, start: int) -> None:
        """Turn to ``epoch`` and skip the first ``start`` samples of this rank."""
        self.epoch = epoch
        self.start = start

    def _samples(self, epoch: int) -> int:
        """In an epoch, over all ranks."""
        return self.lengths[max(first for first in self.lengths if first <= epoch)]

    def _order(self, visit: int) -> list[int]:
        index = torch.arange(self.count)
        draws = Draws(self.seed, "train", torch.full_like(index, visit), index)
        order: list[int] = draws.bits("order").argsort().tolist()
        return order


class EvaluationSampler(_OurSampler):
    """Gives each image once, shared between the ranks without repeating any.

    With fewer images than ranks, every rank takes all of them; means stay the same.
    """

    def __init__(self, images: Sized, *, rank: int, world_size: int) -> None:
        super().__init__(images, num_replicas=world_size, rank=rank, shuffle=False)  # type: ignore[arg-type]
        share = len(images) >= world_size
        self.indices = range(rank, len(images), world_size) if share else range(len(images))

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[Key]:  # type: ignore[override]
        return ((0, index) for index in self.indices)
