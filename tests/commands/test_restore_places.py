"""deblur restore among other files: what it takes for its own, will not open, and where nothing can be written."""

import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deblur_lightning.commands.restore import parser
from deblur_lightning.commands.restore.options import check
from deblur_lightning.commands.restore.run import restore_photos
from deblur_lightning.errors import CannotWrite
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.helpers.full_disk import no_room
from tests.helpers.photos import lay_out, lines, made, write_photo

Deblur = Callable[..., tuple[int, str, str]]
MODEL = ("--ckpt", "model.safetensors", "--out", "out")
PARTIAL = ".0123456789abcdef0123456789abcdef.partial"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return lay_out(tmp_path, monkeypatch)


# What is no file


def test_pipes_and_sockets_are_told_and_never_opened(place: Path, deblur: Deblur) -> None:
    os.mkfifo("photos/pipe.png")
    Path("photos/gone.jpg").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("photos/socket.jpg")
        code, printed, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    assert "3 photos" in printed
    assert lines(complained) == [
        "photos/pipe.png is a named pipe, which is not read; give an image file",
        "photos/socket.jpg is a socket, which is not read; give an image file",
        "photos/gone.jpg does not exist; check its path",
    ]
    code, _, complained = deblur("restore", "photos/pipe.png", "/dev/null", *MODEL)
    assert code == 1
    assert lines(complained)[1] == "/dev/null is a device, which is not read; give an image file"


# What is there already


def test_two_photos_whose_restored_versions_share_a_name_are_told_apart(place: Path, deblur: Deblur) -> None:
    write_photo(place / "a.gif")
    write_photo(place / "other" / "a.gif.png", 9, 12)
    assert deblur("restore", "a.gif", *MODEL)[0] == 0
    assert made() == ["a.gif.png"]
    before = Path("out/a.gif.png").read_bytes()
    code, printed, complained = deblur("restore", "other/a.gif.png", *MODEL)
    assert code == 1
    assert "0 photos" in printed
    assert lines(complained) == [
        f"out/a.gif.png is there already, made from {place}/a.gif and not from other/a.gif.png: give another --out, "
        "or --overwrite"
    ]
    assert Path("out/a.gif.png").read_bytes() == before
    code, printed, _ = deblur("restore", "a.gif", *MODEL)
    assert code == 0
    assert "skipped   1 that were there already, made from the same photos" in printed
    assert deblur("restore", "other/a.gif.png", *MODEL, "--overwrite")[0] == 0
    assert Image.open("out/a.gif.png").size == (12, 9)
    assert deblur("restore", "other/a.gif.png", *MODEL)[0] == 0
    assert deblur("restore", "a.gif", *MODEL)[0] == 1


def test_a_stranger_of_the_target_s_name_is_told_and_left_alone(place: Path, deblur: Deblur) -> None:
    Path("out/in/c.png").mkdir(parents=True)
    Path("out/a.png").write_text("mine")
    Path("out/b.jpg").symlink_to("nowhere")
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    first, second, third = lines(complained)
    assert first.startswith("out/a.png is there already, and nothing says that it was made from photos/a.png: give")
    assert second.startswith("out/b.jpg is there already, and nothing says")
    assert third == "out/in/c.png is a folder: move it away, or give another --out"
    assert Path("out/a.png").read_text() == "mine"
    assert deblur("restore", "photos/a.png", *MODEL, "--overwrite")[0] == 0
    assert Image.open("out/a.png").size == (30, 20)


