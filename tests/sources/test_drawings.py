"""Drawings: a function of their counters alone; flat, in any colours, with hard edges."""

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.sources import drawings
from deblur_lightning.sources.drawings import Drawings
from tests.helpers.splits import SPLITS


@pytest.mark.parametrize("size", [16, 33, 160])
def test_a_picture_has_the_wanted_form(size: int) -> None:
    images = Drawings(length=12, size=size).split("train")
    for index in range(12):
        pixels = images.pixels(index)
        assert pixels.dtype == torch.uint8
        assert tuple(pixels.shape) == (3, size, size) == (3, *images.size(index))


def test_the_same_counters_give_the_same_bits_and_length_alone_does_not_count() -> None:
    few, many = (Drawings(length=length, size=48, seed=3).split("train") for length in (5, 50))
    assert torch.equal(few.pixels(2, visit=3), few.pixels(2, visit=3))
    assert torch.equal(few.pixels(2, visit=3), many.pixels(17))
    assert few.rendered


def test_no_two_are_alike() -> None:
    seen = [
        Drawings(length=20, size=64, seed=seed).split(split).pixels(index, visit).flatten()
        for seed in (0, 1)
        for split in SPLITS
        for index in (0, 1)
        for visit in (0, 1)
    ]
    for place, picture in enumerate(seen):
        assert not any(torch.equal(picture, other) for other in seen[:place])


@pytest.mark.parametrize("kind", ["_page", "_shapes", "_strokes", "_grating"])
def test_each_kind_shows_something(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("_page", "_shapes", "_strokes", "_grating"):
        monkeypatch.setattr(drawings, other, getattr(drawings, kind))
    images = Drawings(length=30, size=96).split("train")
    pictures = torch.stack([images.pixels(index) for index in range(30)]).float()
    assert (pictures.std(dim=(1, 2, 3)) > 5).float().mean() > 0.7
    assert (pictures.mean(dim=(1, 2, 3)).std()) > 20


def test_most_of_a_picture_is_flat_and_its_edges_are_hard() -> None:
    images = Drawings(length=60, size=96).split("train")
    pictures = torch.stack([images.pixels(index) for index in range(60)]).float()
    steps = (pictures[..., 1:] - pictures[..., :-1]).abs()
    assert (steps == 0).float().mean() > 0.5
    assert steps.amax(dim=(1, 2, 3)).median() > 60


def test_colours_are_of_all_sorts() -> None:
    images = Drawings(length=120, size=32).split("train")
    pictures = torch.stack([images.pixels(index) for index in range(120)]).float()
    grey = ((pictures[:, 0] == pictures[:, 1]) & (pictures[:, 1] == pictures[:, 2])).flatten(1).all(dim=1)
    assert 0.3 < grey.float().mean() < 0.8


def test_lengths_and_names() -> None:
    assert [len(Drawings(length=37, size=16).split(split)) for split in SPLITS] == [37, 3, 3]
    images = Drawings(length=30, size=16).split("train")
    assert len({images.name(index) for index in range(30)}) == 30


@pytest.mark.parametrize(("arguments", "culprit"), [({"length": 0}, "length=0"), ({"size": 15}, "size=15")])
def test_wrong_arguments_are_refused(arguments: dict[str, int], culprit: str) -> None:
    with pytest.raises(UserError, match=f"^Drawings {culprit}: give .* or more"):
        Drawings(**arguments)
