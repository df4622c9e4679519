"""The claims, the runs that test them and their data, as ``experiments/claims.yaml`` lists them."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from deblur_lightning.errors import UserError

BUDGETS = ("full", "quick")
"""The better first."""
METRICS = ("psnr", "psnr_gain", "psnr_blurred", "ssim", "ssim_gain", "mse", "correct", "taps_error")
"""What can be judged; "mse" is that of the clamped and rounded image, from its PSNR."""

T = TypeVar("T")


@dataclass(frozen=True)
class DataSet:
    """A set that replaces what an experiment has built in.

    Attributes:
        words: its name in the ledger.
        needs: what must exist below the folder of all sets.
        settings: arguments of ``deblur fit``, with ``{data}`` for that folder.
    """

    words: str
    needs: str
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Budget:
    """What a budget allows a run: seeds, further settings, and seconds for each seed on one CPU core."""

    seeds: int
    seconds: int
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Training:
    """One line of ``deblur fit``, for several seeds and budgets.

    Attributes:
        name: of its folder.
        experiment: the YAML that it starts from.
        settings: further arguments.
        data: the name of a set, or empty for the experiment's own.
        input: channels, height and width that multiplications are counted on; empty where that tells nothing.
        efforts: by budget.
    """

    name: str
    experiment: str
    efforts: Mapping[str, Budget]
    settings: tuple[str, ...] = ()
    data: str = ""
    input: tuple[int, ...] = ()


@dataclass(frozen=True)
class Claim:
    """One claim and how it is judged; the file's opening explains the fields."""

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
    slack: float = 0.0
    real_only: bool = False
    unrun: str = ""

    @property
    def trainings(self) -> tuple[str, ...]:
        """All that it needs."""
        return (*self.runs, *self.minus, *self.beside)


@dataclass(frozen=True)
class ClaimSet:
    """The whole file."""

    data: Mapping[str, DataSet]
    trainings: Mapping[str, Training]
    claims: tuple[Claim, ...]

    def chosen(self, names: tuple[str, ...]) -> tuple[Claim, ...]:
        """The claims of these names, or of reports of these letters.

        Raises:
            UserError: no such claim.
        """
        for name in names:
            if name not in {claim.id for claim in self.claims} | {claim.report for claim in self.claims}:
                raise UserError(f"no claim {name!r}: choose from {', '.join(claim.id for claim in self.claims)}.")
        return tuple(claim for claim in self.claims if claim.id in names or claim.report in names)


def read_book(path: Path) -> ClaimSet:
    """Read and check ``claims.yaml``.

    Raises:
        UserError: it is absent, or something in it is missing, unknown or contradictory.
    """
    if not path.is_file():
        raise UserError(f"no file {path}: run in a clone of the project, where experiments/ lies.")
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        data = {name: _made(DataSet, entry, f"data {name}") for name, entry in given["data"].items()}
        trainings = {name: _training(name, entry) for name, entry in given["runs"].items()}
        claims = tuple(_made(Claim, entry, f"claim {entry.get('id')}") for entry in given["claims"])
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} cannot be understood ({str(error).splitlines()[0]}): see its opening.") from error
    book = ClaimSet(data, trainings, claims)
    _check(book)
    return book


def _training(name: str, entry: dict[str, Any]) -> Training:
    efforts = {budget: _made(Budget, entry[budget], f"run {name}, {budget}") for budget in BUDGETS if entry.get(budget)}
    rest = {key: value for key, value in entry.items() if key not in BUDGETS}
    return _made(Training, {"name": name, "efforts": efforts, **rest}, f"run {name}")


def _made(kind: type[T], entry: dict[str, Any], where: str) -> T:
    known = inspect.signature(kind).parameters
    unknown = sorted(set(entry) - set(known))
    missing = [name for name, what in known.items() if what.default is what.empty and name not in entry]
    if unknown or missing:
        fault = f"unknown {', '.join(unknown)}" if unknown else f"no {', '.join(missing)}"
        raise UserError(f"claims.yaml, {where}: {fault}; its fields are {', '.join(known)}.")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})


def _check(book: ClaimSet) -> None:
    for training in book.trainings.values():
        if training.data and training.data not in book.data:
            raise UserError(f"claims.yaml, run {training.name}: no data {training.data!r}.")
    seen: set[str] = set()
    for claim in book.claims:
        if claim.id in seen:
            raise UserError(f"claims.yaml has the claim {claim.id} twice: give each an id of its own.")
        seen.add(claim.id)
        if unknown := sorted(set(claim.trainings) - set(book.trainings)):
            raise UserError(f"claims.yaml, claim {claim.id}: no run {unknown[0]!r}.")
        if claim.metric not in METRICS:
            raise UserError(
                f"claims.yaml, claim {claim.id}: no metric {claim.metric!r}; there are {', '.join(METRICS)}."
            )
        if claim.runs and claim.at_least is None and claim.at_most is None:
            raise UserError(f"claims.yaml, claim {claim.id}: give at_least or at_most.")
        if not claim.runs and not claim.unrun:
            raise UserError(f"claims.yaml, claim {claim.id}: give runs, or say in unrun why there are none.")
