"""deblur report over runs that are damaged, or whose figures are none: the page is there, and says so."""

import dataclasses
import json
import math
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deblur_lightning.records import add_scores, read_scores
from tests.helpers.pages import Page
from tests.helpers.pretended import SHORTER

Deblur = Callable[..., tuple[int, str, str]]
RUN, OTHER = Path("runs/ledger/quick/layer/embedded-0"), "ledger/quick/layer/embedded-1"
SETTINGS = "1/config.yaml"
BLUR = "data: {init_args: {degradation: %s}}\n"
NESTED = "&a {class_path: x, init_args: {members: [*a, *a, *a]}}"


def text(name: str, content: str) -> Callable[[], object]:
    return lambda: (RUN / name).write_text(content)


def cut(name: str, place: int) -> Callable[[], object]:
    return lambda: (RUN / name).write_bytes((RUN / name).read_bytes()[:place])


def pipe(name: str) -> None:
    (RUN / name).unlink()
    os.mkfifo(RUN / name)


def folder(name: str) -> None:
    (RUN / name).unlink()
    (RUN / name).mkdir()


DAMAGE: dict[str, tuple[Callable[[], object], str]] = {
    "settings are a list": (text(SETTINGS, "[1, 2]"), "no mapping"),
    "settings are no YAML": (text(SETTINGS, "a: ["), "no YAML"),
    "settings are no text": (lambda: (RUN / SETTINGS).write_bytes(b"\xff\xfe\0"), "no YAML"),
    "settings are deep": (text(SETTINGS, "[" * 5000), "no YAML"),
    "settings are long": (text(SETTINGS, "#" * 1_100_000), "more than 1 MB"),
    "a model that is a number": (text(SETTINGS, "model: 5"), "'model' in config.yaml is no mapping"),
    "a blur that is a list": (text(SETTINGS, BLUR % "[1]"), "'degradation' in config.yaml is no mapping"),
    "a strength that is words": (text(SETTINGS, BLUR % "{init_args: {sigma: [a, {}]}}"), "is no range"),
    "a blur of itself": (text(SETTINGS, BLUR % NESTED), "no blur of this package"),
    "losses are words": (text("1/metrics.csv", "step,train/loss\n1,much\n"), "metrics.csv is damaged"),
    "a step is missing": (text("1/metrics.csv", "train/loss\n0.5\n"), "metrics.csv is damaged"),
    "losses are no text": (lambda: (RUN / "1/metrics.csv").write_bytes(b"step\n\xff\n"), "metrics.csv is damaged"),
    "scores are cut": (cut("scores.csv", -30), "is damaged"),
    "scores are of another version": (text("scores.csv", "image,psnr\na,1\n"), "not written by this version"),
    "scores are empty": (text("scores.csv", ""), "not written by this version"),
    "scores are none": (lambda: (RUN / "scores.csv").write_text(header()), "has no scores"),
    "scores are a pipe": (lambda: pipe("scores.csv"), "is no file"),
    "scores are a folder": (lambda: folder("scores.csv"), "is no file"),
    "a score is a word": (lambda: replace_in("scores.csv", "20.000000", "bright"), "is damaged"),
    "a cell is endless": (lambda: replace_in("scores.csv", "20.000000", "2" * 200_000), "cannot be read"),
    "the note is a list": (text("run.json", "[]"), "no mapping"),
    "the note is cut": (cut("run.json", -4), "no JSON"),
    "the note is deep": (text("run.json", "[" * 100_000), "no JSON"),
    "the note's size is words": (text("run.json", '{"parameters": "many"}'), "parameters is not"),
    "the note's time is no number": (text("run.json", '{"seconds": NaN}'), "seconds is not"),
    "the picture is cut": (cut("pictures/test.png", 60), "test.png"),
    "the picture is text": (text("pictures/test.png", "hello"), "test.png"),
    "the filters are cut": (cut("1/pictures/filters_000009.png", 60), "filters_000009.png"),
}


def header() -> str:
    return (RUN / "scores.csv").read_text().splitlines()[0] + "\n"


def replace_in(name: str, old: str, new: str) -> None:
    (RUN / name).write_text((RUN / name).read_text().replace(old, new, 1))


def data_of(path: Path) -> dict[str, list[dict[str, object]]]:
    """What the page's script reads, by a reader as strict as a browser's."""
    page = Page()
    page.feed(path.read_text())

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(page.data, parse_constant=refuse)  # type: ignore[no-any-return]


