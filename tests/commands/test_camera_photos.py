"""Photos as cameras and phones write them, and what else lies beside them."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from deblur_lightning.restoring.photos import read_photo
from tests.helpers.models import random_pixels, write_model
from tests.helpers.settings import Deblur

MODEL = ("--ckpt", "model.safetensors", "--out", "out")
SIDEWAYS = 6
"""An EXIF orientation that exchanges height and width."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model.safetensors")
    (tmp_path / "photos").mkdir()
    return tmp_path


def write_heic(path: Path) -> None:
    """A phone's photo of 40x24 pixels, held upright: its file has 24x40."""
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[274], exif[271] = SIDEWAYS, "A phone"
    Image.fromarray(random_pixels(24, 40, 3)).save(path, exif=exif.tobytes(), quality=95)


def write_dng(path: Path) -> None:
    """A raw photo of 64x48 pixels, held upright."""
    pytest.importorskip("rawpy")
    mosaic = np.random.default_rng(0).integers(2_000, 40_000, (48, 64), dtype=np.uint16)
    matrix = (31339, -16169, -4906, -9788, 19161, 335, 719, -2290, 14052)
    tags = [
        (271, "s", 0, "A camera", True),
        (272, "s", 0, "A camera", True),
        (274, "H", 1, SIDEWAYS, True),
        (33421, "H", 2, (2, 2), True),  # the mosaic's period
        (33422, "B", 4, (0, 1, 1, 2), True),  # red, green, green, blue
        (50706, "B", 4, (1, 4, 0, 0), True),  # DNG 1.4
        (50708, "s", 0, "A camera", True),
        (50717, "H", 1, 65535, True),  # white
        (50721, "2i", 9, tuple(part for value in matrix for part in (value, 10_000)), True),
        (50728, "2I", 3, (1, 1) * 3, True),  # neutral
        (50778, "H", 1, 21, True),  # daylight
    ]
    tifffile.imwrite(path, mosaic, photometric="cfa", metadata=None, software=False, extratags=tags)


def test_a_phone_s_heic_is_restored_upright(place: Path, deblur: Deblur) -> None:
    write_heic(place / "photos" / "IMG_1.HEIC")
    code, printed, complained = deblur("restore", "photos", *MODEL)
    assert code == 0, complained
    assert "restored  out: 1 photos" in printed
    restored = Image.open(place / "out" / "IMG_1.HEIC.png")
    assert restored.size == (24, 40)
    assert restored.getexif()[271] == "A phone"
    assert restored.getexif().get(274, 1) == 1


def test_a_raw_photo_becomes_a_tiff_of_16_bits(place: Path, deblur: Deblur) -> None:
    write_dng(place / "photos" / "a.dng")
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 0, complained
    pixels = read_photo(place / "out" / "a.dng.tif").pixels
    assert (pixels.shape, pixels.dtype) == ((64, 48, 3), np.uint16)
    assert len(np.unique(pixels)) > 256


def test_avif_stays_avif(place: Path, deblur: Deblur) -> None:
    Image.fromarray(random_pixels(24, 40, 3)).save(place / "photos" / "a.avif")
    assert deblur("restore", "photos", *MODEL)[0] == 0
    restored = Image.open(place / "out" / "a.avif")
    assert (restored.format, restored.size) == ("AVIF", (40, 24))


@pytest.mark.parametrize(
    ("given", "suffix", "name"), [("jpeg", ".jpg", "JPEG"), ("tiff", ".tif", "TIFF"), ("avif", ".avif", "AVIF")]
)
def test_all_are_written_as_one_format(given: str, suffix: str, name: str, place: Path, deblur: Deblur) -> None:
    write_heic(place / "photos" / "a.heic")
    write_dng(place / "photos" / "b.dng")
    Image.fromarray(random_pixels(24, 40, 3)).save(place / "photos" / "c.png")
    code, _, complained = deblur("restore", "photos", "--format", given, *MODEL)
    assert code == 0, complained
    assert [Image.open(place / "out" / f"{one}{suffix}").format for one in "abc"] == [name] * 3


@pytest.mark.parametrize(("name", "package"), [("a.heic", "pillow_heif"), ("a.nef", "rawpy")])
def test_without_the_package_the_cure_is_told(
    name: str, package: str, place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deblur_lightning.files import camera_files

    camera_files._register_heif.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    (place / "photos" / name).write_bytes(b"as a camera writes it")
    Image.fromarray(random_pixels(24, 40, 3)).save(place / "photos" / "b.png")
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    assert f"photos/{name} is a {'HEIC' if name == 'a.heic' else 'raw'} photo, which needs another" in complained
    assert "pip install 'deblur_lightning[photos]'" in complained
    assert (place / "out" / "b.png").exists()


@pytest.mark.parametrize("name", ["a.heic", "a.dng", "a.avif"])
def test_a_damaged_one_is_left_out_in_one_line(name: str, place: Path, deblur: Deblur) -> None:
    (place / "photos" / name).write_bytes(b"damaged" * 100)
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    assert len(complained.strip().splitlines()[-1]) < 200
    assert f"photos/{name}" in complained.splitlines()[-1]


def test_a_pipe_that_is_named_like_a_raw_photo_is_never_opened(place: Path, deblur: Deblur) -> None:
    os.mkfifo(place / "photos" / "a.dng")
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    assert "photos/a.dng is a named pipe, which is not read" in complained


def test_what_is_no_photo_is_counted(place: Path, deblur: Deblur) -> None:
    Image.fromarray(random_pixels(24, 40, 3)).save(place / "photos" / "a.png")
    for name in ("notes.txt", "b.pdf", "c.PDF", "clip.mp4", "LICENSE"):
        (place / "photos" / name).write_text("no photo")
    code, printed, _ = deblur("restore", "photos", *MODEL)
    assert code == 0
    assert "skipped   5 that are no photos (.pdf, " in printed
    assert "without a suffix" in printed
    assert "videos    ffmpeg -i VIDEO frames/%05d.png takes it apart" in printed


def test_a_video_is_refused_with_a_recipe(place: Path, deblur: Deblur) -> None:
    (place / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    code, _, complained = deblur("restore", "clip.mp4", *MODEL)
    assert code == 1
    assert "clip.mp4 is a video, and only images are read: ffmpeg -i VIDEO" in complained


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a.png", "--out=out", "--format=heic"], "--format=heic: choose from avif, jpeg, png, tiff, webp."),
        (
            ["a.png", "--out=b.png", "--format=png"],
            "--format=png and --out=b.png both name a format: give one of them.",
        ),
    ],
)
def test_formats_that_cannot_be_are_refused(arguments: list[str], told: str, place: Path, deblur: Deblur) -> None:
    Image.fromarray(random_pixels(24, 40, 3)).save(place / "a.png")
    code, _, complained = deblur("restore", *arguments, "--ckpt=model.safetensors")
    assert code == 2
    assert told in complained
