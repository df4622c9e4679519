"""Builds the rows of the ledger: one for each claim, from the runs that are finished."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from deblur_lightning.errors import UserError
from deblur_lightning.intervals import Estimate
from deblur_lightning.ledger.claims import BUDGETS, Claim, ClaimSet, Training
from deblur_lightning.ledger.runs import EMBEDDED, Run, Runs
from deblur_lightning.ledger.verdicts import (
    FAILS,
    HOLDS,
    OPEN,
    Arms,
    Verdict,
    collect_values,
    format_figure,
    judge,
    measure,
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim and what was measured; the attributes are the columns of the ledger, empty where nothing is known."""

    id: str
    report: str
    claim: str
    claimed: str
    verdict: str
    measured: str = ""
    interval: str = ""
    n: str = ""
    blurred: str = ""
    beside: str = ""
    data: str = ""
    budget: str = ""
    parameters: str = ""
    macs: str = ""
    reason: str


def build_rows(claim_set: ClaimSet, runs: Runs) -> list[Row]:
    """A row for each claim, from its best runs: the full budget before the quick, its data set before a substitute."""
    return [_build_row(claim, claim_set, runs) for claim in claim_set.claims]


def _build_row(claim: Claim, claim_set: ClaimSet, runs: Runs) -> Row:
    for real in (True, False) if claim.real_only else (None,):
        for budget in BUDGETS:
            arms = {name: _find_runs(claim_set.trainings[name], budget, runs, real) for name in claim.trainings}
            if claim.runs and all(arms[name] for name in (*claim.runs, *claim.minus)):
                try:
                    return _measured_row(claim, budget, arms, claim_set)
                except UserError as error:  # one claim's bad runs must not cost the other claims their rows
                    return _row(claim, Verdict(OPEN, f"its runs do not fit: {error}"))
    measurable = claim.is_measurable("quick", claim_set)
    unfinished = measurable or not claim.unrun
    return _row(claim, Verdict(OPEN, "its runs are not finished." if unfinished else f"not run: {claim.unrun}."))


def _find_runs(training: Training, budget: str, runs: Runs, real: bool | None) -> list[Run]:
    """The finished runs of a training, up to the first seed that is not.

    Args:
        training: what was trained.
        budget: at which budget.
        runs: all runs.
        real: whether to take its data set (True), the built-in data (False), or the former where there is any (None).
    """
    own, built_in = training.data or EMBEDDED, EMBEDDED
    for data in [own, built_in] if real is None else [training.data if real else built_in]:
        if finished := list(takewhile(Run.is_done, runs.get((training.name, budget, data), ()))):
            return finished
    return []


def _measured_row(claim: Claim, budget: str, arms: Arms, claim_set: ClaimSet) -> Row:
    measured = measure(claim, arms)
    first = arms[claim.runs[0]][0]
    note = first.result().note
    return _row(
        claim,
        _judge(claim, measured, budget, arms, claim_set),
        measured.caveat,
        measured=format_figure(measured.mean, claim),
        interval=_format_interval(claim, measured),
        n=f"{_count(measured.seeds, 'seed')}, {_count(measured.images, 'image')}",
        blurred=_blurred_psnr(claim, arms),
        beside=_other_methods(claim, arms),
        data=claim_set.data[first.data].words if first.data != EMBEDDED else "built in",
        budget=budget,
        parameters=f"{note['parameters']:,}" if "parameters" in note else "",
        macs=f"{note['macs']:,}" if note.get("macs") else "",
    )


def _row(claim: Claim, verdict: Verdict, caveat: str = "", **columns: str) -> Row:
    reason = f"{verdict.reason[0].upper()}{verdict.reason[1:]} {claim.why}"
    return Row(
        id=claim.id,
        report=claim.report,
        claim=claim.claim,
        claimed=claim.claimed,
        verdict=verdict.ruling,
        reason=" ".join(filter(None, (reason, caveat))),
        **columns,
    )


def _format_interval(claim: Claim, measured: Estimate) -> str:
    if measured.seeds * measured.images == 1 or math.isnan(measured.low):
        return ""
    return f"{format_figure(measured.low, claim)} to {format_figure(measured.high, claim)}"


def _judge(claim: Claim, measured: Estimate, budget: str, arms: Arms, claim_set: ClaimSet) -> Verdict:
    trainings = [claim_set.trainings[name] for name in (*claim.runs, *claim.minus)]
    if lacking := sum(training.budgets[budget].seeds - len(arms[training.name]) for training in trainings):
        return Verdict(OPEN, f"{lacking} of its runs are not finished.")
    real = all(arms[training.name][0].data == (training.data or EMBEDDED) for training in trainings)
    return judge(claim, measured, budget, real)


def _blurred_psnr(claim: Claim, arms: Arms) -> str:
    """The PSNR of the blurred input, which is the baseline of all restorers."""
    if claim.metric in ("correct", "taps_error"):
        return ""
    values, _ = collect_values([arms[name] for name in claim.runs], "psnr_blurred")
    return f"{values.mean():.2f} dB"


def _other_methods(claim: Claim, arms: Arms) -> str:
    """The figures of other methods on the same images."""
    cells, alone = [], replace(claim, minus=())
    for name in (*claim.minus, *claim.beside):
        if arms[name]:
            values, _ = collect_values([arms[name]], claim.metric)
            cells.append(f"{name.replace('_', ' ')} {format_figure(float(values.mean()), alone)}")
    return "; ".join(cells)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' if number > 1 else ''}"


def count_verdicts(rows: Sequence[Row]) -> str:
    """How many verdicts of each kind there are, in words."""
    kinds = {HOLDS: "hold", FAILS: "do not hold", OPEN: OPEN}
    verdicts = [row.verdict for row in rows]
    return ", ".join(f"{verdicts.count(kind)} {words}" for kind, words in kinds.items())
