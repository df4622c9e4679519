"""Leaf labels, against painting the shapes one after another by their definition."""

import numpy as np
import pytest

from deblur_lightning.sources.leaf_raster import Floats, Integers, Leaves, leaf_labels


def painted(leaves: Leaves, side: int) -> Integers:
    """Point by point: each leaf lies over those before it."""
    middles = np.arange(side) + 0.5
    labels = np.full((side, side), -1)
    for i in range(len(leaves.x)):
        dx, dy = middles - leaves.x[i], middles[:, None] - leaves.y[i]
        u = (np.cos(leaves.angle[i]) * dx + np.sin(leaves.angle[i]) * dy) / leaves.long[i]
        v = (np.cos(leaves.angle[i]) * dy - np.sin(leaves.angle[i]) * dx) / leaves.short[i]
        inside = np.maximum(abs(u), abs(v)) <= 1 if leaves.box[i] else u**2 + v**2 <= 1
        labels[inside] = i
    return labels


@pytest.mark.parametrize("seed", range(5))
def test_labels_are_those_of_the_painter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, side = 60, 50
    x, y = rng.uniform(-10, 60, (2, count))
    short = rng.uniform(0.3, 8, count)
    angle = rng.uniform(-4, 4, count)
    leaves = Leaves(x, y, short * rng.uniform(1, 3, count), short, angle, rng.random(count) < 0.5)
    expected = painted(leaves, side)
    assert (expected == -1).any()
    assert len(np.unique(expected)) > 30
    np.testing.assert_array_equal(leaf_labels(leaves, range(side), range(side)), expected)
    rows, columns = range(7, 30), range(20, side)
    np.testing.assert_array_equal(leaf_labels(leaves, rows, columns), expected[7:30, 20:])


@pytest.mark.parametrize("angle", [0, np.pi / 2, np.pi])
def test_upright_rectangle(angle: float) -> None:
    def one(value: float) -> Floats:
        return np.array([value], dtype=float)

    leaves = Leaves(one(10.25), one(12.25), one(4), one(2), one(angle), np.array([True]))
    expected = np.full((20, 20), -1)
    if angle == np.pi / 2:
        expected[8:16, 8:12] = 0
    else:
        expected[10:14, 6:14] = 0
    np.testing.assert_array_equal(leaf_labels(leaves, range(20), range(20)), expected)


def test_no_leaf_at_all() -> None:
    none = np.zeros(0)
    labels = leaf_labels(Leaves(none, none, none, none, none, none.astype(bool)), range(4), range(4))
    np.testing.assert_array_equal(labels, np.full((4, 4), -1))
