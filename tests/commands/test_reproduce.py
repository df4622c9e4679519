"""deblur reproduce, with real runs of some seconds: it continues, repeats itself, and believes its scores alone."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import torch
import yaml

from deblur_lightning.cli import main
from deblur_lightning.commands.reproduce.one_run import make_run
from deblur_lightning.commands.reproduce.run_folders import lock_run
from deblur_lightning.ledger.claims import read_claims
from tests.conftest import REPOSITORY
from tests.helpers.pretended import plan_runs, pretend

Deblur = Callable[..., tuple[int, str, str]]

TINY = ["--data.epoch_length=200", "--trainer.val_check_interval=50", "--trainer.accelerator=cpu"]
BOOK = {
    "data": {},
    "runs": {
        "inverse": {
            "experiment": "deconv_inverse",
            "settings": [*TINY, "--data.num_workers=0"],
            "input": [1, 32, 32],
            "quick": {"seeds": 1, "seconds": 10},
        }
    },
    "claims": [
        {
            "id": "gains",
            "report": "A",
            "claim": "The layer deblurs.",
            "claimed": "much",
            "runs": ["inverse"],
            "metric": "psnr_gain",
            "at_least": 3.0,
            "why": "It inverts its own model.",
        },
        {
            "id": "taps",
            "report": "A",
            "claim": "The taps come out.",
            "claimed": "nearly",
            "runs": ["inverse"],
            "metric": "taps_error",
            "at_most": 0.25,
            "why": "Roughly.",
        },
    ],
}
RUN = Path("runs/ledger/quick/inverse/embedded-0")


@pytest.fixture
def book(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (workplace / "claims.yaml").write_text(yaml.safe_dump(BOOK))
    return workplace


def ledger(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "docs" / name).read_bytes() for name in ("ledger.md", "ledger.csv", "ledger.html")}


@pytest.mark.slow
def test_it_continues_after_a_stop_and_a_wrong_result_turns_the_verdict(book: Path, deblur: Deblur) -> None:
    command = ["reproduce", "--all", "--claims=claims.yaml"]
    code, printed, complained = deblur(*command)
    assert code == 0, complained
    assert "1 runs to make, about" in printed
    first = ledger(book)
    assert first["ledger.csv"].count(b",holds,") == 2
    assert "0 runs to make" in deblur(*command)[1]
    assert ledger(book) == first

    stopped_halfway(book)
    code, printed, complained = deblur(*command)
    assert code == 0, complained
    assert (RUN / "2").is_dir()
    assert ledger(book) == first

    checkpoint = RUN / "2/checkpoints/last.ckpt"
    content = torch.load(checkpoint, weights_only=True)
    content["state_dict"]["network.taps"] = content["state_dict"]["network.taps"].flip(-1) + 0.3
    torch.save(content, checkpoint)
    (RUN / "run.json").unlink()
    code, printed, complained = deblur(*command)
    assert code == 0, complained
    assert ledger(book)["ledger.csv"].count(b",does not hold,") == 2


def stopped_halfway(folder: Path) -> None:
    """Put a training of half the steps in place of the run, as Ctrl-C leaves it, and one that saved nothing."""
    for name in ("run.json", "scores.csv"):
        (RUN / name).unlink()
    shutil.rmtree(RUN / "1")
    arguments = [*json.loads((RUN / "arguments.json").read_text()), f"--run={RUN / '1'}"]
    main(["fit", *arguments, "--trainer.max_steps=100", "--trainer.enable_progress_bar=false"])
    config = RUN / "1/config.yaml"
    config.write_text(config.read_text().replace("max_steps: 100", "max_steps: -1"))
    (RUN / "2").mkdir()


def test_ctrl_c_is_passed_on_to_all_that_is_under_way_and_waited_for(
    book: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = yaml.safe_load(yaml.safe_dump(BOOK))
    several["runs"]["inverse"]["quick"]["seeds"] = 3
    (book / "claims.yaml").write_text(yaml.safe_dump(several))
    # in place of trainings: what a training does with Ctrl-C, once it has come
    child = "import signal, sys, time; signal.signal(2, lambda *_: (open(sys.argv[1], 'w'), sys.exit(130))); "
    child += "open(sys.argv[1] + '.up', 'w'); time.sleep(60)"
    begun: list[Path] = []

    def start(command: list[str], **settings: Any) -> Popen[bytes]:
        assert settings["pass_fds"]  # where this process is killed, its children hold the runs' locks
        begun.append(book / f"{len(begun)}")
        return Popen([sys.executable, "-c", child, begun[-1]], **settings)

    def press(*_: Any) -> None:
        if len(begun) == 2 and all(path.with_suffix(".up").exists() for path in begun):
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", start)
    previous = signal.signal(signal.SIGALRM, press)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        code, _, complained = deblur("reproduce", "gains", "--claims=claims.yaml", "--jobs=2")
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert code == 130
    assert "the same command goes on from here" in complained
    assert [path.exists() for path in begun] == [True, True]


def test_runs_are_exchanged_as_scores_and_give_the_same_ledger(book: Path, deblur: Deblur) -> None:
    for run in plan_runs(read_claims(book / "claims.yaml"), Path("runs/ledger")):
        pretend(run, [5.0, 6.0])
        (run.folder / "1/checkpoints").mkdir(parents=True)
        (run.folder / "1/checkpoints/last.ckpt").write_bytes(bytes(100))
    code, printed, complained = deblur("reproduce", "--all", "--claims=claims.yaml", "--export=scores")
    assert code == 0, complained
    assert "exported  1 runs to scores" in printed
    assert [path.name for path in sorted(Path("scores").rglob("*.*"))] == ["run.json", "scores.csv"]
    first = ledger(book)
    shutil.move("runs/ledger", "elsewhere")
    for count in (1, 0):  # what is here already is left alone
        code, printed, complained = deblur("reproduce", "--import=scores", "--claims=claims.yaml")
        assert code == 0, complained
        assert f"imported  {count} runs from scores" in printed
        assert ledger(book) == first
        assert "runs to make" not in printed


def test_an_imported_run_that_is_damaged_or_of_other_arguments_is_left_out(book: Path, deblur: Deblur) -> None:
    (run,) = plan_runs(read_claims(book / "claims.yaml"), Path("scores"))
    pretend(run, [5.0, 6.0])
    note = json.loads((run.folder / "run.json").read_text())
    for damage in (note | {"arguments": ["--model.lr=1"]}, note | {"seconds": "long"}):
        (run.folder / "run.json").write_text(json.dumps(damage))
        code, printed, _ = deblur("reproduce", "--import=scores", "--claims=claims.yaml")
        assert code == 0
        assert f"left out  {run.folder}" in printed
        assert "imported  0 runs" in printed
        assert not (RUN / "run.json").exists()


def test_what_is_wrong_is_told_in_a_line(book: Path, deblur: Deblur) -> None:
    for arguments, told in {
        (): "name claims",
        ("gains", "--budget=huge"): "--budget=huge",
        ("gains", "--jobs=0"): "--jobs=0",
        ("nothing",): "no claim 'nothing'",
        ("gains", "--data=nowhere"): "--data=nowhere",
        ("gains", "--claims=none.yaml"): "no file none.yaml",
        ("--import=nowhere",): "--import=nowhere is no folder",
        ("--import=.",): "--import=. has no run that belongs here",
        ("gains", "--export=claims.yaml"): "--export=claims.yaml is a file",
        ("gains", "--out=claims.yaml"): "--out=claims.yaml is a file",
    }.items():
        given = arguments if "--claims=none.yaml" in arguments else (*arguments, "--claims=claims.yaml")
        code, _, complained = deblur("reproduce", *given)
        assert code == 2
        assert told in complained
        assert complained.count("\n") == 1


def test_a_run_that_fails_is_told_and_the_ledger_is_written(book: Path, deblur: Deblur) -> None:
    changed = yaml.safe_load(yaml.safe_dump(BOOK))
    changed["runs"]["inverse"]["settings"] = ["--model.lr=-1"]
    (book / "claims.yaml").write_text(yaml.safe_dump(changed))
    code, _, complained = deblur("reproduce", "gains", "--claims=claims.yaml")
    assert code == 1
    assert "embedded-0" in complained
    assert "model.lr=-1" in (RUN / "log.txt").read_text()
    assert b"not finished" in ledger(book)["ledger.md"]


def test_what_is_not_the_run_s_own_is_not_removed(book: Path, deblur: Deblur) -> None:
    thesis = RUN / "mine/thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("years of work")
    for leave in (lambda: None, lambda: (RUN / "arguments.json").write_text('["--model.lr=1"]'), leave_half_an_attempt):
        leave()
        code, _, complained = deblur("reproduce", "gains", "--claims=claims.yaml")
        assert (code, complained.count("\n")) == (2, 1)
        assert "mine is not of a run" in complained
        assert thesis.read_text() == "years of work"
        assert not (RUN / "log.txt").exists()


def leave_half_an_attempt() -> None:
    """An attempt that stopped before its first checkpoint, with somebody's file in it."""
    (RUN / "1/mine").mkdir(parents=True)
    shutil.move(RUN / "arguments.json", RUN / "mine/arguments.json")
    settings = BOOK["runs"]["inverse"]["settings"]  # type: ignore[index]
    arguments = ["--config=experiments/deconv_inverse.yaml", *settings, "--seed_everything=0", "--data.seed=0"]
    (RUN / "arguments.json").write_text(json.dumps(arguments))


