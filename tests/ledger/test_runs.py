"""Each run is planned once, on the data that exist, and is known to be done, half done or missing."""

import dataclasses
import json
from pathlib import Path

import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.runs import NOTE, select_shard
from tests.helpers.pretended import TRAININGS, claim, claim_set, plan_runs, pretend


def test_shared_runs_are_planned_once(tmp_path: Path) -> None:
    claims = (claim(), claim(id="two", minus=("other",)))
    runs = plan_runs(claim_set(*claims), tmp_path)
    assert [(run.training.name, run.seed) for run in runs] == [("layer", 0), ("layer", 1), ("other", 0), ("other", 1)]
    settings = ("--config=experiments/deconv_box.yaml", "--trainer.max_epochs=1")
    assert runs[1].arguments == (*settings, "--seed_everything=1", "--data.seed=1")


def test_a_set_is_taken_where_it_lies(tmp_path: Path) -> None:
    claims = (claim(runs=("digits",), metric="correct"),)
    (absent,) = {run.data for run in plan_runs(claim_set(*claims), tmp_path, data=tmp_path)}
    (tmp_path / "MNIST/raw").mkdir(parents=True)
    run = plan_runs(claim_set(*claims), tmp_path, data=tmp_path)[0]
    assert (absent, run.data) == ("embedded", "mnist")
    assert "--data.source.root={data}" in run.arguments


def state(root: Path) -> str:
    """Of the first run, as a command begun now finds it."""
    return plan_runs(claim_set(claim()), root)[0].state()


def test_a_run_is_missing_then_half_then_done_and_half_again_when_asked_for_otherwise(tmp_path: Path) -> None:
    run = plan_runs(claim_set(claim()), tmp_path)[0]
    assert run.state() == "missing"
    (run.folder / "10").mkdir(parents=True)
    (run.folder / "9").mkdir()
    assert run.state() == "half"
    assert [path.name for path in run.attempts()] == ["9", "10"]
    pretend(run, [1.0])
    assert run.state() == state(tmp_path) == "done"
    note = json.loads((run.folder / NOTE).read_text())
    (run.folder / NOTE).write_text(json.dumps(note | {"arguments": ["--model.lr=1"]}))
    assert state(tmp_path) == "half"


def test_a_run_that_is_damaged_is_not_done(tmp_path: Path) -> None:
    run = plan_runs(claim_set(claim()), tmp_path)[0]
    pretend(run, [1.0])
    scores, note = (run.folder / "scores.csv").read_text(), (run.folder / NOTE).read_text()
    for damaged in (scores[:-20], scores.splitlines()[0] + "\n"):
        (run.folder / "scores.csv").write_text(damaged)
        assert state(tmp_path) == "missing"
    (run.folder / "scores.csv").write_text(scores)
    for damaged in ("[]", note[:-5], note.replace("3.2", '"long"')):
        (run.folder / NOTE).write_text(damaged)
        assert state(tmp_path) == "missing"
    (run.folder / NOTE).write_text(json.dumps(json.loads(note) | {"taps_error": float("nan")}))
    assert state(tmp_path) == "done"


def test_a_run_whose_test_is_to_be_another_is_not_done(tmp_path: Path) -> None:
    given = claim_set(claim())
    pretend(plan_runs(given, tmp_path)[0], [1.0])
    drawn = dataclasses.replace(TRAININGS["layer"], test=("--data.source=SyntheticDigits",))
    other = dataclasses.replace(given, trainings=TRAININGS | {"layer": drawn})
    assert [plan_runs(each, tmp_path)[0].is_done() for each in (given, other)] == [True, False]


def test_shards_share_the_runs_out(tmp_path: Path) -> None:
    claims = (claim(minus=("other",)),)
    runs = plan_runs(claim_set(*claims), tmp_path)
    parts = [select_shard(runs, f"{place}/3") for place in (1, 2, 3)]
    assert [len(part) for part in parts] == [2, 1, 1]
    assert {run.folder for part in parts for run in part} == {run.folder for run in runs}
    for wrong in ("0/3", "4/3", "2", "a/b"):
        with pytest.raises(UserError, match=f"--shard={wrong}"):
            select_shard(runs, wrong)
