"""The runs that claims need: their commands, their folders, and the results of those that are finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.claims import BUDGETS, ClaimSet, Training
from deblur_lightning.ledger.run_files import RunResult, read_note, read_result

EMBEDDED = "embedded"
"""Name of the data that an experiment has built in."""
NOTE = "run.json"
"""File that is written into a run's folder last, when the run is complete."""
State = Literal["done", "half", "missing"]


@dataclass(eq=False)
class Run:
    """One training with one seed, and its test.

    Attributes:
        training: what is trained.
        budget: "quick", "day" or "full".
        data: name of a data set, or ``EMBEDDED``.
        seed: seed of the weights and of the order of the data.
        folder: holds the attempts 1, 2, ... (each continues where the one before stopped), ``scores.csv`` and ``NOTE``.
        arguments: arguments of ``deblur fit``; ``{data}`` stands for the folder of all data sets.
    """

    training: Training
    budget: str
    data: str
    seed: int
    folder: Path
    arguments: tuple[str, ...]
    _result: RunResult | None = field(default=None, init=False, repr=False)

    @property
    def seconds(self) -> int:
        """Expected cost on one CPU core."""
        return self.training.budgets[self.budget].seconds

    def result(self) -> RunResult:
        """The result, which is read from disk once.

        Raises:
            UserError: the run is not finished, is damaged, or was made with other arguments.
        """
        if self._result is None:
            note = read_note(self.folder / NOTE)
            if note.get("arguments") != list(self.arguments) or note.get("test", []) != list(self.training.test):
                raise UserError(f"{self.folder} has no finished run of these arguments: make it.")
            self._result = read_result(self.folder, note)
        return self._result

    def is_done(self) -> bool:
        """Whether there is a result."""
        try:
            self.result()
        except UserError:
            return False
        return True

    def state(self) -> State:
        """Whether the run is finished, has been begun, or neither."""
        if self.is_done():
            return "done"
        return "half" if self.attempts() else "missing"

    def attempts(self) -> list[Path]:
        """Folders of its trainings, in order."""
        numbered = [path for path in self.folder.glob("*") if path.name.isdecimal()]
        return sorted(numbered, key=lambda path: int(path.name))


Runs = Mapping[tuple[str, str, str], Sequence[Run]]
"""By training, budget and data set: one run for each seed."""


def list_runs(claim_set: ClaimSet, root: Path) -> Runs:
    """All runs that can belong to ``claim_set``, below ``root``, whether they exist or not."""
    return {
        (training.name, budget, data): _runs_of(training, budget, data, claim_set, root)
        for budget in BUDGETS
        for training in claim_set.trainings.values()
        for data in dict.fromkeys((training.data or EMBEDDED, EMBEDDED))
        if budget in training.budgets
    }


def _runs_of(training: Training, budget: str, data: str, claim_set: ClaimSet, root: Path) -> list[Run]:
    overlay = claim_set.data[data].settings if data != EMBEDDED else ()
    settings = _merge_settings(overlay, (*training.settings, *training.budgets[budget].settings))
    return [
        Run(
            training=training,
            budget=budget,
            data=data,
            seed=seed,
            folder=root / training.home(budget) / training.name / f"{data}-{seed}",
            arguments=(
                f"--config=experiments/{training.experiment}.yaml",
                *settings,
                f"--seed_everything={seed}",
                f"--data.seed={seed}",
            ),
        )
        for seed in range(training.budgets[budget].looks[-1])
    ]


def _merge_settings(overlay: Sequence[str], own: Sequence[str]) -> list[str]:
    """The overlay first; settings of a built-in source are left out where the overlay replaces that source."""
    replaces = any(setting.startswith("--config=experiments/data/") for setting in overlay)
    return [*overlay, *(setting for setting in own if not (replaces and setting.startswith("--data.source.")))]


def select_shard(runs: Sequence[Run], shard: str | None) -> list[Run]:
    """Every n-th of ``runs`` from the i-th on, for ``shard`` "i/n"; all for None.

    Raises:
        UserError: ``shard`` is no such pair, or i is not from 1 to n.
    """
    if shard is None:
        return list(runs)
    first, _, count = shard.partition("/")
    if not (first.isdecimal() and count.isdecimal() and 1 <= int(first) <= int(count)):
        raise UserError(f"--shard={shard}: give i/n, such as 1/4 on the first of four machines.")
    return list(runs[int(first) - 1 :: int(count)])


def finished_runs(runs: Runs) -> list[Run]:
    """All runs that are done, in order; a run that several budgets share is listed once."""
    by_folder = {run.folder: run for group in runs.values() for run in group if run.is_done()}
    return list(by_folder.values())