def test_a_run_that_another_process_makes_is_waited_for_and_its_result_used(book: Path) -> None:
    (run,) = plan_runs(read_claims(book / "claims.yaml"), Path("runs/ledger"))
    with ThreadPoolExecutor(1) as pool:
        with lock_run(run.folder, None):
            assert make_run(run, None, wait=False) is None
            waiting = pool.submit(make_run, run, None, wait=True)
            pretend(run, [5.0])
        assert waiting.result(timeout=60) is True
    assert not (RUN / "log.txt").exists()


@pytest.mark.slow
def test_two_at_once_make_each_run_once_and_the_same_ledger(book: Path) -> None:
    command = [sys.executable, "-m", "deblur_lightning", "reproduce", "--all", "--claims=claims.yaml"]
    both = [Popen([*command, f"--out=docs{place}"], stdout=subprocess.PIPE, text=True) for place in (1, 2)]
    printed = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    commands = [line.split()[1] for line in (RUN / "log.txt").read_text().splitlines() if line.startswith("deblur ")]
    assert commands == ["fit", "test"]
    assert all("holds" in text for text in printed)
    for name in ("ledger.md", "ledger-runs.csv"):
        assert (book / "docs1" / name).read_bytes() == (book / "docs2" / name).read_bytes()
    assert (book / "docs1/ledger.csv").read_bytes().count(b",holds,") == 2


