"""Folders of classes: labels by folder, with or without splits, and one line where labels are missing."""

from pathlib import Path

import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.sources.labelled_folder import LabelledFolder
from tests.conftest import write_image


def write(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(root / name, 16, 24, seed=number)
    return root


def test_splits_are_folders_and_labels_the_folders_in_them(tmp_path: Path) -> None:
    source = LabelledFolder(write(tmp_path, "train/b/1.png", "train/a/2.png", "val/b/3.png", "test/a/4.png"))
    train = source.split("train")
    assert train.classes == ("a", "b")
    assert {train.name(i): train.label(i) for i in range(2)} == {"train/a/2.png": 0, "train/b/1.png": 1}
    assert [source.split("val").label(0), source.split("test").label(0)] == [1, 0]
    assert train.pixels(0).shape == (3, 16, 24)
    assert train.size(0) == (16, 24)


def test_folders_that_are_no_splits_are_told_and_make_no_class(tmp_path: Path) -> None:
    root = write(tmp_path, "train/b/1.png", "train/a/2.png", "valid/c/3.png")
    with pytest.warns(UserWarning, match=r"1 image left out, in valid/ \(1\); .*into train/, val/ or test/"):
        assert LabelledFolder(root).split("train").classes == ("a", "b")


def test_without_splits_names_decide(tmp_path: Path) -> None:
    source = LabelledFolder(write(tmp_path, *(f"{kind}/{i}.png" for kind in "ab" for i in range(10))))
    names = [
        [s.name(i) for i in range(len(s))] for s in (source.split("train"), source.split("val"), source.split("test"))
    ]
    assert sorted(name for part in names for name in part) == sorted(
        f"{kind}/{i}.png" for kind in "ab" for i in range(10)
    )
    assert source.split("train").label(0) == 0


def test_grey_and_side_change_the_images(tmp_path: Path) -> None:
    root = write(tmp_path, "train/b/1.png")
    assert LabelledFolder(root, grey=True).split("train").pixels(0).shape == (1, 16, 24)
    resized = LabelledFolder(root, side=8).split("train")
    assert resized.pixels(0).shape == (3, 8, 8)
    assert resized.size(0) == (8, 8)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["1.png", "a/2.png", "a/3.png"], r"1\.png has no label: put it into a folder named after its class, such as"),
        (["train/1.png", "train/a/2.png"], r"train/1\.png has no label.*train/cat/1\.png\.$"),
        (["a/1.png", "b/2.png"], "holds 2 images, too few for three splits"),
    ],
)
def test_missing_labels_are_one_line(names: list[str], told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        LabelledFolder(write(tmp_path, *names))
    with pytest.raises(UserError, match=r"^the image folder .*nowhere does not exist: check its path\.$"):
        LabelledFolder(tmp_path / "nowhere")
    with pytest.raises(UserError, match="side=0: give 1 or more"):
        LabelledFolder(tmp_path, side=0)


def test_a_split_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"/val holds no images: add some for val\.$"):
        LabelledFolder(write(tmp_path, "train/a/1.png")).split("val")
