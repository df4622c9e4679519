"""What is run: each thing once, on the data that are there, and nothing that is there already."""

import json
from pathlib import Path

import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.plan import NOTE, plan, shard
from tests.helpers.pretended import book, claim, pretend


def test_shared_runs_are_planned_once(tmp_path: Path) -> None:
    claims = (claim(), claim(id="two", minus=("other",)))
    runs = plan(claims, "quick", book(*claims), tmp_path, None)
    assert [(run.training.name, run.seed) for run in runs] == [("layer", 0), ("layer", 1), ("other", 0), ("other", 1)]
    assert runs[1].arguments == ("--config=experiments/deconv_box.yaml", "--seed_everything=1", "--data.seed=1")


def test_a_set_is_taken_where_it_lies(tmp_path: Path) -> None:
    claims = (claim(runs=("digits",), metric="correct"),)
    (absent,) = {run.data for run in plan(claims, "quick", book(*claims), tmp_path, tmp_path)}
    (tmp_path / "MNIST/raw").mkdir(parents=True)
    run = plan(claims, "quick", book(*claims), tmp_path, tmp_path)[0]
    assert (absent, run.data) == ("embedded", "mnist")
    assert "--data.source.root={data}" in run.arguments


def test_a_run_is_missing_then_half_then_done_and_missing_again_when_asked_for_otherwise(tmp_path: Path) -> None:
    claims = (claim(),)
    run = plan(claims, "quick", book(*claims), tmp_path, None)[0]
    assert run.state() == "missing"
    (run.folder / "10").mkdir(parents=True)
    (run.folder / "9").mkdir()
    assert run.state() == "half"
    assert [path.name for path in run.attempts()] == ["9", "10"]
    pretend(run, [1.0])
    assert run.state() == "done"
    (run.folder / NOTE).write_text(json.dumps(run.note() | {"arguments": ["--model.lr=1"]}))
    assert run.state() == "half"


def test_a_run_that_is_damaged_is_not_done(tmp_path: Path) -> None:
    claims = (claim(),)
    run = plan(claims, "quick", book(*claims), tmp_path, None)[0]
    pretend(run, [1.0])
    scores, note = (run.folder / "scores.csv").read_text(), (run.folder / NOTE).read_text()
    (run.folder / "scores.csv").write_text(scores[:-20])
    assert run.state() == "missing"
    (run.folder / "scores.csv").write_text(scores)
    for damaged in ("[]", note[:-5], note.replace("3.2", '"long"')):
        (run.folder / NOTE).write_text(damaged)
        assert run.state() == "missing"
    (run.folder / NOTE).write_text(json.dumps(json.loads(note) | {"taps_error": float("nan")}))
    assert run.state() == "done"


def test_shards_share_the_runs_out(tmp_path: Path) -> None:
    claims = (claim(minus=("other",)),)
    runs = plan(claims, "quick", book(*claims), tmp_path, None)
    parts = [shard(runs, f"{place}/3") for place in (1, 2, 3)]
    assert [len(part) for part in parts] == [2, 1, 1]
    assert {run.folder for part in parts for run in part} == {run.folder for run in runs}
    for wrong in ("0/3", "4/3", "2", "a/b"):
        with pytest.raises(UserError, match=f"--shard={wrong}"):
            shard(runs, wrong)
