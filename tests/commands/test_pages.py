"""TIFF files of several pages."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deblur_lightning.restoring.encoding import encode, join_pages
from deblur_lightning.restoring.photos import Photo, read_photo
from tests.helpers.models import random_pixels, write_model
from tests.helpers.settings import Deblur

MODEL = ("--ckpt", "model.safetensors")

PAGES = [
    (random_pixels(24, 40, 3), "raw"),
    (random_pixels(30, 20, 3, np.uint16), "zlib"),
    (random_pixels(9, 12, 1), "raw"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model.safetensors")
    (tmp_path / "photos").mkdir()
    return tmp_path


@pytest.fixture
def scan(place: Path) -> Path:
    """A TIFF of colours, of 16-bit colours and of greys, each page also alone in a file beside it."""
    pages = [encode(Photo(pixels, None, "TIFF", {"compression": kind})) for pixels, kind in PAGES]
    path = place / "photos" / "scan.tif"
    path.write_bytes(join_pages(pages))
    for number, page in enumerate(pages):
        (place / "photos" / f"page{number}.tif").write_bytes(page)
    return path


def test_each_page_is_restored_as_if_it_were_alone(scan: Path, place: Path, deblur: Deblur) -> None:
    code, _, complained = deblur("restore", "photos", *MODEL, "--out", "out", "--report")
    assert code == 0, complained
    for number, (given, _) in enumerate(PAGES):
        assert np.array_equal(read_photo(scan, number).pixels, given)
        page, alone = read_photo(place / "out" / "scan.tif", number), read_photo(place / "out" / f"page{number}.tif")
        assert np.array_equal(page.pixels, alone.pixels)
        assert not np.array_equal(page.pixels, given)
        assert page.settings == alone.settings
        assert (place / "out" / "restoring-report" / f"scan.tif, page {number + 1}.png").exists()
    with Image.open(place / "out" / "scan.tif") as image:
        assert getattr(image, "n_frames", 1) == len(PAGES)


def test_the_first_alone(scan: Path, place: Path, deblur: Deblur) -> None:
    code, _, complained = deblur("restore", str(scan), *MODEL, "--out", "out", "--frames", "first")
    assert code == 0, complained
    with Image.open(place / "out" / "scan.tif") as image:
        assert getattr(image, "n_frames", 1) == 1
        assert image.size == (40, 24)


@pytest.mark.parametrize("wanted", [("--out", "out", "--format", "jpeg"), ("--out", "one.png")])
def test_no_page_is_lost_in_a_format_that_holds_one(
    wanted: tuple[str, ...], scan: Path, place: Path, deblur: Deblur
) -> None:
    code, _, complained = deblur("restore", str(scan), *MODEL, *wanted)
    assert code == 1
    assert "scan.tif has 3 pages, which" in complained
    assert "give --frames=first for the first page, or a TIFF for all" in complained
    assert not (place / "one.png").exists()
