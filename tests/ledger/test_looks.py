"""A claim that is undecided gets more seeds, by a rule fixed beforehand that keeps the error at 5 %."""

from pathlib import Path

import numpy as np
import pytest

from deblur_lightning.intervals import half_width
from deblur_lightning.ledger.claims import Budget
from deblur_lightning.ledger.rows import Row
from deblur_lightning.ledger.runs import finished_runs, list_runs
from tests.helpers.pretended import claim, claim_set, plan_runs, pretend, rows_of

UNSURE = claim_set(claim(runs=("more",), at_least=1.0))
"""A claim whose runs may have 2, 4 or 8 seeds."""


@pytest.mark.parametrize(
    ("seeds", "most", "looks"), [(3, 12, (3, 6, 12)), (4, 10, (4, 8, 10)), (3, 0, (3,)), (3, 3, (3,)), (5, 2, (5,))]
)
def test_seeds_are_doubled_up_to_the_most(seeds: int, most: int, looks: tuple[int, ...]) -> None:
    assert Budget(seeds=seeds, seconds=1, most=most).looks == looks


def make_planned(root: Path, gain_of_seed: dict[int, float]) -> int:
    """Pretend the runs that are planned now; returns how many are planned in all."""
    runs = plan_runs(UNSURE, root, "day")
    for run in runs:
        if not run.is_done():
            pretend(run, [gain_of_seed.get(run.seed, 1.0) + noise for noise in (-0.01, 0.0, 0.01)])
    return len(runs)


def the_row(root: Path) -> Row:
    (row,) = rows_of(UNSURE, root)
    return row


def test_an_undecided_claim_gets_more_seeds_until_it_is_decided(tmp_path: Path) -> None:
    gains = {0: 0.8, 1: 2.4, 2: 1.7, 3: 1.5, 4: 1.6, 5: 1.6, 6: 1.7, 7: 1.5}
    planned = [make_planned(tmp_path, gains) for _ in range(4)]
    assert planned == [2, 4, 8, 8]
    row = the_row(tmp_path)
    assert (row.verdict, row.n, row.budget) == ("holds", "8 seeds, 3 images", "full")
    assert "Seeds are added up to 2 times" in row.reason


def test_a_claim_that_is_decided_gets_none(tmp_path: Path) -> None:
    assert [make_planned(tmp_path, {0: 5.0, 1: 5.0}) for _ in range(2)] == [2, 2]
    assert the_row(tmp_path).verdict == "holds"


def test_a_claim_that_may_have_more_seeds_says_how_it_would_be_decided(tmp_path: Path) -> None:
    make_planned(tmp_path, {0: 0.8, 1: 2.4})
    assert the_row(tmp_path).decide == "`deblur reproduce one --budget day`, 1 minutes to 2 minutes on one CPU core"


def test_seeds_that_another_claim_needs_do_not_turn_a_verdict(tmp_path: Path) -> None:
    make_planned(tmp_path, {0: 5.0, 1: 5.0})
    before = the_row(tmp_path)
    for run in list_runs(UNSURE, tmp_path)["more", "day", "embedded"]:
        if not run.is_done():
            pretend(run, [-5.0, -5.0, -5.0])
    assert the_row(tmp_path) == before


def test_a_claim_with_its_most_seeds_may_stay_undecided(tmp_path: Path) -> None:
    gains = {seed: 1.0 + (-1) ** seed for seed in range(8)}
    assert [make_planned(tmp_path, gains) for _ in range(4)] == [2, 4, 8, 8]
    row = the_row(tmp_path)
    assert (row.verdict, row.n, row.decide) == ("undecided", "8 seeds, 3 images", "")
    assert row.reason.endswith("All seeds that the claim may have are used up.")


def test_budgets_of_the_same_settings_share_their_runs(tmp_path: Path) -> None:
    make_planned(tmp_path, {0: 5.0, 1: 5.0})
    quick = plan_runs(UNSURE, tmp_path, "quick")
    assert [run.is_done() for run in quick] == [True, True]
    assert [run.folder.parts[-3] for run in quick] == ["quick", "quick"]
    assert len(finished_runs(list_runs(UNSURE, tmp_path))) == 2


def test_what_is_half_done_at_a_larger_budget_does_not_hide_what_is_decided_at_a_smaller_one(tmp_path: Path) -> None:
    for run in plan_runs(UNSURE, tmp_path, "quick"):
        pretend(run, [2.0 + 0.3 * run.seed, 2.1, 2.2])
    assert (the_row(tmp_path).verdict, the_row(tmp_path).budget) == ("holds", "quick")
    assert len(plan_runs(UNSURE, tmp_path, "day")) == 4


def test_the_most_seeds_are_shown_where_none_have_decided(tmp_path: Path) -> None:
    gains = {seed: 1.0 + (-1) ** seed for seed in range(8)}
    for _ in range(2):
        make_planned(tmp_path, gains)
    row = the_row(tmp_path)
    assert (row.verdict, row.n) == ("undecided", "4 seeds, 3 images")
    assert row.decide.startswith("`deblur reproduce one --budget day`")


def test_repeated_looks_are_wrong_in_no_more_than_5_per_cent() -> None:
    """Means of normal values of mean 0, looked at with 3, 6 and 12: how often some interval leaves 0 out."""
    values = np.random.default_rng(0).normal(size=(4000, 12))

    def wrong(looks: int) -> float:
        missed = [any(abs(v[:n].mean()) > half_width(v[:n], looks) for n in (3, 6, 12)) for v in values]
        return float(np.mean(missed))

    assert wrong(looks=3) <= 0.05
    assert wrong(looks=1) > 0.08
