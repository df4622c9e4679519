"""What a killed process leaves is removed, what a living one works on is not."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deblur_lightning.errors import CannotWrite
from deblur_lightning.files import temporary
from deblur_lightning.files.temporary import clear_partials, lock, partial_beside, temporary_folder
from deblur_lightning.files.writing import check_room, write_atomically
from tests.conftest import REPOSITORY

DEAD = f".{'0' * 32}.partial"

WAITING = """
import sys
from pathlib import Path
from deblur_lightning.files.temporary import partial_beside, temporary_folder
with {what} as made:
    print(getattr(made, "name", made) if {file} else made, flush=True)
    sys.stdin.read()
"""


def started(folder: Path, file: bool) -> tuple["subprocess.Popen[str]", Path]:
    """A process that works on a partial file in ``folder``, or on a temporary folder there, until it is ended."""
    what = f"partial_beside(Path({str(folder / 'a')!r}))" if file else "temporary_folder('deblur-test-')"
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING.format(what=what, file=file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(folder)},
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_the_first_write_into_a_folder_clears_it(tmp_path: Path) -> None:
    (tmp_path / DEAD).touch()
    write_atomically(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_only_partial_files_of_one_s_own_are_removed(tmp_path: Path) -> None:
    others = [".mine.partial", f".{'0' * 31}.partial", f"{'0' * 32}.partial", f".{'g' * 32}.partial"]
    for name in others:
        (tmp_path / name).touch()
    pipe, link = tmp_path / f".{'1' * 32}.partial", tmp_path / f".{'2' * 32}.partial"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / others[0])
    (tmp_path / DEAD).touch()
    clear_partials(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*others, pipe.name, link.name}
    clear_partials(tmp_path / "none")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_user_s_partial_file_stays(tmp_path: Path) -> None:
    (tmp_path / DEAD).touch()
    os.chown(tmp_path / DEAD, 65534, 65534)
    clear_partials(tmp_path)
    assert (tmp_path / DEAD).exists()


@pytest.mark.parametrize("file", [True, False])
def test_what_a_process_works_on_stays_until_it_is_killed(
    file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look() -> None:
        clear_partials(tmp_path)
        with temporary_folder("deblur-test-"):
            pass

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process, made = started(tmp_path, file)
    try:
        look()
        assert made.exists()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert made.exists()
    look()
    assert not made.exists()
    process, made = started(tmp_path, file)
    process.communicate()  # ends its input, so that it ends by itself
    assert not made.exists()


def test_a_file_found_before_it_is_locked_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process clears the folder just between the making of a file and its locking."""
    lock, made = temporary._lock, []

    def late(descriptor: int, wait: bool = True) -> bool:
        made.append(descriptor)
        if len(made) == 1:
            clear_partials(tmp_path)
        return lock(descriptor, wait)

    clear_partials(tmp_path)
    temporary._seen.add(tmp_path.absolute())
    monkeypatch.setattr(temporary, "_lock", late)
    write_atomically(tmp_path / "a", b"new")
    assert len(made) == 3  # the file, the other process's look at it, the file that took its place
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_partial_file_is_gone_whatever_happens(tmp_path: Path) -> None:
    def work() -> None:
        with partial_beside(tmp_path / "a") as file:
            assert Path(file.name).parent == tmp_path
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with lock(tmp_path):
        descriptor = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)


def test_room_is_asked_for_and_given_back(tmp_path: Path) -> None:
    check_room(tmp_path / "a", 1000)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CannotWrite, match=r"cannot write .*a: .*; check that its folder exists"):
        check_room(tmp_path / "a", 1 << 60)
    with pytest.raises(CannotWrite, match="No such file or directory"):
        check_room(tmp_path / "none" / "a", 1)
    assert list(tmp_path.iterdir()) == []