@pytest.mark.parametrize("command", [("reproduce", "--all", "--claims=claims.yaml"), ("report", "--out=page")])
def test_each_run_is_read_from_disk_once(command: tuple[str, ...], book: Path, deblur: Deblur) -> None:
    (book / "experiments").unlink()
    (book / "experiments").mkdir()
    several = yaml.safe_load(yaml.safe_dump(BOOK))
    several["runs"]["inverse"]["quick"]["seeds"] = 2
    for path in ("claims.yaml", "experiments/claims.yaml"):
        (book / path).write_text(yaml.safe_dump(several))
    for run in plan_runs(read_claims(book / "claims.yaml"), Path("runs/ledger")):
        pretend(run, [5.0, 6.0])
    opened: list[str] = []
    watching = [True]

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and str(arguments[0]).endswith(("scores.csv", "run.json", "claims.yaml")):
            opened.append(Path(arguments[0]).relative_to(".").as_posix())

    sys.addaudithook(watch)  # which cannot be removed
    try:
        code, _, complained = deblur(*command)
    finally:
        watching.clear()
    assert code == 0, complained
    runs = [
        f"runs/ledger/quick/inverse/embedded-{seed}/{name}" for seed in (0, 1) for name in ("scores.csv", "run.json")
    ]
    claims = "claims.yaml" if command[0] == "reproduce" else "experiments/claims.yaml"
    assert sorted(opened) == sorted([*runs, claims])


@pytest.mark.parametrize("name", ["ledger.md", "ledger.csv", "ledger.html", "ledger-runs.csv"])
def test_a_ledger_of_somebody_else_s_is_not_replaced(name: str, book: Path, deblur: Deblur) -> None:
    (book / "accounts").mkdir()
    (book / "accounts" / name).write_text("rent,400\n")
    code, _, complained = deblur("reproduce", "gains", "--claims=claims.yaml", "--out=accounts")
    assert (code, complained.count("\n")) == (2, 1)
    assert f"accounts/{name} is not from deblur reproduce" in complained
    assert (book / "accounts" / name).read_text() == "rent,400\n"
    assert not RUN.exists()
