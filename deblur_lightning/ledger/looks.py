"""Judges a claim after some seeds, and after more of them where it is undecided; says which runs that needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from deblur_lightning.errors import UserError
from deblur_lightning.intervals import Estimate
from deblur_lightning.ledger.claims import Claim, ClaimSet, Training
from deblur_lightning.ledger.runs import EMBEDDED, Run, Runs
from deblur_lightning.ledger.verdicts import OPEN, Arms, Verdict, judge, measure


@dataclass(frozen=True)
class Look:
    """A claim, judged by some of its runs.

    Attributes:
        arms: by training, the runs that were taken.
        measured: the figure and its interval.
        verdict: the ruling and its reason.
        is_last: whether no further seeds are wanted: all of its runs are there, and it decides, or has the most seeds.
    """

    arms: Arms
    measured: Estimate
    verdict: Verdict
    is_last: bool


def seed_counts(claim: Claim, budget: str, claim_set: ClaimSet) -> list[Mapping[str, int]]:
    """For each look at ``claim`` the number of seeds, by training, without trainings that ``budget`` leaves out."""
    trainings = [claim_set.trainings[name] for name in dict.fromkeys(claim.trainings)]
    looks = {training.name: training.budgets[budget].looks for training in trainings if budget in training.budgets}
    most = max(len(looks.get(name, ())) for name in (*claim.runs, *claim.minus))
    return [{name: seeds[min(place, len(seeds) - 1)] for name, seeds in looks.items()} for place in range(most)]


def take_look(claim: Claim, budget: str, arms: Arms, claim_set: ClaimSet) -> Look:
    """The first look whose interval lies on one side of each end of the range; if there is none, the last.

    So runs beyond the first look that decides, which other claims may need, do not change the verdict.

    Args:
        claim: the claim.
        budget: at which its runs were made.
        arms: all finished runs, at least one of each training that is measured.
        claim_set: what it belongs to.

    Raises:
        UserError: the runs do not fit together.
    """
    counts = seed_counts(claim, budget, claim_set)
    look = _look(claim, budget, arms, counts[0], claim_set)
    for count in counts[1:]:
        if not look.verdict.straddles or _lacking(arms, count, (*claim.runs, *claim.minus)):
            break
        look = _look(claim, budget, arms, count, claim_set)
    return look


def plan(claims: Iterable[Claim], budget: str, claim_set: ClaimSet, runs: Runs, data: Path | None) -> list[Run]:
    """The runs of the next look at each of ``claims``, done ones included, on the data sets that exist below ``data``.

    Each run is listed once. If all of them are done, nothing is left to do: every claim is decided, or has its most
    seeds.
    """
    needed: dict[str, int] = {}
    groups = {
        name: runs.get((name, budget, _choose_data(training, claim_set, data)), ())
        for name, training in claim_set.trainings.items()
    }
    for claim in claims:
        if claim.is_measurable(budget, claim_set):
            for name, count in _next_counts(claim, budget, claim_set, groups).items():
                needed[name] = max(count, needed.get(name, 0))
    return [run for name, count in needed.items() for run in groups[name][:count]]


def _next_counts(
    claim: Claim, budget: str, claim_set: ClaimSet, groups: Mapping[str, Sequence[Run]]
) -> Mapping[str, int]:
    counts = seed_counts(claim, budget, claim_set)
    arms = {name: list(takewhile(Run.is_done, groups[name])) for name in counts[0]}
    for count in counts[:-1]:
        if _lacking(arms, count, tuple(count)):
            return count
        try:
            if not _look(claim, budget, arms, count, claim_set).verdict.straddles:
                return count
        except UserError:  # runs that do not fit together: the ledger says so, and more of them would not help
            return count
    return counts[-1]


def _look(claim: Claim, budget: str, arms: Arms, count: Mapping[str, int], claim_set: ClaimSet) -> Look:
    taken = {name: arms[name][: count.get(name, 0)] for name in claim.trainings}
    counts = seed_counts(claim, budget, claim_set)
    measured = measure(claim, taken, looks=len(counts))
    trainings = [claim_set.trainings[name] for name in (*claim.runs, *claim.minus)]
    if lacking := _lacking(taken, count, (*claim.runs, *claim.minus)):
        return Look(taken, measured, Verdict(OPEN, f"{lacking} of its runs are not finished."), is_last=False)
    real = all(taken[training.name][0].data == (training.data or EMBEDDED) for training in trainings)
    reduced = any(training.is_reduced(budget) for training in trainings)
    verdict = judge(claim, measured, reduced, real)
    return Look(taken, measured, verdict, is_last=not verdict.straddles or count == counts[-1])


def _lacking(arms: Arms, count: Mapping[str, int], names: Sequence[str]) -> int:
    return sum(max(0, count[name] - len(arms[name])) for name in dict.fromkeys(names))


def _choose_data(training: Training, claim_set: ClaimSet, data: Path | None) -> str:
    exists = training.data and data is not None and (data / claim_set.data[training.data].needs).exists()
    return training.data if exists else EMBEDDED
