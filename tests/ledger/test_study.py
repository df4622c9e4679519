"""A study is read, its runs are listed, and its results are tables, sentences and p-values that can be checked."""

import csv
import re
from pathlib import Path

import pytest
import yaml

from deblur_lightning.errors import UserError
from deblur_lightning.ledger.comparisons import compare
from deblur_lightning.ledger.runs import Runs
from deblur_lightning.ledger.study import Study, check_sets, list_study_runs, read_study
from deblur_lightning.ledger.study_tables import check_results, latex, means_of, write_results
from tests.conftest import EXPERIMENTS
from tests.helpers.pretended import pretend
from tests.helpers.typesetting import typeset

BOOK = {
    "methods": {
        "small": {"experiment": "srcnn_915", "words": "SRCNN 9-1-5"},
        "large": {"experiment": "mine.yaml", "settings": ["--model.lr=1"], "words": "large_1 & 2"},
        "other": {"experiment": "wiener"},
    },
    "sets": {"box": {"settings": ["--data.degradation=BoxBlur"]}, "photos": {"needs": "photos", "words": "our photos"}},
    "seeds": 2,
    "metrics": ["psnr_gain", "psnr"],
    "settings": ["--trainer.max_epochs=1"],
}
GAINS = {"small": 1.0, "large": 2.0, "other": 1.02}
OF_A_SEED = {"small": 0.0, "large": 0.005, "other": 0.3}


def study_of(folder: Path, **changes: object) -> Study:
    (folder / "study.yaml").write_text(yaml.safe_dump({**BOOK, **changes}, sort_keys=False))
    return read_study(folder / "study.yaml")


def finished(study: Study, folder: Path) -> Runs:
    """Small differences between images and seeds, which methods share, and a little of a method's own."""
    runs = list_study_runs(study, folder / "runs")
    for (method, _, name), group in runs.items():
        for run in group:
            own = OF_A_SEED[method] * (run.seed - 0.5)
            pretend(run, [GAINS[method] + own + 0.1 * place + 0.05 * run.seed for place in range(5)], inputs=name)
    return runs


