"""Repeated: each image several times in succession, under a name of its own each time."""

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import Split
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.repeated import Repeated

BASE = DeadLeaves(length=20, size=16)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_every_image_comes_so_often_in_succession(split: Split) -> None:
    base, images = BASE.split(split), Repeated(BASE, copies=2).split(split)
    assert len(images) == 2 * len(base)
    for index in range(len(images)):
        assert torch.equal(images.pixels(index), base.pixels(index // 2))
        assert images.size(index) == (16, 16)


def test_a_rendered_image_is_that_of_the_visit() -> None:
    base, images = BASE.split("train"), Repeated(BASE).split("train")
    assert torch.equal(images.pixels(7, visit=3), base.pixels(2, visit=3))
    assert not torch.equal(images.pixels(7, visit=3), base.pixels(2))


def test_names_are_unique_and_can_be_those_of_files() -> None:
    images = Repeated(Repeated(BASE), copies=2).split("val")
    names = [images.name(index) for index in range(len(images))]
    assert len(set(names)) == len(names) == 12
    assert names[:3] == [f"copy{i}/copy{j}/dead-leaves-000000" for i, j in ((1, 1), (2, 1), (1, 2))]


def test_no_copy_at_all_is_refused() -> None:
    with pytest.raises(UserError, match=r"Repeated copies=0: give 1 or more\."):
        Repeated(BASE, copies=0)
