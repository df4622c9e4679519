"""deblur restore from end to end: trees, skips, failures, interruptions, and what must never happen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

import deblur_lightning
from deblur_lightning.batch import to_uint8
from deblur_lightning.degradations import CameraShake
from deblur_lightning.restoring import model as models
from deblur_lightning.restoring import restorer
from deblur_lightning.restoring.photos import read_photo
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.helpers.models import random_pixels, write_model

Deblur = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in: photos/ with a tree, and model.safetensors, which changes what it sees."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model.safetensors")
    for name, size in {"a.png": (20, 30), "in/b.jpg": (33, 21), "in/deep/c.tif": (1, 1), "in/d.gif": (16, 17)}.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random_pixels(*size, 3)).save(path)
    return tmp_path


def tree(folder: Path) -> list[str]:
    """All files but the memory of what they were made from."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".restored.json")
    return sorted(path.relative_to(folder).as_posix() for path in files)


MODEL = ("--ckpt", "model.safetensors", "--out", "out")


def test_a_tree_keeps_its_shape_and_a_second_run_does_nothing(place: Path, deblur: Deblur) -> None:
    code, printed, complained = deblur("restore", "photos", *MODEL)
    assert code == 0, complained
    assert tree(place / "out") == ["a.png", "in/b.jpg", "in/d.gif.png", "in/deep/c.tif"]
    assert "restored  out: 4 photos by model" in printed
    for name in ("a.png", "in/b.jpg", "in/deep/c.tif"):
        before, after = Image.open(place / "photos" / name), Image.open(place / "out" / name)
        assert (before.size, before.mode, before.format) == (after.size, after.mode, after.format)
    times = {name: (place / "out" / name).stat().st_mtime_ns for name in tree(place / "out")}
    code, printed, _ = deblur("restore", "photos", *MODEL)
    assert code == 0
    assert "skipped   4 that were there already" in printed
    assert times == {name: (place / "out" / name).stat().st_mtime_ns for name in tree(place / "out")}
    (place / "out" / "a.png").write_bytes(b"old")
    deblur("restore", "photos", *MODEL, "--overwrite")
    assert Image.open(place / "out" / "a.png").size == (30, 20)


def test_a_file_holds_the_restored_pixels(place: Path, deblur: Deblur) -> None:
    assert deblur("restore", "photos/a.png", *MODEL)[0] == 0
    pixels = read_photo(place / "photos" / "a.png").pixels
    import torch

    wanted = PhotoRestorer(models.load_model(place / "model.safetensors"), torch.device("cpu")).restore(pixels)
    assert np.array_equal(np.asarray(Image.open(place / "out" / "a.png")), wanted)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (511, 513), (17, 9000)])
def test_any_size(size: tuple[int, int], place: Path, deblur: Deblur) -> None:
    photos = [f"photo{number}{suffix}" for number, suffix in enumerate((".jpg", ".png", ".webp", ".tif", ".bmp"))]
    for photo in photos:
        Image.fromarray(random_pixels(*size, 3)).save(place / photo)
    code, _, complained = deblur("restore", *photos, *MODEL)
    assert code == 0, complained
    for photo in photos:
        assert Image.open(place / "out" / photo).size == size[::-1]


