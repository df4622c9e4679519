"""From stored scores to verdicts and tables, byte for byte."""

import csv
import math
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deblur_lightning.ledger.claims import ClaimSet
from deblur_lightning.ledger.rows import Row, build_rows, count_verdicts
from deblur_lightning.ledger.runs import finished_runs, list_runs
from deblur_lightning.ledger.tables import html, markdown, write_ledger
from tests.conftest import REPOSITORY
from tests.helpers.pretended import claim, claim_set, plan_runs, pretend, rows_of

GOOD, BAD = [2.0, 2.1, 2.2, 1.9], [0.1, 0.2, 0.0, -0.1]


def pretend_all(
    given: ClaimSet, gains: dict[str, list[float]], root: Path, budget: str = "quick", inputs: str = "i"
) -> None:
    for run in plan_runs(given, root, budget):
        if run.training.name in gains:
            pretend(run, gains[run.training.name], inputs)


def write(given: ClaimSet, root: Path, folder: Path) -> None:
    runs = list_runs(given, root)
    write_ledger(build_rows(given, runs), finished_runs(runs), folder)


def test_scores_turn_a_verdict(tmp_path: Path) -> None:
    given = claim_set(claim())
    assert "not finished" in rows_of(given, tmp_path)[0].reason
    for gains, verdict, figure in (
        (GOOD, "holds", "+2.05 dB"),
        (BAD, "does not hold", "+0.05 dB"),
        ([0.0, 2.0, 1.0, 1.1], "undecided", "+1.02 dB"),
    ):
        pretend_all(given, {"layer": gains}, tmp_path)
        (row,) = rows_of(given, tmp_path)
        assert (row.verdict, row.measured, row.n) == (verdict, figure, "2 seeds, 4 images")
        assert (row.blurred, row.parameters, row.budget) == ("20.00 dB", "12", "quick")


def test_a_quick_run_refutes_only_what_it_misses_by_more_than_the_slack(tmp_path: Path) -> None:
    given = claim_set(claim(slack=1.5), claim(id="two", slack=0.5))
    pretend_all(given, {"layer": BAD}, tmp_path)
    assert [row.verdict for row in rows_of(given, tmp_path)] == ["undecided", "does not hold"]
    pretend_all(given, {"layer": BAD}, tmp_path, budget="full")
    rows = rows_of(given, tmp_path)
    assert [(row.verdict, row.budget) for row in rows] == [("does not hold", "full")] * 2


def test_differences_are_taken_image_by_image(tmp_path: Path) -> None:
    given = claim_set(claim(minus=("other",), metric="psnr", at_least=0.05))
    pretend_all(given, {"layer": [5.1, 0.1, 9.1, 3.1], "other": [5.0, 0.0, 9.0, 3.0]}, tmp_path)
    (row,) = rows_of(given, tmp_path)
    assert (row.verdict, row.measured, row.interval) == ("holds", "+0.10 dB", "+0.10 dB to +0.10 dB")
    shutil.rmtree(tmp_path / "quick/other")
    pretend_all(given, {"other": [5.0, 0.0, 9.0, 3.0]}, tmp_path, inputs="j")
    (row,) = rows_of(given, tmp_path)
    assert row.verdict == "undecided"
    assert "different inputs" in row.reason


def test_images_that_the_claim_names_are_no_sample(tmp_path: Path) -> None:
    """The interval is then over seeds alone; with one seed there is only that over images."""
    given = claim_set(claim(same_images=True), claim(id="two"), claim(id="three", runs=("other",), same_images=True))
    for run, shift in zip(plan_runs(given, tmp_path), (0.0, 0.02, 0.0, 0.02), strict=True):
        pretend(run, [gain + shift for gain in (-3.0, 9.0, 0.0, 2.0)])
    shutil.rmtree(tmp_path / "quick/other/embedded-1")
    named, sampled, once = rows_of(given, tmp_path)
    assert (named.verdict, named.measured, named.n) == ("holds", "+2.01 dB", "2 seeds, 4 images")
    assert (sampled.verdict, sampled.measured, sampled.n) == ("undecided", "+2.01 dB", "2 seeds, 4 images")
    assert float(once.high) - float(once.low) > 10


def test_inputs_of_two_machines_may_differ_in_last_bits(tmp_path: Path) -> None:
    given = claim_set(claim(minus=("other",), metric="psnr", at_least=0.05))
    pretend_all(given, {"layer": [5.1, 0.1, 9.1, 3.1]}, tmp_path, inputs="cdef" + 7 * "0003" + "000")
    pretend_all(given, {"other": [5.0, 0.0, 9.0, 3.0]}, tmp_path, inputs="cdef" + 7 * "fffd" + "000")
    assert [row.verdict for row in rows_of(given, tmp_path)] == ["holds"]


def test_shares_differ_by_points(tmp_path: Path) -> None:
    given = claim_set(claim(minus=("other",), metric="correct", at_least=0.05))
    pretend_all(given, {"layer": [1.0, 1.0, 1.0, 0.0], "other": [1.0, 1.0, 0.0, 0.0]}, tmp_path)
    (row,) = rows_of(given, tmp_path)
    assert (row.measured, row.beside) == ("+25.00 points", "other 50.00 %")
    assert "at least +5.00 points" in row.reason


