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
from tests.helpers.models import random_pixels, write_model

Deblur = Callable[..., tuple[int, str, str]]
MODEL = ("--ckpt", "model.safetensors", "--out", "out")
PARTIAL = ".0123456789abcdef0123456789abcdef.partial"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in: photos/ with three of them, and model.safetensors."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model.safetensors")
    for name in ("a.png", "b.jpg", "in/c.png"):
        write_photo(tmp_path / "photos" / name)
    return tmp_path


def write_photo(path: Path, height: int = 20, width: int = 30, channels: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random_pixels(height, width, channels).squeeze()).save(path)
    return path


def lines(complained: str) -> list[str]:
    """What was left out, one a line."""
    found = complained[complained.index("deblur: error: photos left out:") :].splitlines()
    assert found[0] == f"deblur: error: photos left out: {len(found) - 1}"
    return [line.strip() for line in found[1:]]


def made() -> list[str]:
    return sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("[!.]*") if path.is_file())


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


# Where to


@pytest.mark.parametrize(
    ("source", "target", "format", "mode"),
    [
        ("a.png", "deep/er/one.png", "PNG", "RGB"),
        ("a.png", "one.JPG", "JPEG", "RGB"),
        ("b.jpg", "one.png", "PNG", "RGB"),
        ("b.jpg", "one.jpeg", "JPEG", "RGB"),
        ("b.jpg", "one.webp", "WEBP", "RGB"),
        ("b.jpg", "one.tif", "TIFF", "RGB"),
        ("d.gif", "one.bmp", "BMP", "RGB"),
        ("grey.png", "one.pgm", "PPM", "L"),
        ("clear.png", "one.webp", "WEBP", "RGBA"),
        ("deep.png", "one.jpg", "JPEG", "L"),
        ("deep.png", "one.tif", "TIFF", "I;16"),
        ("inks.jpg", "one.tif", "TIFF", "CMYK"),
    ],
)
def test_out_may_name_the_file_for_one_photo(
    source: str, target: str, format: str, mode: str, place: Path, deblur: Deblur
) -> None:
    write_photo(place / "photos" / "d.gif")
    write_photo(place / "photos" / "grey.png", channels=1)
    Image.fromarray(random_pixels(20, 30, 2)).save("photos/clear.png")
    Image.fromarray(random_pixels(20, 30, 1, np.uint16)[..., 0]).save("photos/deep.png")
    Image.fromarray(random_pixels(20, 30, 3)).convert("CMYK").save("photos/inks.jpg")
    before = {path.name for path in place.iterdir()}
    command = ("restore", f"photos/{source}", "--ckpt", "model.safetensors", "--out", target)
    code, printed, complained = deblur(*command)
    assert code == 0, complained
    assert f"restored  {target}: 1 photos" in printed
    with Image.open(target) as image:
        assert (image.size, image.format, image.mode) == ((30, 20), format, mode)
        assert np.abs(np.asarray(image.convert("L"), dtype=int)).max() > 0
    assert {path.name for path in place.iterdir()} - before == {Path(target).parts[0]}
    written = Path(target).read_bytes()
    code, _, complained = deblur(*command)
    assert code == 2
    assert f"--out={target} is there already: give another name, or --overwrite." in complained
    Path(target).write_text("old")
    assert deblur(*command, "--overwrite")[0] == 0
    assert Path(target).read_bytes() == written


def test_what_a_format_does_not_hold_is_told(place: Path, deblur: Deblur) -> None:
    Image.fromarray(random_pixels(20, 30, 4)).save("photos/clear.png")
    Image.fromarray(random_pixels(20, 30, 3)).convert("CMYK").save("photos/inks.jpg")
    for source, target, told in (
        ("clear.png", "one.jpg", "has transparency, which JPEG files do not hold: give --out=NAME.png."),
        ("inks.jpg", "one.png", "is in inks (CMYK), which PNG files do not hold: give --out=NAME.jpg or NAME.tif."),
    ):
        code, _, complained = deblur("restore", f"photos/{source}", *MODEL[:2], "--out", target)
        assert code == 1
        assert lines(complained) == [f"photos/{source} {told}"]
        assert not Path(target).exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["photos", "--out", "one.png"], "--out=one.png names a file, and there may be several photos: give a folder."),
        (["photos/a.png", "photos/b.jpg", "--out", "one.png"], "--out=one.png names a file"),
        (["photos/a.png", "--out", "one.gif"], "--out=one.gif: such files cannot be written; give one that ends in"),
        (["photos/a.png", "--out", "photos/a.png"], "photos/a.png would be replaced by its restored version"),
        (["photos/a.png", "--out", "photos/b.jpg"], "--out=photos/b.jpg is there already: give another name"),
        (["photos/a.png", "--out", "model.safetensors"], "--out=model.safetensors is a file: give a folder."),
        (["photos/none.png", "--out", "one.png"], "photos/none.png does not exist"),
    ],
)
def test_what_out_cannot_be_is_told_in_a_line(arguments: list[str], told: str, place: Path, deblur: Deblur) -> None:
    before = sorted(place.rglob("*"))
    code, _, complained = deblur("restore", *arguments)
    assert (code, complained.count("\n")) == (2, 1)
    assert told in complained
    assert sorted(place.rglob("*")) == before


def test_a_folder_may_be_called_like_a_file(place: Path, deblur: Deblur) -> None:
    Path("one.png").mkdir()
    assert deblur("restore", "photos/a.png", *MODEL[:2], "--out", "one.png")[0] == 0
    assert Path("one.png/a.png").is_file()
    assert deblur("restore", "photos/a.png", *MODEL[:2], "--out", "two.png/")[0] == 0
    assert Path("two.png/a.png").is_file()


def test_out_within_the_searched_folder_is_not_searched(place: Path, deblur: Deblur) -> None:
    for _ in range(2):
        code, printed, complained = deblur("restore", "photos", *MODEL[:2], "--out", "photos/in/../out", "--report")
        assert code == 0, complained
    assert "skipped   3 " in printed
    found = {path.relative_to("photos/out").as_posix() for path in Path("photos/out").rglob("[!.]*") if path.is_file()}
    assert {name for name in found if not name.startswith("restoring")} == {"a.png", "b.jpg", "in/c.png"}
