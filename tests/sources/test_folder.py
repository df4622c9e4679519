"""Any folder: its split is stable, no part is ever empty, and each mistake gets its own sentence."""

import warnings
from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import write_png
from deblur_lightning.sources.base import Split
from deblur_lightning.sources.folder import Folder
from tests.helpers.realdata import REAL, real_data
from tests.helpers.splits import SPLITS, names_of


def put(root: Path, *names: str) -> None:
    """Write images of 4 x 6 pixels, each of one grey level that tells it from the others."""
    for level, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_png(root / name, torch.full((3, 4, 6), level, dtype=torch.uint8))


def refusal(root: Path, split: Split = "train") -> str:
    with pytest.raises(UserError) as error:
        Folder(root).split(split)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_subfolders_are_the_splits(tmp_path: Path) -> None:
    put(tmp_path, "train/b.png", "train/a/z.JPG", "val/c.png", "test/d.png", "e.png")
    source = Folder(tmp_path)
    assert names_of(source.split("train")) == ["train/a/z.JPG", "train/b.png"]
    assert names_of(source.split("val")) == ["val/c.png"]
    assert names_of(source.split("test")) == ["test/d.png"]


def test_images_outside_of_the_splits_are_told(tmp_path: Path) -> None:
    put(tmp_path, "train/a.png", "test/b.png", "valid/c.png", "valid/d/e.png", "f.png", "notes/.hidden.png")
    with pytest.warns(UserWarning, match=r"3 images left out, in valid/ \(2\), \./ \(1\); the others are split by"):
        Folder(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Folder(tmp_path, {"train": "train", "val": "valid"})


def test_pixels_name_and_size_belong_together(tmp_path: Path) -> None:
    put(tmp_path, "train/a.png", "train/b.png", "val/c.png")
    images = Folder(str(tmp_path)).split("train")
    assert images.size(1) == (4, 6)
    assert images.pixels(1, visit=3).unique().tolist() == [1]
    assert images[0]["sharp"].shape == (3, 4, 6)


def test_split_does_not_depend_on_the_order_of_creation(tmp_path: Path) -> None:
    names = [f"{'ab'[i % 2]}/{i:02d}.png" for i in range(30)]
    put(tmp_path / "one", *names)
    put(tmp_path / "two", *reversed(names))
    for split in SPLITS:
        found = names_of(Folder(tmp_path / "one").split(split))
        assert found == names_of(Folder(tmp_path / "two").split(split)) == sorted(found)


def test_what_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "train/a.png", "train/.hidden.png", "train/.cache/b.png", "train/c.jpg/d.png", "val/f.png")
    (tmp_path / "train" / "notes.txt").touch()
    (tmp_path / "train" / "e.jpg").mkdir()
    assert names_of(Folder(tmp_path).split("train")) == ["train/a.png", "train/c.jpg/d.png"]


@pytest.mark.parametrize("check", [True, False])
def test_a_size_is_read_once(check: bool, tmp_path: Path) -> None:
    """With all files decoded beforehand none is opened for its size; else its header is read when first asked for."""
    put(tmp_path, "train/a.png")
    images = Folder(tmp_path, check=check).split("train")
    if not check:
        assert images.size(0) == (4, 6)
    (tmp_path / "train" / "a.png").unlink()
    assert images.size(0) == (4, 6)


def test_corrupt_header_is_named(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "bad.png").write_bytes(b"not a PNG")
    images = Folder(tmp_path, check=False).split("train")
    for read in (images.size, images.pixels):
        with pytest.raises(UserError, match=r"bad\.png"):
            read(0)


def test_missing_root(tmp_path: Path) -> None:
    message = refusal(tmp_path / "none")
    assert str(tmp_path / "none") in message
    assert "does not exist" in message


