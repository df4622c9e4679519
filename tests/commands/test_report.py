"""deblur report: the page holds what was run, and fetches nothing."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deblur_lightning.intervals import half_width
from deblur_lightning.records import add_scores, read_scores
from tests.conftest import REPOSITORY
from tests.helpers.pages import Page

Deblur = Callable[..., tuple[int, str, str]]


def test_the_page_tells_of_every_run_and_fetches_nothing(tested: Path, deblur: Deblur) -> None:
    code, printed, complained = deblur("report", "--out=page")
    assert code == 0, complained
    assert "2 runs" in printed
    text = (tested / "page/index.html").read_text()
    page = Page()
    page.feed(text)
    assert all(reference.startswith(("#", "data:")) for reference in page.references)
    assert not re.search(r"https?:|//\w+\.\w|@import|url\(|fetch\(|XMLHttpRequest|import\(", text)
    assert "@" not in re.sub(r"@(media|font)", "", text.split("</style>")[0].split("<style>")[0])
    runs = json.loads(page.data)["runs"]
    assert [run["name"] for run in runs] == ["ledger/quick/layer/embedded-0", "ledger/quick/layer/embedded-1"]
    (run, _) = runs
    assert (run["method"], run["blur"]) == ("FourierDeconv2d", "BoxBlur width 3-5")
    assert (run["blurred"], run["psnr"], run["gain"], run["parameters"]) == (20.0, 21.5, 1.5, 12)
    assert run["half"] == pytest.approx(12.706 / 2, abs=1e-3)  # of gains of 1 and 2 dB
    assert run["curve"] == [[0, 0.5], [9, 0.25], [19, 0.125]]
    assert len(run["pictures"]) == 2
    assert run["filters"].startswith("data:image/webp")
    assert len(json.loads(page.data)["claims"]) >= 25
    first = (tested / "page/index.html").read_bytes()
    deblur("report", "--out=page")
    assert (tested / "page/index.html").read_bytes() == first


def test_runs_that_differ_in_their_seeds_alone_are_one_row(tested: Path, deblur: Deblur) -> None:
    """The mean over seeds and images, with the interval over both; another rate or budget is another row."""

    def means(*heads: str) -> list[dict[str, object]]:
        folders = sorted(tested.glob("runs/ledger/quick/layer/*"))
        for number, (folder, head) in enumerate(zip(folders, heads, strict=True)):
            config = folder / "1/config.yaml"
            config.write_text(head + plain)
            scores = folder / "scores.csv"
            records = read_scores(scores)
            scores.unlink()
            wanted = [replace(each, value=GAINS[number][i % 2]) for i, each in enumerate(records)]
            add_scores(scores, [w if w.metric == "psnr_gain" else r for w, r in zip(wanted, records, strict=True)])
        assert deblur("report", "--out=page")[0] == 0
        page = Page()
        page.feed((tested / "page/index.html").read_text())
        return list(json.loads(page.data)["means"])

    plain = next(tested.glob("runs/**/config.yaml")).read_text().partition("\n")[2]
    (row,) = means("seed_everything: 0\n", "seed_everything: 1\n")
    values = np.array(GAINS)
    assert (row["seeds"], row["images"], row["steps"], row["budget"]) == (2, 2, 20, "quick")
    assert row["name"] == "ledger/quick/layer/embedded-0"
    assert row["gain"] == pytest.approx(values.mean())
    assert row["half"] == pytest.approx(half_width(values), abs=1e-4)
    (row,) = means("seed_everything: 0\n", "seed_everything: 0\n")  # made twice
    assert (row["seeds"], row["gain"]) == (1, values[1].mean())
    rate = "trainer: {{max_steps: {}}}\n"
    assert [row["seeds"] for row in means(rate.format(1), rate.format(2))] == [1, 1]
    assert [row["seeds"] for row in means("trainer: {logger: false}\n", "seed_everything: 1\n")] == [2]
    assert [row["seeds"] for row in means("weights: a.pth\n", "seed_everything: 1\n")] == [1, 1]
    assert [row["seeds"] for row in means("freeze: [head]\n", "freeze: []\nseed_everything: 1\n")] == [1, 1]


GAINS = [[1.0, 2.0], [1.5, 3.5]]
PAIRS = "{class_path: RealPairs, init_args: {source: {class_path: ConcatTraining, init_args: {base: "
PAIRS += "{class_path: PairedFolder, init_args: {root: data/gopro}}}}}}"


def test_pairs_are_named_by_their_folder(tested: Path, deblur: Deblur) -> None:
    for path in tested.glob("runs/**/config.yaml"):
        path.write_text(f"{path.read_text().splitlines()[1]}\ndata: {PAIRS}\n")
    deblur("report", "--out=page")
    page = Page()
    page.feed((tested / "page/index.html").read_text())
    assert {run["blur"] for run in json.loads(page.data)["runs"]} == {"pairs in data/gopro"}


def test_what_the_script_looks_for_is_on_the_page() -> None:
    folder = REPOSITORY / "deblur_lightning/ledger/page"
    script, page = (folder / "page.js").read_text(), (folder / "page.html").read_text()
    wanted = set(re.findall(r'part\("(\w+)", "(\.?\w+)"\)', script))
    assert len(wanted) == 10
    for section, inner in wanted:
        text = page.split(f'<section id="{section}">')[1].split("</section>")[0]
        assert (f'class="{inner[1:]}"' if inner.startswith(".") else f"<{inner}>") in text
    for name in re.findall(r'getElementById\("(\w+)"\)', script):
        assert f'id="{name}"' in page


FRAME = """<iframe style="width: {width}px; height: 800px"></iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument, root = page.documentElement;
  document.title = JSON.stringify({{ figures: page.querySelectorAll("figure").length,
    choices: page.querySelectorAll("#choice tbody tr").length,
    row: [...page.querySelectorAll("#leaderboard td.number")].map(cell => cell.textContent),
    over: root.scrollWidth - root.clientWidth }});
}};
frame.srcdoc = {text};
</script>"""


def dom_of(page: Path, chromium: str) -> str:
    """The document as a browser has it after its script has run."""
    command = [chromium, "--headless", "--no-sandbox", "--virtual-time-budget=5000", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.slow
def test_nothing_is_best_where_nothing_gains(tested: Path, deblur: Deblur, chromium: str) -> None:
    for path in tested.glob("runs/**/scores.csv"):
        records = read_scores(path)
        path.unlink()
        add_scores(path, [replace(score, value=-1.0) if score.metric == "psnr_gain" else score for score in records])
    deblur("report", "--out=page")
    shown = dom_of(tested / "page/index.html", chromium)
    choice = shown.split('<section id="choice">')[1].split("</section>")[0]
    assert "none: no run gains" in choice
    assert "FourierDeconv2d" not in choice
    assert 'href="#filters"' in shown
    assert 'href="#left"' not in shown  # nothing was left out, nor is there a way to it


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_it_and_it_is_no_wider_than_its_window(
    width: int, tested: Path, deblur: Deblur, chromium: str
) -> None:
    deblur("report", "--out=page")
    text = json.dumps((tested / "page/index.html").read_text()).replace("</script", "<\\/script")
    frame = tested / "frame.html"  # a window of its own would be 500 pixels wide at least
    frame.write_text(FRAME.format(width=width, text=text))
    dom = dom_of(frame, chromium)
    shown = re.search(r"<title>(.*)</title>", dom)
    assert shown is not None, dom
    row = ["20", "2", "2", "20.00", "21.50", "1.50", "6.35", "1.5000", "12", "3"]
    assert json.loads(shown[1]) == {"row": row, "figures": 1 + 2 * 2 + 2, "choices": 1, "over": 0}


def test_where_there_is_nothing_to_tell_a_line_says_so(workplace: Path, deblur: Deblur) -> None:
    for arguments, told in {
        (): "--out=FOLDER",
        ("--out=page",): "no tested run",
        ("--out=tiny.yaml",): "is a file",
    }.items():
        code, _, complained = deblur("report", *arguments)
        assert code == 2
        assert told in complained
        assert complained.count("\n") == 1
