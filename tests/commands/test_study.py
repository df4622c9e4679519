"""deblur study, from the file to the results."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deblur_lightning.ledger.study import list_study_runs, read_study
from tests.conftest import REPOSITORY
from tests.helpers.pretended import pretend

Deblur = Callable[..., tuple[int, str, str]]
FILTER = "--model={class_path: ClassicalRestorer, init_args: {filter: {class_path: Wiener}}}"
BOOK = {
    "methods": {
        "wiener": {"experiment": "deconv_box", "settings": [FILTER]},
        "layer": {"experiment": "deconv_box"},
    },
    "sets": {"box": {}},
    "settings": [
        *("--data.epoch_length=16", "--trainer.max_epochs=1", "--trainer.val_check_interval=1.0"),
        *("--data.num_workers=0", "--trainer.accelerator=cpu"),
    ],
}


@pytest.fixture
def book(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (workplace / "mine.yaml").write_text(yaml.safe_dump(BOOK, sort_keys=False))
    return workplace


def pretend_all() -> None:
    for place, group in enumerate(list_study_runs(read_study(Path("mine.yaml")), Path("runs/studies/mine")).values()):
        for run in group:
            pretend(run, [place + 0.1, place + 0.2, place + 0.4])


@pytest.mark.slow
def test_a_study_trains_tests_and_compares(book: Path, deblur: Deblur) -> None:
    code, printed, complained = deblur("study", "mine.yaml")
    assert code == 0, complained
    assert "2 runs to make; 0 are there." in printed
    assert "On box (5 images, 1 seed) the gain in PSNR of wiener is higher than that of layer" in printed
    assert Path("runs/studies/mine/results/study.pdf").read_bytes().startswith(b"%PDF")
    text = Path("runs/studies/mine/results/study.tex").read_text()
    assert "0 runs to make; 2 are there." in deblur("study", "mine.yaml")[1]
    assert Path("runs/studies/mine/results/study.tex").read_text() == text


def test_what_would_be_run_is_listed(book: Path, deblur: Deblur) -> None:
    code, printed, _ = deblur("study", "mine.yaml", "--list", "--shard=2/2")
    assert code == 0
    assert [line.split() for line in printed.splitlines()[1:]] == [["layer,", "box,", "seed", "0", "missing"]]
    assert printed.startswith("1 runs to make; 0 are there.")
    assert not Path("runs/studies").exists()


def test_runs_are_exchanged_and_the_results_wait_for_all_of_them(book: Path, deblur: Deblur) -> None:
    pretend_all()
    assert deblur("study", "mine.yaml", "--export=scores")[0] == 0
    first = Path("runs/studies/mine/results/study.csv").read_bytes()
    shutil.rmtree("runs")
    shutil.move("scores/layer", "later")
    code, printed, _ = deblur("study", "mine.yaml", "--import=scores", "--shard=1/2")
    assert code == 0
    assert "imported  1 runs from scores" in printed
    assert "results   not yet: 1 runs are not finished, the first is runs/studies/mine/layer/box-0" in printed
    shutil.move("later", "scores/layer")
    assert deblur("study", "mine.yaml", "--import=scores")[0] == 0
    assert Path("runs/studies/mine/results/study.csv").read_bytes() == first


def test_what_is_wrong_is_told_in_a_line(book: Path, deblur: Deblur) -> None:
    Path("a.txt").write_text("")
    for arguments, told in {
        ("none.yaml",): "no file none.yaml",
        ("mine.yaml", "--jobs=0"): "--jobs=0",
        ("mine.yaml", "--shard=3/2"): "--shard=3/2",
        ("mine.yaml", "--data=nowhere"): "--data=nowhere is no folder",
        ("mine.yaml", "--out=a.txt"): "--out=a.txt is a file",
        ("mine.yaml", "--export=a.txt"): "--export=a.txt is a file",
        ("mine.yaml", "--import=nowhere"): "--import=nowhere is no folder",
        (): "STUDY",
    }.items():
        code, _, complained = deblur("study", *arguments)
        assert (code, complained.count("\n")) == (2, 1), complained
        assert told in complained
