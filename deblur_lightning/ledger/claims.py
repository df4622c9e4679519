"""Reads ``experiments/claims.yaml``: the claims, the trainings that test them, and the data sets of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count as count_up
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.entries import build_entry

NAME = "claims.yaml"
BUDGETS = ("full", "day", "quick")
"""The more reliable one first."""
NOTED = ("taps_error", "late_change")
"""Figures of a training rather than of test images; ``deblur reproduce`` writes them into ``run.json``."""
METRICS = ("psnr", "psnr_gain", "psnr_blurred", "ssim", "ssim_gain", "mse", "correct", "confidence", *NOTED)
"""Figures that a claim can be about; "mse" is computed from the PSNR of the clamped and rounded image."""


@dataclass(frozen=True)
class DataSet:
    """A data set that replaces the built-in data of an experiment.

    Attributes:
        words: name of the set in the ledger.
        needs: path below the folder of all sets that must exist.
        settings: arguments of ``deblur fit``; ``{data}`` stands for the folder of all sets.
    """

    words: str
    needs: str
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Budget:
    """What a training may cost.

    Attributes:
        seeds: number of seeds.
        seconds: for each seed, on one CPU core.
        settings: further arguments, by which the training is made shorter than the report's.
        most: number of seeds up to which a claim that is undecided gets more of them; 0 for no more.
    """

    seeds: int
    seconds: int
    settings: tuple[str, ...] = ()
    most: int = 0

    @property
    def looks(self) -> tuple[int, ...]:
        """After how many seeds a claim is judged: first ``seeds``, then twice as many each time, and last ``most``."""
        doubled = takewhile(lambda count: count < self.most, (self.seeds << place for place in count_up()))
        return (*doubled, max(self.seeds, self.most))


@dataclass(frozen=True)
class Training:
    """One command ``deblur fit``, to be run with several seeds and at several budgets.

    Attributes:
        name: name of its folder.
        experiment: name of the YAML file in ``experiments``.
        budgets: the ``Budget`` by name, "full", "day" or "quick".
        settings: further arguments.
        test: further arguments of its test.
        data: name of a set, or empty for the built-in data of the experiment.
        input: (channels, height, width) of the image that multiplications are counted on; empty to count none.
    """

    name: str
    experiment: str
    budgets: Mapping[str, Budget]
    settings: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    data: str = ""
    input: tuple[int, ...] = ()

    def is_reduced(self, budget: str) -> bool:
        """Whether it is trained less at ``budget`` than by the report's recipe."""
        full = self.budgets.get("full")
        return full is None or self.budgets[budget].settings != full.settings

    def home(self, budget: str) -> str:
        """The cheapest budget with the same settings, under whose name the runs lie: the same runs are made once."""
        settings = self.budgets[budget].settings
        same = [name for name in BUDGETS if name in self.budgets and self.budgets[name].settings == settings]
        return same[-1]


@dataclass(frozen=True)
class Claim:
    """One claim and how it is judged; the comment at the top of ``claims.yaml`` explains the fields."""

    id: str
    report: str
    claim: str
    claimed: str
    metric: str
    why: str
    runs: tuple[str, ...]
    minus: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    figure: float | None = None
    slack: float = 0.0
    real_only: bool = False
    same_images: bool = False
    unrun: str = ""

    @property
    def trainings(self) -> tuple[str, ...]:
        """Names of all trainings that the claim needs."""
        return (*self.runs, *self.minus, *self.beside)

    def is_measurable(self, budget: str, claim_set: "ClaimSet") -> bool:
        """Whether all trainings that the figure is computed from may run at ``budget``."""
        needed = (*self.runs, *self.minus)
        return bool(needed) and all(budget in claim_set.trainings[name].budgets for name in needed)


@dataclass(frozen=True)
class ClaimSet:
    """The content of ``claims.yaml``."""

    data: Mapping[str, DataSet]
    trainings: Mapping[str, Training]
    claims: tuple[Claim, ...]

    def select(self, names: tuple[str, ...]) -> tuple[Claim, ...]:
        """Claims by their ids or by the letters of their reports.

        Raises:
            UserError: no claim and no report has one of the names.
        """
        for name in names:
            if name not in {claim.id for claim in self.claims} | {claim.report for claim in self.claims}:
                raise UserError(f"no claim {name!r}: choose from {', '.join(claim.id for claim in self.claims)}.")
        return tuple(claim for claim in self.claims if claim.id in names or claim.report in names)


def read_claims(path: Path) -> ClaimSet:
    """Read and check ``claims.yaml``.

    Raises:
        UserError: the file is missing, or a field in it is missing, unknown or contradictory.
    """
    if not path.is_file():
        raise UserError(f"no file {path}: give another --claims.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        data = {name: build_entry(DataSet, entry, f"{NAME}, data {name}") for name, entry in content["data"].items()}
        trainings = {name: _training(name, entry) for name, entry in content["runs"].items()}
        claims = tuple(build_entry(Claim, entry, f"{NAME}, claim {entry.get('id')}") for entry in content["claims"])
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} cannot be read ({str(error).splitlines()[0]}): the comment at its top explains the format."
        ) from error
    claim_set = ClaimSet(data, trainings, claims)
    _check(claim_set)
    return claim_set


def _training(name: str, entry: dict[str, Any]) -> Training:
    budgets = {
        budget: build_entry(Budget, entry[budget], f"{NAME}, run {name}, {budget}")
        for budget in BUDGETS
        if entry.get(budget)
    }
    rest = {key: value for key, value in entry.items() if key not in BUDGETS}
    return build_entry(Training, {"name": name, "budgets": budgets, **rest}, f"{NAME}, run {name}")


def _check(claim_set: ClaimSet) -> None:
    for training in claim_set.trainings.values():
        if training.data and training.data not in claim_set.data:
            known = ", ".join(claim_set.data)
            raise UserError(f"claims.yaml, run {training.name}: no data {training.data!r}: choose from {known}.")
    ids: set[str] = set()
    for claim in claim_set.claims:
        if claim.id in ids:
            raise UserError(f"claims.yaml has the claim {claim.id} twice: give each an id of its own.")
        ids.add(claim.id)
        if fault := _find_fault(claim, claim_set):
            raise UserError(f"claims.yaml, claim {claim.id}: {fault}.")


def _find_fault(claim: Claim, claim_set: ClaimSet) -> str:
    if unknown := sorted(set(claim.trainings) - set(claim_set.trainings)):
        return f"no run {unknown[0]!r}: name one that is listed under runs"
    if claim.metric not in METRICS:
        return f"no metric {claim.metric!r}: choose from {', '.join(METRICS)}"
    if claim.runs and claim.at_least is None and claim.at_most is None:
        return "no range: give at_least or at_most"
    if not claim.runs and not claim.unrun:
        return "no runs: name some, or say in unrun why there are none"
    return ""
