"""deblur restore to a file or a folder that --out names."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.models import random_pixels
from tests.helpers.photos import lay_out, lines, write_photo

Deblur = Callable[..., tuple[int, str, str]]
MODEL = ("--ckpt", "model.safetensors", "--out", "out")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return lay_out(tmp_path, monkeypatch)


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
