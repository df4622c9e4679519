"""Records survive the file unharmed, replace older ones of the same thing, and are never mixed."""

import os
import sys
from dataclasses import astuple, replace
from pathlib import Path
from typing import NoReturn

import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.records import COLUMNS, ScoreRecord, add_scores, load, mean_score, read_scores

RECORD = ScoreRecord(
    run="runs/one",
    image="coffee",
    split="test",
    protocol="rgb8",
    metric="psnr",
    value=28.5,
    border="valid",
    noise="none",
    rounding="8-bit",
    features="none",
    commit="0123abc",
    checkpoint="89ab",
    inputs="cdef",
)


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    records = [RECORD, replace(RECORD, metric="ssim", value=-0.25), replace(RECORD, image="cat", value=100.0)]
    add_scores(path, records)
    assert read_scores(path) == records
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)


@pytest.mark.parametrize(
    "name",
    ["a,b.png", 'say "cheese".png', "Grüße, 東京 📷.png", " space ", "two\nlines", "two\r\nlines", "1e5", "", "=1+1"],
)
def test_names_of_any_kind(tmp_path: Path, name: str) -> None:
    path = tmp_path / "scores.csv"
    record = replace(RECORD, image=name, run=f"runs/{name}")
    add_scores(path, [record, RECORD])
    assert read_scores(path) == [record, RECORD]


def test_values_keep_six_decimals(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    values = [31.4159265358, -1e-7, 0.1 + 0.2, 99.9999999]
    add_scores(path, [replace(RECORD, image=str(i), value=value) for i, value in enumerate(values)])
    assert [record.value for record in read_scores(path)] == pytest.approx(values, abs=5.1e-7)


@pytest.mark.parametrize("column", ["image", "split", "protocol", "metric", "inputs"])
def test_another_thing_is_added(tmp_path: Path, column: str) -> None:
    path = tmp_path / "scores.csv"
    other = replace(RECORD, **{column: "other"})  # type: ignore[arg-type]
    add_scores(path, [RECORD])
    add_scores(path, [other])
    assert read_scores(path) == [RECORD, other]


@pytest.mark.parametrize("column", ["commit", "features", "run"])
def test_the_same_thing_is_replaced(tmp_path: Path, column: str) -> None:
    path = tmp_path / "scores.csv"
    kept = replace(RECORD, image="cat")
    newer = replace(RECORD, value=30.0, **{column: "newer"})
    add_scores(path, [RECORD, kept])
    add_scores(path, [newer])
    assert read_scores(path) == [newer, kept]


def test_the_last_of_two_equal_keys_counts(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    add_scores(path, [RECORD, replace(RECORD, value=1.0)])
    assert read_scores(path) == [replace(RECORD, value=1.0)]


def test_adding_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    add_scores(path, [replace(RECORD, value=1 / 3), replace(RECORD, image="a,b")])
    first = path.read_bytes()
    add_scores(path, read_scores(path))
    add_scores(path, [])
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    "text",
    ["", "image,value\ncat,1\n", ",".join(reversed(COLUMNS)) + "\n", ",".join([*COLUMNS, "extra"]) + "\n"],
    ids=["empty", "fewer", "reordered", "more"],
)
def test_foreign_columns_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    for action in (lambda: read_scores(path), lambda: add_scores(path, [RECORD])):
        with pytest.raises(UserError, match=r"scores\.csv.*move it away") as error:
            action()
        assert "\n" not in str(error.value)
    assert path.read_text() == text


@pytest.mark.parametrize("interruption", [OSError("disk gone"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interruption: BaseException
) -> None:
    path = tmp_path / "scores.csv"
    add_scores(path, [RECORD])

    def fail(*_: object) -> NoReturn:
        raise interruption

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises((UserError, KeyboardInterrupt)):
        add_scores(path, [replace(RECORD, value=1.0), replace(RECORD, image="cat")])
    assert read_scores(path) == [RECORD]
    assert list(tmp_path.iterdir()) == [path]


def test_mean_is_over_the_images_of_one_metric() -> None:
    records = [
        RECORD,
        replace(RECORD, image="cat", inputs="0123", value=30.5),
        replace(RECORD, metric="ssim", value=0.9),
        replace(RECORD, metric="psnr_gain", value=7.0),
    ]
    assert mean_score(records, "psnr") == pytest.approx(29.5)
    assert mean_score(records, "psnr_gain") == pytest.approx(7.0)


def test_inputs_that_differ_in_last_bits_are_one(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    here, there = (replace(RECORD, inputs="cdef" + end * 8) for end in ("0003", "fffd"))
    add_scores(path, [here])
    add_scores(path, [there])
    assert read_scores(path) == [there]
    assert mean_score([here, there], "psnr") == RECORD.value


def test_mixed_inputs_are_refused() -> None:
    records = [RECORD, replace(RECORD, image="cat"), replace(RECORD, inputs="0123")]
    with pytest.raises(UserError, match="coffee") as error:
        mean_score(records, "psnr")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "column", ["run", "split", "protocol", "border", "noise", "rounding", "features", "checkpoint"]
)
def test_the_mean_over_two_tests_is_refused(column: str) -> None:
    records = [RECORD, replace(RECORD, image="cat", **{column: "another"})]
    with pytest.raises(UserError, match="several tests"):
        mean_score(records, "psnr")


@pytest.mark.parametrize("damage", ["a,b,c", ",".join(["x"] * len(COLUMNS))])
def test_a_damaged_row_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "scores.csv"
    add_scores(path, [RECORD])
    path.write_text(path.read_text() + damage + "\n")
    with pytest.raises(UserError, match=r"scores\.csv, row 2, is damaged"):
        read_scores(path)


def test_a_name_that_is_no_unicode_costs_no_scores(tmp_path: Path) -> None:
    records = [replace(RECORD, image="caf\udce9.png")]
    add_scores(tmp_path / "scores.csv", records)
    assert read_scores(tmp_path / "scores.csv") == records


def test_the_mean_of_nothing_is_refused() -> None:
    for records in ([], [RECORD]):
        with pytest.raises(UserError, match="ssim"):
            mean_score(records, "ssim")


def test_all_scores_below_a_folder_are_a_table(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    with pytest.raises(UserError, match=r"no scores\.csv below .*: deblur test leaves one in each run"):
        load(tmp_path)
    records = [replace(RECORD, run=f"runs/{run}/001", image=f"{image}.png") for run in "ab" for image in range(2)]
    for part in (records[:2], records[2:]):
        place = tmp_path / part[0].run
        place.mkdir(parents=True)
        add_scores(place / "scores.csv", part)
    table = load(str(tmp_path))
    assert list(table.columns) == list(COLUMNS)
    assert [tuple(row) for row in table.itertuples(index=False)] == [astuple(each) for each in records]
    assert table.groupby("run").value.mean().to_dict() == pytest.approx({one.run: one.value for one in records})


def test_without_pandas_the_table_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UserError, match="pip install pandas"):
        load(tmp_path)