def test_settings_follow_each_other_from_the_general_to_the_particular(tmp_path: Path) -> None:
    runs = list_study_runs(study_of(tmp_path), tmp_path)
    assert len(runs) == 6
    first, second = runs["large", "study", "box"]
    assert first.arguments == (
        *("--config=mine.yaml", "--trainer.max_epochs=1", "--data.degradation=BoxBlur", "--model.lr=1"),
        *("--seed_everything=0", "--data.seed=0"),
    )
    assert second.folder == tmp_path / "large/box-1"
    assert runs["small", "study", "box"][0].arguments[0] == "--config=experiments/srcnn_915.yaml"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": {}}, "methods: there are none"),
        ({"methods": {"a": {"settings": []}}}, "methods, a: no experiment"),
        ({"methods": {"a": {"experiment": "x", "color": 1}}}, "methods, a: unknown color"),
        ({"methods": {"a": "x"}}, "methods, a: 'x' is no mapping"),
        ({"methods": {"a/../b": {"experiment": "x"}}}, "names a folder"),
        ({"sets": None}, "sets: there are none"),
        ({"seeds": 0}, "seeds: 0: give 1 or more"),
        ({"seeds": "many"}, "seeds: many: give 1 or more"),
        ({"metrics": ["beauty"]}, "no metric 'beauty'"),
        ({"metrics": []}, "no metric ''"),
        ({"against": "nobody"}, "against: nobody: choose from small, large, other"),
        ({"colour": 1}, "unknown colour"),
    ],
)
def test_a_mistake_is_told_in_a_line(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        study_of(tmp_path, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[1]", "a: [", "\x00"])
def test_a_file_that_is_no_study_is_told_in_a_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(UserError, match=r"study\.yaml is no") as caught:
        read_study(tmp_path / "study.yaml")
    assert "\n" not in str(caught.value)


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    with pytest.raises(UserError, match="set photos lies in a folder: give it with --data"):
        check_sets(study, None)
    with pytest.raises(UserError, match="set photos needs"):
        check_sets(study, tmp_path)
    (tmp_path / "photos").mkdir()
    check_sets(study, tmp_path)


def test_each_is_compared_with_each_or_all_with_one(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    runs = finished(study, tmp_path)
    found = compare(study, runs, "psnr_gain")
    assert [(each.set_name, each.first, each.second) for each in found[:3]] == [
        ("box", "large", "small"),
        ("box", "other", "small"),
        ("box", "large", "other"),
    ]
    assert {each.of for each in found} == {6}
    against = study_of(tmp_path, against="other")
    pairs = [{each.first, each.second} for each in compare(against, runs, "psnr_gain")]
    assert pairs == [{"small", "other"}, {"large", "other"}] * 2
    assert found[0].difference.mean == pytest.approx(1.0)
    assert found[0].is_shown
    assert not found[1].is_shown


def test_what_was_tested_on_other_inputs_is_not_compared(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    runs = finished(study, tmp_path)
    for run in runs["small", "study", "box"]:
        (run.folder / "scores.csv").unlink()
        pretend(run, [1.0] * 5, inputs="else")
    with pytest.raises(UserError, match="different inputs"):
        compare(study, list_study_runs(study, tmp_path / "runs"), "psnr")


def test_results_are_the_same_to_the_byte_and_say_what_may_be_claimed(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    said = [write_results(study, finished(study, tmp_path), tmp_path / name) for name in ("one", "two")]
    for name in ("study.md", "study.tex", "study.csv", "comparisons.csv", "study.pdf"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    check_results(tmp_path / "one")
    assert said[0][0].startswith(
        "On box (5 images, 2 seeds) the gain in PSNR of large_1 & 2 is higher than that of SRCNN 9-1-5 (+1.00 dB, "
    )
    assert "corrected by Holm over 6 comparisons" in said[0][0]
    assert "no difference in gain in PSNR between other and SRCNN 9-1-5 is shown" in said[0][1]
    text = (tmp_path / "one/study.md").read_text()
    assert all(line.replace("&", "&amp;") in text for line in said[0])
    assert "| large_1 &amp; 2 | **+2." in text
    with (tmp_path / "one/study.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert (rows[0]["set"], rows[0]["method"], rows[0]["seeds"], rows[0]["images"]) == ("box", "small", "2", "5")


def test_the_best_of_each_column_is_bold_and_latex_can_read_the_table(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    runs = finished(study, tmp_path)
    lines = latex(study, {metric: means_of(study, runs, metric) for metric in study.metrics}).splitlines()
    assert lines[1] == r"\begin{tabular}{lrr}"
    assert lines[3] == r" & box & our photos \\".strip()
    assert r"\quad large\_1 \& 2 & \textbf{+2." in lines[7]
    assert r"\quad other & \underline{+1." in lines[8]
    for line in lines[3:-2]:
        assert line.endswith(r"\\") or line == r"\midrule"
        bare = re.sub(r"\\[\\&%$#_{}]", "", line)
        assert bare.count("{") == bare.count("}")
        assert bare.count("&") == 2 or line.startswith((r"\multicolumn{3}", r"\midrule"))


def test_latex_sets_the_table(tmp_path: Path) -> None:
    methods = {name: {"experiment": "wiener", "words": f"[{name}] 50 %"} for name in ("small", "other", "large")}
    study = study_of(tmp_path, methods=methods, metrics=["psnr_gain", "psnr"])
    runs = finished(study, tmp_path)
    table = latex(study, {metric: means_of(study, runs, metric) for metric in study.metrics})
    assert "(1 page" in typeset(table, tmp_path)


@pytest.mark.parametrize("name", ["study.md", "study.tex", "study.csv", "comparisons.csv"])
def test_results_of_somebody_else_are_not_replaced(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("rent,400\n")
    with pytest.raises(UserError, match=f"{name} is not from deblur study"):
        check_results(tmp_path)


def test_the_studies_that_come_with_the_package_can_be_read() -> None:
    found = [read_study(path) for path in (EXPERIMENTS / "studies").glob("*.yaml")]
    assert found
    for study in found:
        for method in study.methods.values():
            assert (EXPERIMENTS / f"{method.experiment}.yaml").is_file()