def test_bad_files_have_a_line_each_and_the_rest_is_done(place: Path, deblur: Deblur) -> None:
    (place / "photos" / "broken.png").write_bytes((place / "photos" / "a.png").read_bytes()[:200])
    (place / "photos" / "empty.jpg").touch()
    frames = [Image.fromarray(random_pixels(9, 9, 3) // n) for n in (1, 2)]
    frames[0].save(place / "photos" / "moving.gif", save_all=True, append_images=frames[1:])
    code, printed, complained = deblur("restore", "photos", *MODEL)
    assert code == 1
    assert "4 photos" in printed
    assert "photos left out: 3" in complained
    for name in ("broken.png", "empty.jpg", "moving.gif has 2 frames"):
        assert sum(name in line for line in complained.splitlines()) == 1
    assert len(tree(place / "out")) == 4
    code, _, complained = deblur("restore", "photos/moving.gif", *MODEL, "--frames", "first")
    assert code == 0, complained
    assert "moving.gif.png" in tree(place / "out")


def test_the_shipped_model_restores_without_a_word(
    place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "weights_folder", lambda: place)
    write_model(place / f"{models.SHIPPED}.safetensors")
    code, printed, _ = deblur("restore", "photos/a.png", "--out", "out")
    assert code == 0
    assert f"1 photos by {models.SHIPPED}" in printed


def test_what_is_not_believed_is_left_as_it_is(place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restorer, "is_plausible", lambda before, after, restore: False)
    code, _, complained = deblur("restore", "photos/a.png", "--out", "out")
    assert code == 0
    assert "a.png: left as it is: its blur seems larger" in complained
    assert np.array_equal(np.asarray(Image.open("out/a.png")), np.asarray(Image.open("photos/a.png")))
    changed(place, deblur)  # a model without a card is believed
    assert not np.array_equal(np.asarray(Image.open("out/a.png")), np.asarray(Image.open("photos/a.png")))


def changed(place: Path, deblur: Deblur, *options: str) -> tuple[np.ndarray, str]:
    code, _, complained = deblur("restore", "photos/a.png", *MODEL, "--overwrite", *options)
    assert code == 0, complained
    return np.asarray(Image.open(place / "out" / "a.png")).astype(int), complained


def test_options_change_what_they_say(place: Path, deblur: Deblur) -> None:
    Image.fromarray(random_pixels(200, 300, 3)).save(place / "photos" / "a.png")
    plain, complained = changed(place, deblur, "--device", "cpu")
    assert "tiles differ" not in complained
    averaged, _ = changed(place, deblur, "--tta")
    assert not np.array_equal(averaged, plain)
    tiled, complained = changed(place, deblur, "--tile", "64", "--check")
    assert np.abs(tiled - plain).max() <= 1
    assert "a.png: tiles differ from the whole by 0." in complained


def test_fast_leaves_the_psf_of_the_whole_photo_out_and_the_report_says_which_way_it_went(
    place: Path, deblur: Deblur
) -> None:
    sharp = torch.from_numpy(data.camera()[60:316, 120:408].copy())  # type: ignore[no-untyped-call]
    blurred, _ = CameraShake((15, 15))(sharp[None, None] / 255, seed=1)
    Image.fromarray(to_uint8(blurred[0, 0]).numpy()).save(place / "photos" / "a.png")
    found = []
    for options in ([], ["--fast"]):
        code, _, complained = deblur("restore", "photos/a.png", "--out", "out", "--overwrite", "--report", *options)
        assert code == 0, complained
        found.append(np.asarray(Image.open(place / "out" / "a.png")))
        row = (place / "out/restoring-report/report.csv").read_text().splitlines()[1]
        assert ("one PSF for the whole photo" in row) == (not options)
        assert ("restored by the network" in row) == bool(options)
    assert not np.array_equal(found[0], found[1])
    assert np.array_equal(found[1], deblur_lightning.restore(place / "photos" / "a.png", fast=True))


def test_a_report_has_a_row_and_a_picture_for_each_photo(place: Path, deblur: Deblur) -> None:
    Image.fromarray(random_pixels(90, 120, 3)).save(place / "photos" / "a.png")
    code, printed, _ = deblur("restore", "photos", *MODEL, "--report")
    assert code == 0
    assert "report    out/restoring-report/report.csv" in printed
    rows = (place / "out/restoring-report/report.csv").read_text().splitlines()
    assert rows[0] == "photo,blur_px,noise_255,psf_length_px,psf_direction_deg,verdict,warning"
    assert [row.split(",")[0] for row in rows[1:]] == ["a.png", "in/b.jpg", "in/d.gif.png", "in/deep/c.tif"]
    width, height = Image.open(place / "out/restoring-report/a.png.png").size
    removed = rows[1].split(",")[3] != ""
    assert (width, height) == ((120 + 8 + 120 + 8 + 248, 248) if removed else (120 + 8 + 120, 90))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["photos/a.png"], "no place for the restored photos"),
        (["--out", "out"], "no photo given"),
        (["nowhere.jpg", "--out", "out"], "nowhere.jpg does not exist"),
        (["photos/a.png", "--out", "photos"], "photos/a.png would be replaced by its restored version"),
        (
            ["photos", "--out", "photos"],
            "--out=photos is the folder whose photos are read: give another, in it or else",
        ),
        (["photos/a.png", "twin/a.png", "--out", "out"], "would both become out/a.png"),
        (["photos", "--out", "photos/a.png"], "--out=photos/a.png is a file"),
        (["photos", "--out", "out", "--tile", "8"], "--tile=8: give auto, or a side in pixels of 64 or more"),
        (["photos", "--out", "out", "--tile", "big"], "--tile=big"),
        (["photos", "--out", "out", "--frames", "all"], "--frames=all: choose from refuse, first"),
        (["photos", "--out", "out", "--device", "tpu"], "--device=tpu: choose from auto, cpu, cuda"),
        (["photos", "--out", "out", "--device", "cuda"], "there is no GPU"),
        (["photos", "--out", "out", "--ckpt", "gone.ckpt"], "no file gone.ckpt"),
        (["photos", "--out", "out", "--tile"], "expected one argument"),
        (["photos", "--out", "out", "--check-all"], "--check-all"),
    ],
)
def test_mistakes_end_in_one_line(arguments: list[str], message: str, place: Path, deblur: Deblur) -> None:
    (place / "twin").mkdir()
    Image.fromarray(random_pixels(9, 9, 3)).save(place / "twin" / "a.png")
    before = tree(place)
    code, _, complained = deblur("restore", *arguments)
    assert code == 2
    assert message in complained
    assert complained.count("\n") == 1
    assert tree(place) == before


def test_a_link_to_the_photo_is_not_written_through(place: Path, deblur: Deblur) -> None:
    (place / "out").mkdir()
    (place / "out" / "a.png").symlink_to(place / "photos" / "a.png")
    code, _, complained = deblur("restore", "photos/a.png", *MODEL, "--overwrite")
    assert code == 2
    assert "would be replaced by its restored version" in complained


def test_an_interrupted_run_leaves_no_half_file_and_goes_on(
    place: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = PhotoRestorer.restore
    calls: list[int] = []

    def stopped(self: PhotoRestorer, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return restore(self, *arguments)

    monkeypatch.setattr(PhotoRestorer, "restore", stopped)
    code, _, complained = deblur("restore", "photos", *MODEL)
    assert code == 130
    assert "the same command goes on from here" in complained
    assert len(tree(place / "out")) == 2
    code, printed, _ = deblur("restore", "photos", *MODEL)
    assert code == 0
    assert "2 photos" in printed
    assert len(tree(place / "out")) == 4
