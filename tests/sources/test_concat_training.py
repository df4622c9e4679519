"""ConcatTraining: the training images of two sources, and the validation and test images of the first alone."""

from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import Source, Split
from deblur_lightning.sources.concat_training import ConcatTraining
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.paired_folder import PairedFolder
from deblur_lightning.sources.repeated import Repeated
from tests.helpers.splits import names_of
from tests.helpers.standins import write_pairs

BASE = DeadLeaves(length=3, size=16, seed=1)
EXTRA = DeadLeaves(length=2, size=20, seed=2)


def test_train_is_the_base_followed_by_the_extra() -> None:
    base, extra = BASE.split("train"), EXTRA.split("train")
    images = ConcatTraining(BASE, EXTRA).split("train")
    assert len(images) == 5
    for visit in (0, 7):
        for i in range(3):
            assert torch.equal(images.pixels(i, visit), base.pixels(i, visit))
        for i in range(2):
            assert torch.equal(images.pixels(3 + i, visit), extra.pixels(i, visit))
    assert [images.size(i) for i in range(5)] == [(16, 16)] * 3 + [(20, 20)] * 2


def test_validation_and_test_are_the_base_alone() -> None:
    splits: tuple[Split, ...] = ("val", "test")
    for split in splits:
        images, base = ConcatTraining(BASE, EXTRA).split(split), BASE.split(split)
        assert names_of(images) == names_of(base)
        assert torch.equal(images.pixels(0), base.pixels(0))


def test_names_stay_unique_when_both_sources_share_theirs() -> None:
    nested = ConcatTraining(ConcatTraining(BASE, EXTRA), EXTRA).split("train")
    names = names_of(nested)
    assert len(set(names)) == len(names) == 7
    assert names[-1] == "extra/dead-leaves-000001"


def two_sets(root: Path) -> tuple[PairedFolder, PairedFolder]:
    write_pairs(root / "one", "train/a.png", "train/b.png", "val/c.png", "test/d.png")
    write_pairs(root / "two", "train/a.png", "val/e.png", size=(80, 90))
    return PairedFolder(root / "one"), PairedFolder(root / "two")


def test_two_sets_of_pairs_are_joined_for_training(tmp_path: Path) -> None:
    one, two = two_sets(tmp_path)
    images = ConcatTraining(one, two).split("train")
    assert images.blurred is not None
    assert names_of(images) == ["base/train/a.png", "base/train/b.png", "extra/train/a.png"]
    for index, (source, position) in enumerate([(one, 0), (one, 1), (two, 0)]):
        assert torch.equal(images.pixels(index), source.split("train").pixels(position))
        base = source.split("train").blurred
        assert base is not None
        assert torch.equal(images.blurred.pixels(index), base.pixels(position))
    assert images.size(2) == (80, 90)
    assert names_of(ConcatTraining(one, two).split("val")) == ["val/c.png"]


def test_repeated_pairs_stay_pairs(tmp_path: Path) -> None:
    one, _ = two_sets(tmp_path)
    images, base = Repeated(one, copies=2).split("train"), one.split("train")
    assert images.blurred is not None
    assert base.blurred is not None
    assert all(torch.equal(images.blurred.pixels(index), base.blurred.pixels(index // 2)) for index in range(4))


@pytest.mark.parametrize("turned", [False, True])
def test_pairs_and_single_images_cannot_be_joined(turned: bool, tmp_path: Path) -> None:
    sources: tuple[Source, Source] = (BASE, two_sets(tmp_path)[0])
    base, extra = sources[::-1] if turned else sources
    with pytest.raises(UserError, match=r"has blurred images .*, its (base|extra) has none: join two sources of pairs"):
        ConcatTraining(base, extra).split("train")
    assert ConcatTraining(base, extra).split("val")
