"""Splits by hash: stable, complete, and never empty where they need not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deblur_lightning.errors import UserError
from deblur_lightning.sources.splits import SPLITS, cut_validation, first_ones, hash_split


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


def test_first_ones() -> None:
    assert first_ones(range(4), None, "X") == range(4)
    assert first_ones(range(4), 4, "X") == range(4)
    assert first_ones(range(4), 1, "X") == range(1)


@pytest.mark.parametrize("wanted", [-1, 0, 5])
def test_as_many_as_there_are_not(wanted: int) -> None:
    with pytest.raises(UserError, match=rf"^X: train_size={wanted}, but there are 4 images"):
        first_ones(range(4), wanted, "X")
