"""Builds the rows of the ledger: one for each claim, from the runs that are finished."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from deblur_lightning.errors import UserError
from deblur_lightning.intervals import Estimate
from deblur_lightning.ledger.claims import BUDGETS, NOTED, Claim, ClaimSet, Training
from deblur_lightning.ledger.looks import Look, take_look
from deblur_lightning.ledger.runs import EMBEDDED, Run, Runs
from deblur_lightning.ledger.verdicts import FAILS, HOLDS, OPEN, Arms, Verdict, collect_values, format_figure


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim and what was measured; the attributes are the columns of the ledger, empty where nothing is known.

    "mean" to "figure" are numbers as text, in the unit of the claim's metric: the measured figure, its interval, the
    range that it must lie in, and the figure that the report states.
    """

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
    mean: str = ""
    low: str = ""
    high: str = ""
    at_least: str = ""
    at_most: str = ""
    figure: str = ""
    runs: str = ""
    decide: str = ""
    reason: str


def build_rows(claim_set: ClaimSet, runs: Runs) -> list[Row]:
    """A row for each claim, from its best runs: its data set before a substitute, the full budget before the others.

    A budget at which more seeds are still wanted comes last, unless fewer seeds have left the claim undecided.
    """
    return [_build_row(claim, claim_set, runs) for claim in claim_set.claims]


def _build_row(claim: Claim, claim_set: ClaimSet, runs: Runs) -> Row:
    for real in (True, False) if claim.real_only else (None,):
        try:
            looks = [
                (budget, take_look(claim, budget, arms, claim_set))
                for budget, arms in _list_arms(claim, claim_set, runs, real)
            ]
            for budget, look in [pair for pair in looks if pair[1].is_last] or looks:
                if look.verdict.straddles:
                    budget, look = max(looks, key=lambda pair: pair[1].measured.seeds * pair[1].verdict.straddles)
                return _measured_row(claim, budget, look, claim_set)
        except UserError as error:  # one claim's bad runs must not cost the other claims their rows
            return _row(claim, claim_set, Verdict(OPEN, f"its runs do not fit: {error}"))
    measurable = claim.is_measurable("quick", claim_set)
    unfinished = measurable or not claim.unrun
    reason = "its runs are not finished." if unfinished else f"not run: {claim.unrun}."
    return _row(claim, claim_set, Verdict(OPEN, reason))


def _list_arms(claim: Claim, claim_set: ClaimSet, runs: Runs, real: bool | None) -> Iterator[tuple[str, Arms]]:
    """The budgets at which there is a run of each training that the claim is measured by, and these runs."""
    for budget in BUDGETS:
        arms = {name: _find_runs(claim_set.trainings[name], budget, runs, real) for name in claim.trainings}
        if claim.runs and all(arms[name] for name in (*claim.runs, *claim.minus)):
            yield budget, arms


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


def _measured_row(claim: Claim, budget: str, look: Look, claim_set: ClaimSet) -> Row:
    measured = look.measured
    first = look.arms[claim.runs[0]][0]
    note = first.result().note
    interval = _format_interval(claim, measured)
    exhausted = look.verdict.straddles and 0 < _most_seeds(claim, claim_set) <= measured.seeds
    return _row(
        claim,
        claim_set,
        look.verdict,
        measured.caveat,
        exhausted,
        measured=format_figure(measured.mean, claim),
        interval=interval,
        n=f"{count_noun(measured.seeds, 'seed')}, {count_noun(measured.images, 'image')}",
        blurred=_blurred_psnr(claim, look.arms),
        beside=_other_methods(claim, look.arms),
        data=claim_set.data[first.data].words if first.data != EMBEDDED else "built in",
        budget=budget,
        parameters=f"{note['parameters']:,}" if "parameters" in note else "",
        macs=f"{note['macs']:,}" if note.get("macs") else "",
        mean=_number(measured.mean),
        low=_number(measured.low) if interval else "",
        high=_number(measured.high) if interval else "",
        runs=" ".join(dict.fromkeys("/".join(runs[0].folder.parts[-3:-1]) for runs in look.arms.values() if runs)),
    )


def _row(
    claim: Claim, claim_set: ClaimSet, verdict: Verdict, caveat: str = "", exhausted: bool = False, **columns: str
) -> Row:
    reason = f"{verdict.reason[0].upper()}{verdict.reason[1:]} {claim.why}"
    if exhausted:
        caveat = f"{caveat} All seeds that the claim may have are used up.".strip()
    return Row(
        id=claim.id,
        report=claim.report,
        claim=claim.claim,
        claimed=claim.claimed,
        verdict=verdict.ruling,
        at_least=_number(claim.at_least),
        at_most=_number(claim.at_most),
        figure=_number(claim.figure),
        decide=_what_it_takes(claim, claim_set) if verdict.ruling == OPEN and not exhausted else "",
        reason=" ".join(filter(None, (reason, caveat))),
        **columns,
    )


def _what_it_takes(claim: Claim, claim_set: ClaimSet) -> str:
    """The command that could decide the claim, and its time on one core."""
    trainings = [claim_set.trainings[name] for name in dict.fromkeys((*claim.runs, *claim.minus))]
    whole = [name for name in ("day", "full") if all(_is_whole(training, name) for training in trainings)]
    if not (trainings and whole):
        return ""
    budgets = [training.budgets[whole[0]] for training in trainings]
    least, most = (sum(budget.seconds * budget.looks[place] for budget in budgets) for place in (0, -1))
    sets = dict.fromkeys(claim_set.data[training.data].words for training in trainings if training.data)
    data = " --data FOLDER" if sets else ""
    needs = f"with {' and '.join(sets)} in FOLDER, " if sets else ""
    time = _duration(most) if least == most else f"{_duration(least)} to {_duration(most)}"
    return f"`deblur reproduce {claim.id} --budget {whole[0]}{data}`, {needs}{time} on one CPU core"


def _most_seeds(claim: Claim, claim_set: ClaimSet) -> int:
    """How many seeds the claim may have at any budget that follows the report's recipe; 0 where there is none."""
    trainings = [claim_set.trainings[name] for name in (*claim.runs, *claim.minus)]
    seeds = [budget.looks[-1] for each in trainings for name, budget in each.budgets.items() if _is_whole(each, name)]
    return max(seeds, default=0)


def _is_whole(training: Training, budget: str) -> bool:
    """Whether the training has this budget, and follows the report's recipe at it."""
    return budget in training.budgets and not training.is_reduced(budget)


def _duration(seconds: float) -> str:
    return f"{math.ceil(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.0f} hours"


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def _format_interval(claim: Claim, measured: Estimate) -> str:
    if measured.seeds * measured.images == 1 or math.isnan(measured.low):
        return ""
    return f"{format_figure(measured.low, claim)} to {format_figure(measured.high, claim)}"


def _blurred_psnr(claim: Claim, arms: Arms) -> str:
    """The PSNR of the blurred input, which is the baseline of all restorers."""
    if claim.metric in ("correct", "confidence", *NOTED):
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


def count_noun(number: int, noun: str) -> str:
    """A number with its noun, such as "1,000 images"."""
    return f"{number:,} {noun}{'s' if number > 1 else ''}"


def count_verdicts(rows: Sequence[Row]) -> str:
    """How many verdicts of each kind there are, in words."""
    kinds = {HOLDS: "hold", FAILS: "do not hold", OPEN: "are undecided"}
    verdicts = [row.verdict for row in rows]
    return ", ".join(f"{verdicts.count(kind)} {words}" for kind, words in kinds.items())
