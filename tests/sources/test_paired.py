"""Pairs of files: matched by their paths, split by scene, and each mismatch named."""

from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.imagefiles import read_rgb
from deblur_lightning.sources.base import SharpImages, Split
from deblur_lightning.sources.paired import PairedFolder
from tests.conftest import write_image
from tests.realdata import REAL, real_data
from tests.standins import write_pairs

SPLITS: tuple[Split, ...] = ("train", "val", "test")


def put(root: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(root / name, 8, 16, seed=seed)


def names_of(images: SharpImages) -> list[str]:
    return [images.name(i) for i in range(len(images))]


def refusal(source: PairedFolder | Path, split: Split = "test") -> str:
    with pytest.raises(UserError, match=r"^[^\n]*$") as error:
        (PairedFolder(source) if isinstance(source, Path) else source).split(split)
    return str(error.value)


def test_gopro_large(tmp_path: Path) -> None:
    scenes = [f"train/GOPR{i:04d}" for i in range(20)]
    write_pairs(tmp_path, *(f"{scene}/{frame}.png" for scene in scenes for frame in (1, 2)), "test/GOPR9/1.png")
    put(tmp_path, "train/GOPR0000/blur_gamma/1.png", "test/GOPR9/blur_gamma/1.png")
    source = PairedFolder(tmp_path)
    train, val, test = (names_of(source.split(split)) for split in SPLITS)
    assert test == ["test/GOPR9/1.png"]
    assert len(train) + len(val) == 40
    assert not {Path(name).parent for name in train} & {Path(name).parent for name in val}
    assert 0 < len(val) < 14
    images = source.split("test")
    assert torch.equal(images.pixels(0), read_rgb(tmp_path / "test/GOPR9/sharp/1.png"))
    assert torch.equal(images.blurred(0), read_rgb(tmp_path / "test/GOPR9/blur/1.png"))
    assert images.size(0) == (72, 80)


def test_flat_folders_are_split_by_hash(tmp_path: Path) -> None:
    write_pairs(tmp_path, *(f"{i:02d}.png" for i in range(30)), size=(8, 8))
    parts = [names_of(PairedFolder(tmp_path).split(split)) for split in SPLITS]
    assert all(parts)
    assert sorted(name for part in parts for name in part) == [f"{i:02d}.png" for i in range(30)]


def test_what_synthesize_writes(tmp_path: Path) -> None:
    """Even of a folder that itself had a folder called sharp."""
    for side in ("blurred", "sharp"):
        put(tmp_path / side, "train/x.png", "train/y.png", "val/z/sharp/x.png", "test/x.png")
    source = PairedFolder(tmp_path, blurred="blurred")
    found = [names_of(source.split(split)) for split in SPLITS]
    assert found == [["train/x.png", "train/y.png"], ["val/z/sharp/x.png"], ["test/x.png"]]


def test_frames_of_a_scene_stay_together_without_split_folders_too(tmp_path: Path) -> None:
    put(tmp_path, *(f"{scene}/{side}/{i}.png" for scene in "abc" for side in ("blur", "sharp") for i in range(3)))
    parts = [names_of(PairedFolder(tmp_path).split(split)) for split in SPLITS]
    assert sorted(len(part) for part in parts) == [3, 3, 3]
    assert all(len({name[0] for name in part}) == 1 for part in parts)


def test_suffixes_may_differ(tmp_path: Path) -> None:
    put(tmp_path, "blur/x.jpg", "sharp/x.png")
    images = PairedFolder(tmp_path).split("test")
    assert names_of(images) == ["x.jpg"]
    assert torch.equal(images.pixels(0), read_rgb(tmp_path / "sharp/x.png"))


def test_two_pairs_are_for_testing(tmp_path: Path) -> None:
    write_pairs(tmp_path, "a.png", "b.png")
    source = PairedFolder(tmp_path)
    assert names_of(source.split("test")) == ["a.png", "b.png"]
    for split in ("train", "val"):
        assert f"has pairs for test (2), but none for {split}; add pairs" in refusal(source, split)  # type: ignore[arg-type]


def test_no_pairs_for_testing(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train/a.png", "train/b.png")
    assert "has pairs for train (1) and val (1), but none for test" in refusal(tmp_path)


def test_one_training_scene_is_not_cut_up(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train/a/1.png", "train/a/2.png", "test/b/1.png")
    assert len(PairedFolder(tmp_path).split("train")) == 2
    assert "none for val; add pairs of other scenes" in refusal(tmp_path, "val")


@pytest.mark.parametrize(("lone", "lacking"), [("blur/a/x.png", "sharp"), ("sharp/a/x.png", "blur")])
def test_a_file_without_partner(tmp_path: Path, lone: str, lacking: str) -> None:
    write_pairs(tmp_path, "y.png")
    put(tmp_path, lone)
    message = refusal(tmp_path)
    assert f"{tmp_path / lone} has no partner in a folder {lacking}; add" in message


@pytest.mark.parametrize("side", ["blur", "sharp"])
def test_two_candidates(tmp_path: Path, side: str) -> None:
    write_pairs(tmp_path, "x.png")
    put(tmp_path, f"{side}/x.jpg")
    assert f"{side}/x.jpg and {side}/x.png could both belong to the pair x; remove one" in refusal(tmp_path)


def test_sizes_that_differ(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train/x.png", "val/x.png", "test/x.png")
    write_image(tmp_path / "test/sharp/x.png", 72, 88, seed=0)
    message = refusal(tmp_path)
    assert f"{tmp_path}/test/blur/x.png has 72x80 pixels and {tmp_path}/test/sharp/x.png 72x88; " in message
    assert len(PairedFolder(tmp_path).split("train")) == 1


@pytest.mark.parametrize("names", [{"blurred": "blurry"}, {"sharp": "sharpened"}, {"blurred": "sharp"}])
def test_folders_of_other_names(tmp_path: Path, names: dict[str, str]) -> None:
    write_pairs(tmp_path, "x.png")
    with pytest.raises(UserError, match=r"has no images in .*; set blurred and sharp"):
        PairedFolder(tmp_path, **names)


def test_no_folder(tmp_path: Path) -> None:
    assert "does not exist; check its path" in refusal(tmp_path / "none")


@real_data
def test_real_gopro_pairs() -> None:
    images = PairedFolder(REAL / "gopro").split("test")
    assert [images.size(i) for i in range(len(images))] == [(720, 1280)] * 2
    for i in range(2):
        blurred, sharp = images.blurred(i).float(), images.pixels(i).float()
        assert 50 < (blurred - sharp).square().mean() < 1000  # 31 to 18 dB
        assert blurred.diff(dim=2).abs().mean() < sharp.diff(dim=2).abs().mean()
