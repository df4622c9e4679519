"""Times several ways of doing the same work so that a noisy machine troubles all of them alike."""

import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

Work = Callable[[], object]


@dataclass(frozen=True)
class Rounds:
    """How long to measure.

    Attributes:
        rounds: how often every work takes its turn.
        least_seconds: of a turn; a work that is faster is repeated within its turn.
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


@dataclass(frozen=True)
class Row:
    """The figures of one line of a table.

    Attributes:
        line: what is measured.
        images: shape of the batch.
        size: K, taps on each side.
        rates: images per second, median over rounds; None where a work cannot run here.
        ratio: first work over its rival, if it has one.
        memory: peak MiB of the device above what was there before; empty on a CPU.
    """

    line: str
    images: tuple[int, ...]
    size: int
    rates: dict[str, float | None]
    ratio: Ratio | None
    memory: dict[str, float]


def seconds_for(work: Work, calls: int, device: torch.device) -> float:
    """Mean seconds of a call, everything on the device included."""
    synchronise(device)
    start = time.perf_counter()
    for _ in range(calls):
        work()
    synchronise(device)
    return (time.perf_counter() - start) / calls


def interleaved(works: Mapping[str, Work], effort: Rounds, device: torch.device) -> dict[str, list[float]]:
    """Seconds of a call of each work, one for each round; in every round each work has a turn, another one first."""
    calls = {}
    for name, work in works.items():
        seconds_for(work, 2, device)  # warms up
        calls[name] = math.ceil(effort.least_seconds / seconds_for(work, 1, device)) if effort.least_seconds else 1
    names = list(works)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(effort.rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            seconds[name].append(seconds_for(works[name], calls[name], device))
    return seconds


def ratio(ours: list[float], rival: list[float]) -> Ratio:
    """How many times as fast ``ours`` is, from times taken in the same rounds."""
    rounds = [theirs / mine for mine, theirs in zip(ours, rival, strict=True)]
    low, middle, high = statistics.quantiles(rounds, n=4) if len(rounds) > 1 else rounds * 3
    return Ratio(middle, low, high)


def peak_memory(work: Work, device: torch.device) -> float:
    """MiB that a call takes on a GPU beyond what was allocated before."""
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    synchronise(device)
    return (torch.cuda.max_memory_allocated(device) - before) / 2**20


def synchronise(device: torch.device) -> None:
    """Wait until ``device`` has done what was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table, padded to be read as it stands."""
    body = list(rows)
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    lines = [header, ["-" * width for width in widths], *body]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def tell(
    header: list[str],
    cells: Iterable[list[str]],
    rows: Iterable[Any],
    conditions: Mapping[str, object],
    file: Path | None = None,
) -> None:
    """Print a table and what its figures depend on; with ``file``, write both as JSON too.

    Args:
        header: of the table.
        cells: its lines.
        rows: what was measured, as dataclasses.
        conditions: what the figures depend on; see ``machine``.
        file: for the JSON.
    """
    print(table(header, cells))
    print("\n" + "; ".join(f"{name} {value}" for name, value in conditions.items()))
    if file is not None:
        measured = {"machine": conditions, "rows": [asdict(row) for row in rows]}
        file.write_text(json.dumps(measured, indent=1) + "\n")
