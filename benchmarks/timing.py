"""Times several ways of doing the same work in turns, so that a noisy machine affects all of them alike."""

import math
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

Work = Callable[[], object]
T = TypeVar("T")


@dataclass(frozen=True)
class Rounds:
    """How long to measure.

    Attributes:
        rounds: number of turns of each work.
        least_seconds: duration of a turn; a faster work is repeated within its turn.
    """

    rounds: int = 15
    least_seconds: float = 0.1


@dataclass(frozen=True)
class Ratio:
    """How many times as fast the first of two works is: the median over rounds, and the quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def seconds_for(work: Work, calls: int, device: torch.device) -> float:
    """Mean seconds of a call, everything on the device included."""
    synchronise(device)
    start = time.perf_counter()
    for _ in range(calls):
        work()
    synchronise(device)
    return (time.perf_counter() - start) / calls


def time_in_turns(works: Mapping[str, Work], turns: Rounds, device: torch.device) -> dict[str, list[float]]:
    """Seconds of a call of each work, one for each round; in every round each work has a turn, another one first."""
    calls = {}
    for name, work in works.items():
        seconds_for(work, 2, device)  # warms up
        calls[name] = math.ceil(turns.least_seconds / seconds_for(work, 1, device)) if turns.least_seconds else 1
    names = list(works)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(turns.rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            seconds[name].append(seconds_for(works[name], calls[name], device))
    return seconds


def ratio(ours: list[float], rival: list[float]) -> Ratio:
    """How many times as fast ``ours`` is, from seconds taken in the same rounds."""
    rounds = [theirs / mine for mine, theirs in zip(ours, rival, strict=True)]
    low, middle, high = statistics.quantiles(rounds, n=4) if len(rounds) > 1 else rounds * 3
    return Ratio(middle, low, high)


def peak_gpu_memory(work: Work, device: torch.device) -> float:
    """MiB that a call takes on a GPU beyond what was allocated before."""
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    synchronise(device)
    return (torch.cuda.max_memory_allocated(device) - before) / 2**20


def synchronise(device: torch.device) -> None:
    """Wait until ``device`` has finished all work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_rss() -> float:
    """The most memory that this process has held, in MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 1024


def in_fresh_process(function: Callable[..., T], *arguments: Any) -> T:
    """The result of ``function``, called in a new process, as memory and the allocator are measured."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()
