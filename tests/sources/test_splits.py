"""Splits by hash: stable, complete and never empty; frames of one scene share a split, as far as names tell."""

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import Source
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.paired_folder import PairedFolder
from deblur_lightning.sources.splits import cut_validation, first_images, group_by_scene, hash_split
from tests.conftest import write_image
from tests.helpers.splits import SPLITS, names_by_split
from tests.helpers.standins import write_pairs

GOPRO = ("GOPR0372_07_00", "GOPR0372_07_01", "GOPR0384_11_00", "GOPR0868_11_02", "GOPR0881_11_01")
Write = Callable[..., Source]


def test_split_is_the_same_for_ever() -> None:
    """Fixed by hand: another hash would move images that models have been trained on into their tests."""
    split = hash_split([f"{i:04d}.png" for i in range(40)])
    assert split["val"] == ["0004.png", "0016.png", "0018.png", "0035.png"]
    assert split["test"] == ["0000.png", "0006.png", "0010.png", "0013.png", "0014.png", "0036.png"]


@given(st.sets(st.text(min_size=1, max_size=8), min_size=3, max_size=60))
def test_hash_split_is_a_partition_without_empty_part(names: set[str]) -> None:
    split = hash_split(sorted(names))
    assert all(split[part] for part in SPLITS)
    assert sorted(name for part in SPLITS for name in split[part]) == sorted(names)
    assert split == hash_split(sorted(names, reverse=True))


def test_hash_split_is_about_80_10_10() -> None:
    split = hash_split([f"{i}.png" for i in range(3000)])
    assert 240 < len(split["val"]) < 360
    assert 240 < len(split["test"]) < 360


def test_added_images_move_no_other() -> None:
    before = hash_split([f"{i}.png" for i in range(100)])
    after = hash_split([f"{i}.png" for i in range(150)])
    for part in SPLITS:
        assert set(before[part]) <= set(after[part])


@given(st.sets(st.text(min_size=1, max_size=8), min_size=2, max_size=60))
def test_validation_is_cut_from_training_and_leaves_some(names: set[str]) -> None:
    split = cut_validation(sorted(names))
    assert set(split) == {"train", "val"}
    assert all(split.values())
    assert sorted([*split["train"], *split["val"]]) == sorted(names)
    assert split == cut_validation(sorted(names, reverse=True))


def test_validation_is_about_a_tenth_and_stays() -> None:
    before = cut_validation([f"{i}.png" for i in range(2500)])
    after = cut_validation([f"{i}.png" for i in range(3000)])
    assert 240 < len(after["val"]) < 360
    assert set(before["val"]) <= set(after["val"])


def test_a_single_name_is_for_training() -> None:
    assert cut_validation(["a"]) == {"train": ["a"], "val": []}


def test_the_first_images() -> None:
    assert first_images(range(4), None, "X") == range(4)
    assert first_images(range(4), 4, "X") == range(4)
    assert first_images(range(4), 1, "X") == range(1)


@pytest.mark.parametrize("wanted", [-1, 0, 5])
def test_as_many_as_there_are_not(wanted: int) -> None:
    with pytest.raises(UserError, match=rf"^X: train_size={wanted}, but there are 4 training images: give 1 to 4"):
        first_images(range(4), wanted, "X")


def pairs(root: Path, *names: str) -> Source:
    write_pairs(root, *names, size=(8, 8))
    return PairedFolder(root)


def photos(root: Path, *names: str) -> Source:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(root / name, 8, 8, seed=seed)
    return Folder(root, check=False)


def test_what_names_tell() -> None:
    names = [
        "a-01.png",
        "b/x-1.png",
        "a-02.png",
        "b/2.png",
        "b/x-7.jpg",
        "b/3.png",
        "1.png",
        "2.png",
        "c.png",
        "d9.png",
    ]
    names += ["train/1.png", "train/2.png", "IMG_0001.jpg", "IMG_0002.jpg", "b/DSC00001.jpg", "b/DSC00002.jpg"]
    scenes = group_by_scene(names, roots=(".", "train"))
    together = {scene: frames for scene, frames in scenes.items() if len(frames) > 1}
    assert together == {
        "a-": ["a-01.png", "a-02.png"],
        "b/x-": ["b/x-1.png", "b/x-7.jpg"],
        "b/": ["b/2.png", "b/3.png"],
    }
    assert sorted(name for frames in scenes.values() for name in frames) == sorted(names)
    assert all(frames == [scene] for scene, frames in scenes.items() if scene not in together)


@pytest.mark.parametrize("write", [pairs, photos])
@pytest.mark.parametrize("pattern", ["{scene}-{frame:06d}.png", "{scene}_{frame}.png"])
def test_flattened_frames_of_a_scene_share_a_split(write: Write, pattern: str, tmp_path: Path) -> None:
    names = [pattern.format(scene=scene, frame=frame) for scene in GOPRO for frame in range(1, 7)]
    with pytest.warns(UserWarning, match=r"by scene: 30 images belong to 5 scenes, .*such as GOPR0372_07_00[-_]\); "):
        parts = names_by_split(write(tmp_path, *names))
    assert sorted(name for part in parts for name in part) == sorted(names)
    scenes = [{name[:14] for name in part} for part in parts]
    assert all(scenes)
    assert sum(map(len, scenes)) == 5


@pytest.mark.parametrize("write", [pairs, photos])
def test_validation_is_cut_from_training_by_whole_scenes(write: Write, tmp_path: Path) -> None:
    names = [f"train/{scene}-{frame:03d}.png" for scene in GOPRO for frame in range(6)]
    with pytest.warns(UserWarning, match="is split by scene"):
        train, val = names_by_split(write(tmp_path, *names, "test/x.png"), "train", "val")
    assert len(train) + len(val) == 30
    assert len(val) % 6 == 0 < len(val)


def test_frames_in_folders_of_sharp_images_stay_together(tmp_path: Path) -> None:
    source = photos(tmp_path, *(f"{scene}/{frame:08d}.png" for scene in ("000", "001", "002") for frame in range(4)))
    assert [len(part) for part in names_by_split(source)] == [4, 4, 4]


@pytest.mark.parametrize("write", [pairs, photos])
def test_names_that_tell_no_scenes_apart_are_split_one_by_one_and_told(write: Write, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"30 images are split one by one, .*\(photo\) .* by scene into train/, val/"):
        parts = names_by_split(write(tmp_path, *(f"photo{i}.png" for i in range(30))))
    assert all(parts)
    assert sum(map(len, parts)) == 30


def test_two_flattened_scenes_of_pairs_are_for_testing(tmp_path: Path) -> None:
    (test,) = names_by_split(pairs(tmp_path, *(f"{s}-{i}.png" for s in ("one", "two") for i in range(5))), "test")
    assert len(test) == 10


def test_single_photographs_are_split_without_a_word(tmp_path: Path) -> None:
    names = [f"{i:04d}.png" for i in range(10)] + [f"IMG_{i:04d}.png" for i in range(10)] + ["beach.png", "dog1.png"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts = names_by_split(photos(tmp_path, *names))
    assert {"0000.png", "0006.png"} <= set(parts[2])  # as their hashes say
