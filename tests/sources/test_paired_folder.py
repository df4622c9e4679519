"""Pairs of files: matched by their paths, split by scene, and each mismatch named."""

from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import read_rgb
from deblur_lightning.sources.base import Split
from deblur_lightning.sources.paired_folder import PairedFolder
from tests.conftest import write_image
from tests.helpers.realdata import REAL, real_data
from tests.helpers.splits import SPLITS, names_of
from tests.helpers.standins import put, write_pairs


def refusal(source: PairedFolder | Path, split: Split = "test") -> str:
    with pytest.raises(UserError, match=r"^[^\n]*$") as error:
        (PairedFolder(source) if isinstance(source, Path) else source).split(split)
    return str(error.value)


def test_gopro_large(tmp_path: Path) -> None:
    scenes = [f"train/GOPR{i:04d}" for i in range(20)]
    write_pairs(tmp_path, *(f"{scene}/{frame}.png" for scene in scenes for frame in (1, 2)), "test/GOPR9/1.png")
    put(tmp_path, "train/GOPR0000/blur_gamma/1.png", "test/GOPR9/blur_gamma/1.png")
    places = r"test/GOPR9/blur_gamma/ \(1\), train/GOPR0000/blur_gamma/ \(1\)"
    with pytest.warns(UserWarning, match=f": 2 images left out, in {places}; a pair needs an image in a folder blur"):
        source = PairedFolder(tmp_path)
    train, val, test = (names_of(source.split(split)) for split in SPLITS)
    assert test == ["test/GOPR9/1.png"]
    assert len(train) + len(val) == 40
    assert not {Path(name).parent for name in train} & {Path(name).parent for name in val}
    assert 0 < len(val) < 14
    images = source.split("test")
    assert images.blurred is not None
    assert torch.equal(images.pixels(0), read_rgb(tmp_path / "test/GOPR9/sharp/1.png"))
    assert torch.equal(images.blurred.pixels(0), read_rgb(tmp_path / "test/GOPR9/blur/1.png"))
    assert images.size(0) == (72, 80)


def reds(root: Path) -> None:
    """Training and validation as they are unpacked, and the inputs of a test whose sharp images are kept secret."""
    for split, scenes in {"train": 4, "val": 2}.items():
        for side in ("blur", "sharp", "blur_jpeg"):
            put(root, *(f"{split}/{split}_{side}/{s:03d}/{f:08d}.png" for s in range(scenes) for f in range(3)))
    put(root, "test/test_blur/000/00000000.png")


@pytest.mark.parametrize("unpacked_in_one", [False, True])
def test_reds(unpacked_in_one: bool, tmp_path: Path) -> None:
    reds(tmp_path)
    if unpacked_in_one:  # train_blur/, train_sharp/, val_blur/ and so on side by side
        for folder in [*tmp_path.glob("*/*")]:
            folder.rename(tmp_path / folder.name)
        for empty in ("train", "val", "test"):
            (tmp_path / empty).rmdir()
    with pytest.warns(UserWarning, match=r"19 images left out, in .*train_blur_jpeg/ \(12\), .*val_blur_jpeg/ \(6\)"):
        source = PairedFolder(tmp_path)
    train, val = (names_of(source.split(split)) for split in ("train", "val"))
    assert train == [f"train/{scene:03d}/{frame:08d}.png" for scene in range(4) for frame in range(3)]
    assert val == [f"val/{scene:03d}/{frame:08d}.png" for scene in range(2) for frame in range(3)]
    images = source.split("val")
    (sharp,) = tmp_path.glob("**/val_sharp/000/00000001.png")
    assert torch.equal(images.pixels(1), read_rgb(sharp))
    assert "for train (12) and val (6), but none for test" in refusal(source)


def test_validation_that_is_not_understood_is_told(tmp_path: Path) -> None:
    reds(tmp_path)
    with pytest.warns(UserWarning, match=r"31 images left out, in val/ \(18\), train/train_blur_jpeg/"):
        PairedFolder(tmp_path, blurred="train_blur", sharp="train_sharp")
    write_pairs(tmp_path / "named", "train/1.png", "train/2.png", "valid/3.png", "test/4.png")
    with pytest.warns(UserWarning, match=r"1 image left out, in valid/ \(1\); .*into train/, val/ or test/"):
        PairedFolder(tmp_path / "named")


def test_two_sets_side_by_side_keep_their_splits(tmp_path: Path) -> None:
    write_pairs(tmp_path / "gopro", *(f"train/{scene}/1.png" for scene in "abc"), "test/d/1.png")
    write_pairs(tmp_path / "own", "train/x-1.png", "train/x-2.png", "train/y-1.png", "train/y-2.png", "test/z.png")
    source = PairedFolder(tmp_path)
    assert names_of(source.split("test")) == ["gopro/test/d/1.png", "own/test/z.png"]
    assert len(source.split("train")) + len(source.split("val")) == 7


def test_a_split_without_any_partner_is_refused_where_no_other_has_one(tmp_path: Path) -> None:
    put(tmp_path, "train/blur/x.png", "train/sharp/y.png")
    assert "train/blur/x.png has no partner in a folder sharp: add" in refusal(tmp_path)


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
        assert f"has pairs for test (2), but none for {split}: add pairs" in refusal(source, split)  # type: ignore[arg-type]