def test_damaged_runs_are_left_out_with_the_reason(tested: Path, deblur: Deblur) -> None:
    shutil.copytree(RUN, "sound")
    for number, (damage, _) in enumerate(DAMAGE.values()):
        damage()
        RUN.rename(f"runs/{number:02d}")
        shutil.copytree("sound", RUN)
    shutil.rmtree(RUN)
    code, printed, complained = deblur("report", "--out=page")
    assert code == 1
    assert "1 run," in printed
    assert "damaged runs were left out:" in complained
    data = data_of(tested / "page/index.html")
    assert [run["name"] for run in data["runs"]] == [OTHER]
    assert [left["name"] for left in data["leftOut"]] == [f"{number:02d}" for number in range(len(DAMAGE))]
    for left, (kind, (_, told)) in zip(data["leftOut"], DAMAGE.items(), strict=True):
        assert told in str(left["reason"]), kind
        assert str(left["reason"]) in complained


def test_a_damaged_run_of_the_ledger_leaves_its_claim_open_and_the_others_judged(tested: Path, deblur: Deblur) -> None:
    (tested / "experiments").unlink()
    (tested / "experiments").mkdir()
    usual = {
        "report": "A",
        "claim": "It gains.",
        "claimed": "+1 dB",
        "metric": "psnr_gain",
        "at_least": -9.0,
        "why": ".",
    }
    training = {"experiment": "deconv_box", "quick": {"seeds": 2, "seconds": 10, "settings": [*SHORTER]}}
    claims = [usual | {"id": "one", "runs": ["layer"]}, usual | {"id": "two", "runs": [], "unrun": "no time"}]
    content = {"data": {}, "runs": {"layer": training}, "claims": claims}
    (tested / "experiments/claims.yaml").write_text(yaml.safe_dump(content))
    deblur("report", "--out=page")
    assert data_of(tested / "page/index.html")["claims"][0]["verdict"] == "holds"
    replace_in("scores.csv", "20.000000", "bright")
    assert deblur("report", "--out=page")[0] == 1
    one, two = data_of(tested / "page/index.html")["claims"]
    assert one["verdict"] == "undecided"
    assert "Not run: no time." in str(two["reason"])


def change(metric: str, value: float | None) -> None:
    """Give one image's figure of the first run another value, or none of its figures any."""
    path = RUN / "scores.csv"
    records = read_scores(path)
    path.unlink()
    kept = [record for record in records if record.metric != metric]
    changed = [record for record in records if record.metric == metric]
    if value is not None:
        kept += [dataclasses.replace(changed[0], value=value), *changed[1:]]
    add_scores(path, kept)


FIGURES = {"psnr": math.nan, "psnr_gain": math.inf, "psnr_blurred": -math.inf, "correct": math.nan}
WORDS = {"psnr": "not a number", "psnr_gain": "infinite", "psnr_blurred": "minus infinite", "correct": "not a number"}
KEYS = {"psnr": "psnr", "psnr_gain": "gain", "psnr_blurred": "blurred", "correct": "accuracy"}


@pytest.mark.parametrize("metric", FIGURES)
def test_what_is_no_finite_number_is_words_on_the_page(metric: str, tested: Path, deblur: Deblur) -> None:
    change(metric, FIGURES[metric])
    code, _, complained = deblur("report", "--out=page")
    assert code == 0, complained
    first, second = data_of(tested / "page/index.html")["runs"]
    assert first[KEYS[metric]] == WORDS[metric]
    assert isinstance(second[KEYS[metric]], float)


def test_a_page_of_somebody_else_s_is_not_replaced(tested: Path, deblur: Deblur) -> None:
    (tested / "page").mkdir()
    (tested / "page/index.html").write_text("<title>My garden</title>")
    code, _, complained = deblur("report", "--out=page")
    assert (code, complained.count("\n")) == (2, 1)
    assert "not from deblur report" in complained
    assert (tested / "page/index.html").read_text() == "<title>My garden</title>"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "value"), [("psnr", math.nan), ("psnr_gain", math.inf), ("psnr_gain", None), ("psnr_blurred", None)]
)
def test_a_browser_shows_the_rest(
    metric: str, value: float | None, tested: Path, deblur: Deblur, chromium: str
) -> None:
    change(metric, value)
    deblur("report", "--out=page")
    page = (tested / "page/index.html").as_uri()
    command = [chromium, "--headless", "--no-sandbox", "--virtual-time-budget=5000", "--dump-dom", page]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert "2 tested runs" in shown
    leaderboard = shown.split('<section id="leaderboard">')[1].split("</section>")[0]
    rows = 2 if (metric, value) == ("psnr_gain", None) else 1  # seeds are joined where they met the same images
    assert leaderboard.count("<tr>") == 1 + rows
    assert value is None or WORDS[metric] in leaderboard
    claims = shown.split('<section id="claims">')[1].split("</section>")[0]
    assert claims.count("<tr>") > 25  # the last of what the script fills
