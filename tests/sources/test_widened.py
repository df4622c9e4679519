"""Widened: the training images of two sources, and the validation and test images of the first alone."""

import torch

from deblur_lightning.sources.base import SharpImages, Split
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.widened import Widened

BASE = DeadLeaves(length=3, size=16, seed=1)
EXTRA = DeadLeaves(length=2, size=20, seed=2)


def names_of(images: SharpImages) -> list[str]:
    return [images.name(i) for i in range(len(images))]


def test_train_is_the_base_followed_by_the_extra() -> None:
    base, extra = BASE.split("train"), EXTRA.split("train")
    images = Widened(BASE, EXTRA).split("train")
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
        images, base = Widened(BASE, EXTRA).split(split), BASE.split(split)
        assert names_of(images) == names_of(base)
        assert torch.equal(images.pixels(0), base.pixels(0))


def test_names_stay_unique_when_both_sources_share_theirs() -> None:
    nested = Widened(Widened(BASE, EXTRA), EXTRA).split("train")
    names = names_of(nested)
    assert len(set(names)) == len(names) == 7
    assert names[-1] == "extra/dead-leaves-000001"