def test_a_file_where_a_folder_is_needed_is_told_before_the_work(
    place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("out").mkdir()
    Path("out/in").write_text("mine")
    monkeypatch.setattr(PhotoRestorer, "restore", restoring := Restoring())
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    assert lines(complained) == [
        "out/in is a file where a folder is needed for photos/in/c.png: move it away, or give another --out"
    ]
    assert restoring.calls == 2


def test_a_photo_that_changed_is_told_and_one_that_moved_is_known(place: Path, deblur: Deblur) -> None:
    assert deblur("restore", "photos", *MODEL)[0] == 0
    Path("photos").rename("moved")
    os.utime("moved/a.png", (0, 0))
    code, printed, complained = deblur("restore", "moved", *MODEL)
    assert code == 0, complained
    assert "skipped   3 " in printed
    Path("moved").rename("photos")
    write_photo(place / "photos/a.png", 21, 30)
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    assert lines(complained) == ["out/a.png was made from photos/a.png before that changed: --overwrite makes it anew"]


@pytest.mark.parametrize("text", ["no json", "[]", '{"a.png": 5}', '{"a.png": {"source": "a"}}', "[" * 100_000])
def test_a_memory_that_is_none_is_told(text: str, place: Path, deblur: Deblur) -> None:
    Path("out").mkdir()
    Path("out/.restored.json").write_text(text)
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert (code, complained.count("\n")) == (2, 1)
    assert "out/.restored.json is not what deblur restore writes: move it away" in complained


def test_two_at_once_remember_each_other_s(place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch) -> None:
    restore = PhotoRestorer.restore

    def meanwhile(self: PhotoRestorer, *arguments: Any) -> Any:
        monkeypatch.setattr(PhotoRestorer, "restore", restore)
        assert deblur("restore", "photos/b.jpg", *MODEL)[0] == 0
        return restore(self, *arguments)

    monkeypatch.setattr(PhotoRestorer, "restore", meanwhile)
    assert deblur("restore", "photos/a.png", *MODEL)[0] == 0
    assert set(json.loads(Path("out/.restored.json").read_text())) == {"a.png", "b.jpg"}


# What killed processes leave


def test_partial_files_of_killed_processes_are_removed_and_no_others(place: Path, deblur: Deblur) -> None:
    for folder in ("out", "out/in"):
        Path(folder).mkdir()
        Path(folder, PARTIAL).write_text("half a photo")
    other = Path("out/.mine.partial")
    other.touch()
    alive = Path("out", f".{'f' * 32}.partial")
    with alive.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert deblur("restore", "photos", *MODEL)[0] == 0
    assert sorted(path.name for path in Path("out").rglob("*.partial")) == sorted([other.name, alive.name])


# Where nothing can be written


class Restoring:
    """In place of ``PhotoRestorer.restore``: counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, pixels: np.ndarray, tick: object) -> np.ndarray:
        self.calls += 1
        return pixels


def test_a_full_disk_is_found_before_the_work(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PhotoRestorer, "restore", restoring := Restoring())
    options = check(parser().parse(["photos", *MODEL]))
    with (
        no_room(0),
        pytest.raises(CannotWrite, match=r"^cannot write out/a\.png: File too large; check that its fol"),
    ):
        restore_photos(options)  # not by the command line: pytest keeps what that prints in a file, too
    assert restoring.calls == 0
    assert list(Path("out").iterdir()) == []


def test_a_disk_that_fills_up_costs_no_more_work(place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch) -> None:
    size = Path("photos/a.png").stat().st_size
    assert Path("photos/b.jpg").stat().st_size < size
    monkeypatch.setattr(PhotoRestorer, "restore", restoring := Restoring())
    with no_room(size - 1):
        code, _, complained = deblur("restore", "photos", *MODEL, "--report")
    assert code == 1
    assert restoring.calls == 1
    assert "photos left out: 2" in complained
    assert "cannot write out/restoring-report" in complained
    assert "cannot write out/a.png: File too large; check that its folder" in complained
    assert made() == ["b.jpg", "restoring-report/report.csv"]


@pytest.fixture
def nobody(place: Path) -> Iterator[None]:
    """Runs as a user who may not write what is another's."""
    user = os.geteuid()
    if user == 0:
        for folder in (place, *place.parents):
            if folder.stat().st_mode & 0o005 != 0o005:
                folder.chmod(0o755)
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_read_only_folder_is_found_before_the_work(
    place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(PhotoRestorer, "restore", restoring := Restoring())
    Path("out").mkdir()
    Path("out").chmod(0o555)
    request.getfixturevalue("nobody")
    for out in ("out", "out/deeper"):
        code, _, complained = deblur("restore", "photos", *MODEL[:2], "--out", out, "--report")
        assert (code, complained.count("\n")) == (2, 1)
        assert "Permission denied" in complained
    assert restoring.calls == 0


def test_without_room_for_the_report_the_photos_and_the_list_are_there(place: Path, deblur: Deblur) -> None:
    Path("photos/bad.jpg").write_text("no photo")
    Path("out").mkdir()
    Path("out/restoring-report").write_text("mine")
    code, printed, complained = deblur("restore", "photos", *MODEL, "--report")
    assert code == 1
    assert "restored  out: 3 photos" in printed
    assert "photos left out: 1\n  photos/bad.jpg is not an image" in complained
    assert "cannot make the folder out/restoring-report" in complained
    assert made() == ["a.png", "b.jpg", "in/c.png", "restoring-report"]


def test_a_table_that_cannot_be_written_does_not_cost_the_list(
    place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("photos/bad.jpg").write_text("no photo")
    Path("out/restoring-report/report.csv").mkdir(parents=True)
    code, _, complained = deblur("restore", "photos", *MODEL, "--report")
    assert code == 1
    assert "photos left out: 1\n  photos/bad.jpg is not an image" in complained
    assert "cannot write out/restoring-report/report.csv: Is a directory" in complained


# One photo's failure


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "the memory does not hold it; close other programs, or scale it down"),
        (RuntimeError("something new\nin C++"), "something new"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_one_photo_s_failure_does_not_end_the_rest(
    error: Exception, told: str, place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = PhotoRestorer.restore

    def failing(self: PhotoRestorer, pixels: np.ndarray, *arguments: Any) -> Any:
        if pixels.shape[0] == 21:
            raise error
        return restore(self, pixels, *arguments)

    write_photo(place / "photos" / "a.png", 21, 30)
    monkeypatch.setattr(PhotoRestorer, "restore", failing)
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    assert lines(complained) == [f"cannot restore photos/a.png: {told}"]
    assert made() == ["b.jpg", "in/c.png"]
