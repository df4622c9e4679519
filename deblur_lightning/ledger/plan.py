"""Plans the runs that a set of claims needs, and finds those that are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.claims import BUDGETS, Claim, ClaimSet, Training
from deblur_lightning.ledger.run_files import read_note
from deblur_lightning.records import read_scores

EMBEDDED = "embedded"
"""Stands for the data that an experiment has built in."""
NOTE = "run.json"
"""What is written into a run's folder last, once everything else is there."""
State = Literal["done", "half", "missing"]


@dataclass(frozen=True)
class Run:
    """One training, by one seed, and its test.

    Attributes:
        training: whose run it is.
        budget: "quick" or "full".
        data: name of a set, or ``EMBEDDED``.
        seed: of the weights and of the order of the data.
        folder: holds the attempts 1, 2, ... (each goes on where the one before stopped), ``scores.csv`` and ``NOTE``.
        arguments: of ``deblur fit``, with ``{data}`` for the folder of all sets.
    """

    training: Training
    budget: str
    data: str
    seed: int
    folder: Path
    arguments: tuple[str, ...]

    @property
    def seconds(self) -> int:
        """On one CPU core."""
        return self.training.efforts[self.budget].seconds

    def state(self) -> State:
        """Whether it is there; one that was made with other arguments, or is damaged, is not."""
        if self.note().get("arguments") == list(self.arguments) and _sound(self.folder / "scores.csv"):
            return "done"
        return "half" if self.attempts() else "missing"

    def note(self) -> dict[str, Any]:
        """What is known of the run beside its scores; empty where it is not finished, or damaged."""
        try:
            return read_note(self.folder / NOTE)
        except UserError:
            return {}

    def attempts(self) -> list[Path]:
        """Folders of its trainings, in order."""
        found = [path for path in self.folder.glob("*") if path.name.isdecimal()]
        return sorted(found, key=lambda path: int(path.name))


def _sound(scores: Path) -> bool:
    """Whether they can be read; those of 10,000 images take a second, so that this is remembered."""
    try:
        status = scores.stat()
    except OSError:
        return False
    return _sound_then(scores, status.st_mtime_ns, status.st_size)


@lru_cache
def _sound_then(scores: Path, changed: int, size: int) -> bool:
    try:
        return bool(read_scores(scores))
    except UserError:
        return False


def runs_of(training: Training, budget: str, data: str, book: ClaimSet, root: Path) -> list[Run]:
    """The runs of ``training``, one for each seed; none where the budget does not allow any."""
    effort = training.efforts.get(budget)
    if effort is None:
        return []
    overlay = book.data[data].settings if data != EMBEDDED else ()
    return [
        Run(
            training=training,
            budget=budget,
            data=data,
            seed=seed,
            folder=root / budget / training.name / f"{data}-{seed}",
            arguments=(
                f"--config=experiments/{training.experiment}.yaml",
                *_in_order(overlay, (*training.settings, *effort.settings)),
                f"--seed_everything={seed}",
                f"--data.seed={seed}",
            ),
        )
        for seed in range(effort.seeds)
    ]


def _in_order(overlay: Sequence[str], own: Sequence[str]) -> list[str]:
    """Settings of embedded sources are left out where another source takes their place."""
    replaced = any(setting.startswith("--config=experiments/data/") for setting in overlay)
    kept = [setting for setting in own if not (replaced and setting.startswith("--data.source."))]
    return [*overlay, *kept]


def plan(claims: Sequence[Claim], budget: str, book: ClaimSet, root: Path, data: Path | None) -> list[Run]:
    """The runs that ``claims`` need at ``budget``, each once, on the sets that lie below ``data``."""
    runs: dict[Path, Run] = {}
    for claim in claims:
        if not measurable(claim, budget, book):
            continue
        for name in claim.trainings:
            training = book.trainings[name]
            for run in runs_of(training, budget, data_for(training, book, data), book, root):
                runs.setdefault(run.folder, run)
    return list(runs.values())


def measurable(claim: Claim, budget: str, book: ClaimSet) -> bool:
    """Whether the budget allows all that ``claim`` is measured by."""
    needed = (*claim.runs, *claim.minus)
    return bool(needed) and all(budget in book.trainings[name].efforts for name in needed)


def data_for(training: Training, book: ClaimSet, data: Path | None) -> str:
    """The set that ``training`` takes: its own if it lies below ``data``, else what the experiment has built in."""
    there = training.data and data is not None and (data / book.data[training.data].needs).exists()
    return training.data if there else EMBEDDED


def shard(runs: Sequence[Run], given: str | None) -> list[Run]:
    """Every n-th of ``runs``, from the i-th on, for ``given`` "i/n"; all for None.

    Raises:
        UserError: it is no such pair, or i is not from 1 to n.
    """
    if given is None:
        return list(runs)
    first, _, count = given.partition("/")
    if not (first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count)):
        raise UserError(f"--shard={given}: give i/n, such as 1/4 on the first of four machines.")
    return list(runs[int(first) - 1 :: int(count)])


def all_runs(book: ClaimSet, root: Path) -> list[Run]:
    """Every finished run of the book, of any budget and data, in order."""
    return [
        run
        for budget in BUDGETS
        for training in book.trainings.values()
        for data in dict.fromkeys((training.data or EMBEDDED, EMBEDDED))
        for run in runs_of(training, budget, data, book, root)
        if run.state() == "done"
    ]