def test_what_a_substitute_shows_is_told_and_not_judged(tmp_path: Path) -> None:
    given = claim_set(claim(runs=("digits",), metric="correct", at_least=0.5, real_only=True))
    pretend_all(given, {"digits": [1.0, 1.0, 1.0, 1.0]}, tmp_path)
    (row,) = rows_of(given, tmp_path)
    assert (row.verdict, row.measured, row.data) == ("undecided", "100.00 %", "built in")
    assert "substitute" in row.reason


def test_a_claim_whose_seeds_are_not_all_there_is_open(tmp_path: Path) -> None:
    given = claim_set(claim())
    pretend_all(given, {"layer": GOOD}, tmp_path)
    shutil.rmtree(tmp_path / "quick/layer/embedded-1")
    (row,) = rows_of(given, tmp_path)
    assert (row.verdict, row.n) == ("undecided", "1 seed, 4 images")
    assert "1 of its runs" in row.reason


def test_the_ledger_is_the_same_to_the_byte_and_tells_everything(tmp_path: Path) -> None:
    given = claim_set(claim(), claim(id="two", runs=(), unrun="no photographs", at_least=None))
    pretend_all(given, {"layer": GOOD}, tmp_path)
    texts = []
    for name in ("one", "two"):
        write(given, tmp_path, tmp_path / name)
        texts.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert texts[0] == texts[1]
    assert set(texts[0]) == {"ledger.md", "ledger.csv", "ledger.html", "ledger-runs.csv"}
    page = texts[0]["ledger.md"].decode()
    assert "1 hold, 0 do not hold, 1 are undecided" in page
    assert "Not run: no photographs. Because." in page
    assert b"deblur fit --config=experiments/deconv_box.yaml" in texts[0]["ledger-runs.csv"]
    HTMLParser().feed(texts[0]["ledger.html"].decode())
    assert count_verdicts(rows_of(given, tmp_path)).startswith("1 hold")


def kept_rows() -> list[Row]:
    with (REPOSITORY / "docs/ledger.csv").open(newline="") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def test_the_kept_ledger_s_page_text_and_table_are_of_the_same_rows() -> None:
    assert markdown(kept_rows()) == (REPOSITORY / "docs/ledger.md").read_text()
    assert html(kept_rows()) == (REPOSITORY / "docs/ledger.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_a_browser_shows_each_claim_s_figures(width: int, scheme: str, chromium: str) -> None:
    """As a row, or where that is too wide as a card, with its verdict as a mark in a colour of its own."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.goto((REPOSITORY / "docs/ledger.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shown = {row.get_attribute("id"): row.inner_text() for row in page.locator("tr[id]").all()}
        names = page.evaluate("getComputedStyle(document.querySelector('[data-name=measured]'), '::before').content")
        colour = "element => getComputedStyle(element).color"
        colours = {page.locator(f"td.{kind} >> nth=0").evaluate(colour) for kind in ("holds", "fails", "open")}
        browser.close()
    assert list(shown) == [row.id for row in kept_rows()]
    for row in kept_rows():
        for figure in (row.claimed, row.measured, row.interval):
            assert " ".join(figure.split()) in " ".join(shown[row.id].split())
    assert (names != "none") == (width == 390)
    assert len(colours) == 3


def test_one_seed_holds_no_variance_of_training_and_the_row_says_so(tmp_path: Path) -> None:
    given = claim_set(claim())
    pretend_all(given, {"layer": GOOD}, tmp_path)
    assert "no variance" not in rows_of(given, tmp_path)[0].reason
    shutil.rmtree(tmp_path / "quick/layer/embedded-1")
    assert rows_of(given, tmp_path)[0].reason.endswith("One seed: the interval holds no variance of training.")


@pytest.mark.parametrize(("value", "words"), [(math.nan, "not a number"), (math.inf, "infinite")])
def test_what_is_no_finite_number_is_told_in_words_and_not_judged(value: float, words: str, tmp_path: Path) -> None:
    given = claim_set(claim())
    pretend_all(given, {"layer": [*GOOD[:3], value]}, tmp_path)
    (row,) = rows_of(given, tmp_path)
    assert (row.verdict, row.measured, row.interval) == ("undecided", words, "")
    assert "not all finite numbers" in row.reason


def test_a_claim_s_words_stay_in_their_cells(tmp_path: Path) -> None:
    words = "=1|2\n<b>3"
    given = claim_set(claim(id="one|two", claimed=words, claim=words))
    pretend_all(given, {"layer": GOOD}, tmp_path)
    write(given, tmp_path, tmp_path / "out")
    (line,) = [
        line for line in (tmp_path / "out/ledger.md").read_text().splitlines() if line.startswith("| \u2713 | [one")
    ]
    assert len(re.findall(r"(?<!\\)\|", line)) == 8
    assert r"| =1\|2 &lt;b&gt;3 |" in line
    with open(tmp_path / "out/ledger.csv", newline="") as file:
        _, row = csv.reader(file)
    assert row[:4] == ["one|two", "A", f"'{words}", f"'{words}"]
    assert row[5:7] == ["+2.05 dB", "+1.84 dB to +2.26 dB"]
    assert "<b>" not in (tmp_path / "out/ledger.html").read_text()