def test_root_is_a_file(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    message = refusal(tmp_path / "a.png")
    assert "a.png is a file" in message
    assert "give the folder" in message


def test_empty_root(tmp_path: Path) -> None:
    assert f"{tmp_path} is empty" in refusal(tmp_path)


def test_root_without_images(tmp_path: Path) -> None:
    for name in ("a.txt", "b.csv"):
        (tmp_path / name).touch()
    message = refusal(tmp_path)
    assert "none of its 2 files" in message
    assert ".png" in message
    assert "convert" in message


def test_fewer_than_three_images(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    message = refusal(tmp_path)
    assert "2 of the 3 images" in message
    assert "add images" in message
    put(tmp_path, "c.png")
    assert all(len(Folder(tmp_path).split(split)) == 1 for split in SPLITS)


def test_missing_test_folder(tmp_path: Path) -> None:
    put(tmp_path, "train/a.png", "val/b.png")
    message = refusal(tmp_path, "test")
    assert "train/ and val/ but no test/" in message
    assert "subfolders, such as {train: train, test: val}" in message
    assert len(Folder(tmp_path).split("val")) == 1


def test_subfolders_can_be_named(tmp_path: Path) -> None:
    put(tmp_path, "train/a.png", "val/b.png", "more/other/c.png")
    source = Folder(tmp_path, {"train": "train", "val": "more/other", "test": "val"})
    found = [names_of(source.split(split)) for split in SPLITS]
    assert found == [["train/a.png"], ["more/other/c.png"], ["val/b.png"]]


def test_validation_is_cut_from_the_training_folder(tmp_path: Path) -> None:
    put(tmp_path, *(f"train/{i:02d}.png" for i in range(30)), "val/x.png")
    source = Folder(tmp_path, {"train": "train", "test": "val"})
    train, val, test = (names_of(source.split(split)) for split in SPLITS)
    assert test == ["val/x.png"]
    assert sorted([*train, *val]) == [f"train/{i:02d}.png" for i in range(30)]
    assert 0 < len(val) < 10
    (tmp_path / "val").rename(tmp_path / "test")
    assert names_of(Folder(tmp_path).split("val")) == val


def test_one_training_image_cannot_be_for_validation_too(tmp_path: Path) -> None:
    put(tmp_path, "train/a.png", "test/b.png")
    assert len(Folder(tmp_path).split("train")) == 1
    assert "one training image and none for validation: add" in refusal(tmp_path, "val")


def test_nothing_to_cut_validation_from(tmp_path: Path) -> None:
    put(tmp_path, "test/b.png")
    assert "has test/ but no train/: add train/" in refusal(tmp_path, "val")


@pytest.mark.parametrize(
    ("subfolders", "culprit"),
    [
        ({"valid": "val"}, "has no split 'valid': give train, val or test"),
        ({"train": "train", "test": "tset"}, "{test: tset} names no folder in"),
        ({"train": "../outside"}, "{train: ../outside} names no folder in"),
        ({"train": "train", "test": "train/"}, "for test would be for train too"),
        ({"train": ".", "test": "val"}, "for test would be for train too"),
    ],
)
def test_subfolders_that_cannot_be(tmp_path: Path, subfolders: dict[str, str], culprit: str) -> None:
    put(tmp_path, "root/train/a.png", "root/val/b.png", "outside/c.png")
    with pytest.raises(UserError, match=r"^[^\n]*$") as error:
        Folder(tmp_path / "root", subfolders)
    assert culprit in str(error.value)


def test_empty_subfolder(tmp_path: Path) -> None:
    put(tmp_path, "train/a.png")
    (tmp_path / "val").mkdir()
    assert f"{tmp_path / 'val'} is empty" in refusal(tmp_path, "val")


def test_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "photos/train/a.png", "photos/val/b.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert names_of(Folder("~/photos").split("train")) == ["train/a.png"]


@real_data
def test_bsds500_without_its_test_part() -> None:
    source = Folder(REAL / "bsds500", {"train": "train", "test": "val"})
    assert [len(source.split(split)) for split in SPLITS] == [181, 19, 100]
    images = source.split("val")
    assert images[3]["sharp"].shape == (3, *images.size(3))