def test_no_pairs_for_testing(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train/a.png", "train/b.png")
    assert "has pairs for train (1) and val (1), but none for test" in refusal(tmp_path)


def test_one_training_scene_is_not_cut_up(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train/a/1.png", "train/a/2.png", "test/b/1.png")
    assert len(PairedFolder(tmp_path).split("train")) == 2
    assert "none for val: add pairs of other scenes" in refusal(tmp_path, "val")


@pytest.mark.parametrize(("lone", "lacking"), [("blur/a/x.png", "sharp"), ("sharp/a/x.png", "blur")])
def test_a_file_without_partner(tmp_path: Path, lone: str, lacking: str) -> None:
    write_pairs(tmp_path, "y.png")
    put(tmp_path, lone)
    message = refusal(tmp_path)
    assert f"{tmp_path / lone} has no partner in a folder {lacking}: add" in message


@pytest.mark.parametrize("side", ["blur", "sharp"])
def test_two_candidates(tmp_path: Path, side: str) -> None:
    write_pairs(tmp_path, "x.png")
    put(tmp_path, f"{side}/x.jpg")
    assert f"{side}/x.jpg and {side}/x.png could both belong to the pair x: remove one" in refusal(tmp_path)


def test_sizes_that_differ(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train/x.png", "val/x.png", "test/x.png")
    write_image(tmp_path / "test/sharp/x.png", 72, 88, seed=0)
    message = refusal(tmp_path)
    assert f"{tmp_path}/test/blur/x.png has 72x80 pixels and {tmp_path}/test/sharp/x.png 72x88: " in message
    assert len(PairedFolder(tmp_path).split("train")) == 1


@pytest.mark.parametrize("names", [{"blurred": "blurry"}, {"sharp": "sharpened"}, {"blurred": "sharp"}])
def test_folders_of_other_names(tmp_path: Path, names: dict[str, str]) -> None:
    write_pairs(tmp_path, "x.png")
    with pytest.raises(UserError, match=r"has no images in .*: set blurred and sharp"):
        PairedFolder(tmp_path, **names)


def test_no_folder(tmp_path: Path) -> None:
    assert "does not exist: check its path" in refusal(tmp_path / "none")


@real_data
def test_real_gopro_pairs() -> None:
    images = PairedFolder(REAL / "gopro").split("test")
    assert [images.size(i) for i in range(len(images))] == [(720, 1280)] * 2
    for i in range(2):
        blurred, sharp = images.blurred.pixels(i).float(), images.pixels(i).float()
        assert 50 < (blurred - sharp).square().mean() < 1000  # 31 to 18 dB
        assert blurred.diff(dim=2).abs().mean() < sharp.diff(dim=2).abs().mean()


@pytest.mark.parametrize(
    ("blurred", "sharp", "files", "pairs"),
    [
        ("{id}_blur", "{id}_sharp", ["a_blur.png", "a_sharp.jpg", "b/c_blur.png", "b/c_sharp.png"],
         ["a.png", "b/c.png"]),
        ("{id}_blur.png", "{id}_sharp.png", ["a_blur.png", "a_sharp.png"], ["a.png"]),
        ("{id}", "{id}_gt", ["a.png", "a_gt.png", "b_1.png", "b_1_gt.png"], ["a.png", "b_1.png"]),
        ("blur/blur_{id}", "gt/gt_{id}", ["s1/blur/blur_1.png", "s1/gt/gt_1.png"], ["s1/1.png"]),
        ("{id}/{id}.blur", "{id}/{id}.sharp", ["x/x.blur.png", "x/x.sharp.png"], ["x.png"]),
    ],
)  # fmt: skip
def test_files_of_any_name_are_found_by_patterns(
    blurred: str, sharp: str, files: list[str], pairs: list[str], tmp_path: Path
) -> None:
    put(tmp_path, *files)
    images = PairedFolder(tmp_path, blurred, sharp).split("test")
    assert names_of(images) == pairs
    assert images.blurred is not None
    assert torch.equal(images.blurred.pixels(0), read_rgb(tmp_path / files[0]))
    assert torch.equal(images.pixels(0), read_rgb(tmp_path / files[1]))


def test_splits_and_scenes_are_those_of_the_folders_around_a_pattern(tmp_path: Path) -> None:
    """As RealBlur is unpacked, with its two lists made folders: frames of a scene stay together."""
    for split, scenes in {"train": 20, "test": 2}.items():
        for scene in range(scenes):
            for frame in (1, 2):
                folder = f"{split}/scene{scene:03d}"
                put(tmp_path, f"{folder}/blur/blur_{frame}.png", f"{folder}/gt/gt_{frame}.png")
    source = PairedFolder(tmp_path, "blur/blur_{id}", "gt/gt_{id}")
    train, val, test = (names_of(source.split(split)) for split in SPLITS)
    assert test == [f"test/scene{scene:03d}/{frame}.png" for scene in (0, 1) for frame in (1, 2)]
    assert len(train) + len(val) == 40
    assert not {Path(name).parent for name in train} & {Path(name).parent for name in val}


def test_mistakes_in_patterns_are_told_in_one_line(tmp_path: Path) -> None:
    put(tmp_path, "a_blur.png", "a_sharp.png", "b_blur.png", "c.png")
    with pytest.raises(UserError, match=r"b_blur\.png has no partner in files named \{id\}_sharp: add the image there"):
        PairedFolder(tmp_path, "{id}_blur", "{id}_sharp")
    with pytest.raises(UserError, match=r"blurred=\{id\}_blur and sharp=sharp: give two names of folders, or"):
        PairedFolder(tmp_path, "{id}_blur", "sharp")
    with pytest.raises(UserError, match=r"has no images in files named \{id\}_x and files named \{id\}_y: set blurred"):
        PairedFolder(tmp_path, "{id}_x", "{id}_y")
    (tmp_path / "b_blur.png").unlink()
    with pytest.warns(UserWarning, match=r"1 image left out, in .*; a pair needs an image in files named \{id\}_"):
        PairedFolder(tmp_path, "{id}_blur", "{id}_sharp")
