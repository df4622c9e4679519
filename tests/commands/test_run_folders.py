"""Folders of runs: nothing of somebody else's is removed, and there is one maker at a time."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deblur_lightning.commands.reproduce.run_folders import check_own, clear, lock_run
from deblur_lightning.errors import UserError
from tests.conftest import REPOSITORY

OWN = (
    "arguments.json", "run.json", "log.txt", "seconds.txt", "scores.csv", "confusion.csv", "pictures/test.png",
    "1/config.yaml", "1/metrics.csv", "1/fitted", "1/checkpoints/best.ckpt", "1/checkpoints/last-v1.ckpt",
    "1/pictures/val_000050.png", "12/pictures/filters_000009.png", "2/diverged.pt",
    "1/checkpoints/.0123456789abcdef0123456789abcdef.partial",
)  # fmt: skip
STRANGERS = (
    "mine/thesis.txt", "notes.txt", "1/notes.txt", "pictures/holiday.png", "1/checkpoints/favourite.ckpt", ".git/HEAD",
    "1/1/config.yaml", "config.yaml/x", "12x/config.yaml",
)  # fmt: skip


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_what_a_run_leaves_behind_is_cleared(tmp_path: Path) -> None:
    fill(tmp_path / "run", *OWN)
    clear(tmp_path / "run", tmp_path / "run/1")
    assert not (tmp_path / "run/1").exists()
    assert (tmp_path / "run/2/diverged.pt").exists()
    clear(tmp_path / "run", tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []
    clear(tmp_path / "run", tmp_path / "absent")


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_somebody_else_s_stays_and_so_does_all_beside_it(name: str, tmp_path: Path) -> None:
    fill(tmp_path, *(own for own in OWN if not name.startswith(own)), name)
    before = sorted(tmp_path.rglob("*"))
    for action in (check_own, clear):
        with pytest.raises(UserError, match=r"move .* away"):
            action(tmp_path, tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_is_neither_followed_nor_removed(tmp_path: Path) -> None:
    fill(tmp_path, "elsewhere/config.yaml")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/1").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="run/1 is not of a run"):
        clear(tmp_path / "run", tmp_path / "run")
    assert (tmp_path / "elsewhere/config.yaml").exists()


def test_who_is_second_goes_without_or_waits(tmp_path: Path) -> None:
    stop, came = threading.Event(), []
    with lock_run(tmp_path / "run", None) as first:
        assert first is not None
        with lock_run(tmp_path / "run", None) as second:
            assert second is None
        with lock_run(tmp_path / "other", None) as other:
            assert other is not None
        stop.set()
        with lock_run(tmp_path / "run", stop) as stopped:
            assert stopped is None
        waiting = threading.Thread(target=lambda: came.append(taken(tmp_path / "run")))
        waiting.start()
        assert not came
    waiting.join(timeout=60)
    assert came == [True]


def taken(folder: Path) -> bool:
    with lock_run(folder, threading.Event()) as lock:
        return lock is not None


MAKER = """
import subprocess, sys
from pathlib import Path
from deblur_lightning.commands.reproduce.run_folders import lock_run
with lock_run(Path(sys.argv[1]), None) as lock:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=0, pass_fds=(lock,))
    print(child.pid, flush=True)
    child.wait()
"""


def test_a_maker_that_is_killed_leaves_the_lock_to_its_child_and_to_nobody_after(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", MAKER, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as maker:
        assert maker.stdout is not None
        assert maker.stdin is not None
        maker.stdout.readline()
        maker.send_signal(signal.SIGKILL)
        maker.wait()
        with lock_run(tmp_path / "run", None) as lock:
            assert lock is None
        maker.stdin.close()  # ends the child
        assert taken(tmp_path / "run")
