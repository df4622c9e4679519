"""Rows of the ledger: one for each claim, from the runs that are there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.claims import BUDGETS, Claim, ClaimSet
from deblur_lightning.ledger.measures import differences, values_of
from deblur_lightning.ledger.plan import EMBEDDED, Run, measurable, runs_of
from deblur_lightning.ledger.statistics import Estimate, estimate
from deblur_lightning.ledger.verdicts import OPEN, Verdict, figure, judge


@dataclass(frozen=True)
class Row:
    """One claim, measured; the attributes are the ledger's columns, empty where there is nothing to tell."""

    id: str
    report: str
    claim: str
    claimed: str
    verdict: str
    measured: str
    interval: str
    n: str
    blurred: str
    beside: str
    data: str
    budget: str
    parameters: str
    macs: str
    reason: str


Arms = dict[str, list[Run]]
"""By name of a training, its finished runs, from the first seed on."""


def rows_of(book: ClaimSet, root: Path) -> list[Row]:
    """All claims, each from the best that was run: the full budget before the quick, a set before its substitute."""
    return [_row(claim, book, root) for claim in book.claims]


def _row(claim: Claim, book: ClaimSet, root: Path) -> Row:
    for real in (True, False) if claim.real_only else (None,):
        for budget in BUDGETS:
            arms = {name: finished_runs(name, budget, book, root, real) for name in claim.trainings}
            if claim.runs and all(arms[name] for name in (*claim.runs, *claim.minus)):
                try:
                    return _measured(claim, budget, arms, book)
                except UserError as error:  # which must not take the ledger from the other claims
                    return _open(claim, f"its runs do not fit: {error}")
    return _unmeasured(claim, book)


def finished_runs(name: str, budget: str, book: ClaimSet, root: Path, real: bool | None = None) -> list[Run]:
    """The runs of a training that are done, on its own data, or on the substitute, or (None) the better of them."""
    training = book.trainings[name]
    sets = [training.data or EMBEDDED, EMBEDDED] if real is None else [training.data if real else EMBEDDED]
    for data in sets:
        runs = runs_of(training, budget, data, book, root)
        if done := list(takewhile(lambda run: run.state() == "done", runs)):
            return done
    return []


def _measured(claim: Claim, budget: str, arms: Arms, book: ClaimSet) -> Row:
    found = measure(claim, arms)
    verdict = _verdict(claim, found, budget, arms, book)
    first = arms[claim.runs[0]][0]
    note = first.note()
    return Row(
        id=claim.id,
        report=claim.report,
        claim=claim.claim,
        claimed=claim.claimed,
        verdict=verdict.ruling,
        measured=figure(found.mean, claim),
        interval=_interval(claim, found),
        n=f"{_counted(found.seeds, 'seed')}, {_counted(found.images, 'image')}",
        blurred=_blurred(claim, arms),
        beside=_beside(claim, arms),
        data=book.data[first.data].words if first.data != EMBEDDED else "built in",
        budget=budget,
        parameters=f"{note['parameters']:,}" if "parameters" in note else "",
        macs=f"{note['macs']:,}" if note.get("macs") else "",
        reason=" ".join(filter(None, (_reason(verdict, claim), found.caveat))),
    )


def _interval(claim: Claim, found: Estimate) -> str:
    if found.seeds * found.images == 1 or math.isnan(found.low):
        return ""
    return f"{figure(found.low, claim)} to {figure(found.high, claim)}"


def _verdict(claim: Claim, found: Estimate, budget: str, arms: Arms, book: ClaimSet) -> Verdict:
    needed = (*claim.runs, *claim.minus)
    if lacking := sum(book.trainings[name].efforts[budget].seeds - len(arms[name]) for name in needed):
        return Verdict(OPEN, f"{lacking} of its runs are not finished.")
    real = all(arms[name][0].data == (book.trainings[name].data or EMBEDDED) for name in needed)
    return judge(claim, found, budget, real)


def measure(claim: Claim, arms: Arms) -> Estimate:
    """The claim's figure, from finished runs."""
    more = [arms[name] for name in claim.runs]
    if claim.minus:
        values = differences(more, [arms[name] for name in claim.minus], claim.metric)
    else:
        values, _ = values_of(more, claim.metric)
    return estimate(values, hits=claim.metric == "correct" and not claim.minus)


def _unmeasured(claim: Claim, book: ClaimSet) -> Row:
    allowed = [budget for budget in BUDGETS if measurable(claim, budget, book)]
    return _open(
        claim, "its runs are not finished." if "quick" in allowed or not claim.unrun else f"not run: {claim.unrun}."
    )


def _open(claim: Claim, reason: str) -> Row:
    empty = dict.fromkeys(
        ("measured", "interval", "n", "blurred", "beside", "data", "budget", "parameters", "macs"), ""
    )
    return Row(
        id=claim.id,
        report=claim.report,
        claim=claim.claim,
        claimed=claim.claimed,
        verdict=OPEN,
        reason=_reason(Verdict(OPEN, reason), claim),
        **empty,
    )


def _reason(verdict: Verdict, claim: Claim) -> str:
    return f"{verdict.reason[0].upper()}{verdict.reason[1:]} {claim.why}"


def _blurred(claim: Claim, arms: Arms) -> str:
    """The blurred input's PSNR, the baseline of all restorers."""
    if claim.metric in ("correct", "taps_error"):
        return ""
    values, _ = values_of([arms[name] for name in claim.runs], "psnr_blurred")
    return f"{values.mean():.2f} dB"


def _beside(claim: Claim, arms: Arms) -> str:
    """What other methods reach on the very images."""
    told, alone = [], replace(claim, minus=())
    for name in (*claim.minus, *claim.beside):
        if arms[name]:
            values, _ = values_of([arms[name]], claim.metric)
            told.append(f"{name.replace('_', ' ')} {figure(float(values.mean()), alone)}")
    return "; ".join(told)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}"


def counts(rows: Sequence[Row]) -> str:
    """How many verdicts of each kind there are."""
    kinds = {"holds": "hold", "does not hold": "do not hold", OPEN: OPEN}
    verdicts = [row.verdict for row in rows]
    return ", ".join(f"{verdicts.count(kind)} {words}" for kind, words in kinds.items())
