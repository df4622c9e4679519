"""Dead leaves: a function of their counters alone, and in their statistics like photographs."""

import importlib.util
from itertools import pairwise

import numpy as np
import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.sources import dead_leaves
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.leaf_raster import Integers, Leaves, leaf_labels
from tests.helpers.splits import SPLITS


@pytest.mark.parametrize("size", [16, 33, 160, 300])
def test_picture_has_the_wanted_form(size: int) -> None:
    images = DeadLeaves(length=2, size=size).split("train")
    pixels = images.pixels(1)
    assert pixels.dtype == torch.uint8
    assert tuple(pixels.shape) == (3, size, size) == (3, *images.size(1))
    assert pixels.float().std() > 5


def test_same_counters_give_the_same_bits() -> None:
    """Also in another process, which a second copy of the module stands for: it has kept nothing."""
    spec = importlib.util.find_spec(dead_leaves.__name__)
    assert spec is not None
    assert spec.loader is not None
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    one, again = (module.DeadLeaves(length=5, size=64, seed=3).split("train") for module in (dead_leaves, other))
    assert torch.equal(one.pixels(2, visit=1), again.pixels(2, visit=1))


def test_nothing_but_visit_times_length_plus_index_counts() -> None:
    few, many = DeadLeaves(length=5, size=32).split("train"), DeadLeaves(length=50, size=32).split("train")
    assert torch.equal(few.pixels(2, visit=3), many.pixels(17))


def test_only_the_wanted_part_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = []

    def spy(leaves: Leaves, rows: range, columns: range) -> Integers:
        sides.append((len(rows), len(columns)))
        return leaf_labels(leaves, rows, columns)

    monkeypatch.setattr(dead_leaves, "leaf_labels", spy)
    images = DeadLeaves(length=2, size=64).split("train")
    part = images.crop(1, 0, slice(5, 25), slice(34, 64))
    assert tuple(part.shape) == (3, 20, 30)
    assert sides == [(40, 60)]  # two points a pixel


def test_no_two_pictures_are_alike() -> None:
    """Other index, visit, split or seed, other picture; noise repeated between splits would show too."""
    seen = [
        DeadLeaves(length=20, size=32, seed=seed).split(split).pixels(index, visit).flatten()
        for seed in (0, 1)
        for split in SPLITS
        for index in (0, 1)
        for visit in (0, 1)
    ]
    pictures = torch.stack(seen).float()
    shares = (pictures[:, None] == pictures[None]).float().mean(dim=-1)
    assert (shares - torch.eye(len(seen))).max() < 0.1


def test_lengths_of_the_splits() -> None:
    assert [len(DeadLeaves(length=37, size=16).split(split)) for split in SPLITS] == [37, 3, 3]
    assert [len(DeadLeaves(length=1, size=16).split(split)) for split in SPLITS] == [1, 1, 1]


def test_names_are_unique() -> None:
    images = DeadLeaves(length=30, size=16).split("train")
    assert len({images.name(i) for i in range(30)}) == 30


@pytest.mark.parametrize(("arguments", "culprit"), [({"length": 0}, "length=0"), ({"size": 15}, "size=15")])
def test_wrong_arguments_are_refused(arguments: dict[str, int], culprit: str) -> None:
    with pytest.raises(UserError, match=f"^DeadLeaves {culprit}: give .* or more"):
        DeadLeaves(**arguments)


def test_power_spectrum_falls_as_in_photographs() -> None:
    side = 128
    images = DeadLeaves(length=24, size=side).split("train")
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.zeros((side, side))
    for i in range(len(images)):
        grey = images.pixels(i).double().mean(dim=0).numpy()
        power += np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    edges = np.geomspace(3 / side, 0.4, 11)
    rings = [(frequency >= low) & (frequency < high) for low, high in pairwise(edges)]
    x = [np.log(frequency[ring].mean()) for ring in rings]
    y = [np.log(power[ring].mean()) for ring in rings]
    slope, offset = np.polyfit(x, y, 1)
    assert -2.8 < slope < -1.4
    assert np.abs(np.polyval((slope, offset), x) - y).max() < 0.7


def test_leaves_are_textured() -> None:
    """Within flat or evenly lit leaves three neighbours would lie on a line, but for rounding."""
    images = DeadLeaves(length=8, size=96).split("train")
    green = torch.stack([images.pixels(i)[1] for i in range(len(images))]).int()
    bend = green[..., 2:] - 2 * green[..., 1:-1] + green[..., :-2]
    assert (bend.abs() <= 1).float().mean() < 0.3


def test_leaves_have_edges() -> None:
    """Jumps between neighbours are far more frequent than in a Gaussian field of the same variance."""
    images = DeadLeaves(length=8, size=96).split("train")
    for i in range(len(images)):
        grey = images.pixels(i).double().mean(dim=0)
        step = (grey[:, 1:] - grey[:, :-1]).flatten()
        kurtosis = (step**4).mean() / (step**2).mean() ** 2
        assert kurtosis > 4


def test_pictures_vary_in_brightness_and_saturation() -> None:
    images = DeadLeaves(length=24, size=32).split("train")
    pictures = torch.stack([images.pixels(i) for i in range(len(images))]).float()
    assert pictures.mean(dim=(1, 2, 3)).std() > 10
    saturation = pictures.std(dim=1).mean(dim=(1, 2))
    assert saturation.max() > 2 * saturation.min()
