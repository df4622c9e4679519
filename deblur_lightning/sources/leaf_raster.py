"""Renders which of many overlapping ellipses and rectangles is in front at each point."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Leaves:
    """Shapes from back to front, each array (N,); lengths in points of the raster, x to the right, y down.

    Attributes:
        x: of the centre.
        y: of the centre.
        long: half of the longer axis or side.
        short: half of the shorter one.
        angle: from the x axis to the longer one, in radians.
        box: whether it is a rectangle rather than an ellipse.
    """

    x: Floats
    y: Floats
    long: Floats
    short: Floats
    angle: Floats
    box: NDArray[np.bool_]


def leaf_labels(leaves: Leaves, rows: range, columns: range) -> Integers:
    """Find which leaf is in front at each point of a part of a raster.

    The leaves are convex, so that each covers one run of points in a row; only runs are computed.

    Returns:
        (rows, columns): the position of the leaf in ``leaves``, or -1 where there is none.
    """
    reach = np.hypot(leaves.long, leaves.short)
    top, bottom = _points(leaves.y - reach, leaves.y + reach, rows)
    beside = (leaves.x + reach < columns.start) | (leaves.x - reach > columns.stop)
    leaf, step = _runs(np.where(beside, 0, bottom - top))
    row = top[leaf] + step
    first, last = _points(*_crossings(leaves, leaf, row + 0.5), columns)
    run, step = _runs(last - first)
    labels = np.full(len(rows) * len(columns), -1, dtype=np.intp)
    # Runs are ordered from back to front, and of several values for one point NumPy keeps the last.
    labels[((row - rows.start) * len(columns) + first - columns.start)[run] + step] = leaf[run]
    return labels.reshape(len(rows), len(columns))


def _points(low: Floats, high: Floats, among: range) -> tuple[Integers, Integers]:
    """The first point ``among`` some whose middle lies in [low, high], and the one after the last."""
    first = np.clip(np.ceil(low - 0.5), among.start, among.stop).astype(np.intp)
    return first, np.clip(np.floor(high + 0.5), among.start, among.stop).astype(np.intp)


def _runs(lengths: Integers) -> tuple[Integers, Integers]:
    """Write out runs: which one each element belongs to, and its place there; negative lengths count as 0."""
    lengths = np.maximum(lengths, 0)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _crossings(leaves: Leaves, leaf: Integers, row: Floats) -> tuple[Floats, Floats]:
    """Where each row enters its leaf and where it comes out; the other way round where it misses the leaf."""
    a, b, cosine, sine = leaves.long, leaves.short, np.cos(leaves.angle), np.sin(leaves.angle)
    x, dy = leaves.x[leaf], row - leaves.y[leaf]
    # Ellipse: ((cosine dx + sine dy) / a)^2 + ((cosine dy - sine dx) / b)^2 <= 1, solved for dx.
    p = (cosine / a) ** 2 + (sine / b) ** 2
    inside = p[leaf] - (dy / (a * b)[leaf]) ** 2
    middle = (cosine * sine * (b**-2 - a**-2) / p)[leaf] * dy
    half = np.where(inside >= 0, np.sqrt(np.maximum(inside, 0)) / p[leaf], -np.inf)
    # Rectangle: |cosine dx + sine dy| <= a and |cosine dy - sine dx| <= b.
    cosine, sine = (np.where(np.abs(v) < 1e-9, 1e-9, v) for v in (cosine, sine))
    along, across = (-sine / cosine)[leaf] * dy, (cosine / sine)[leaf] * dy
    a, b = (a / np.abs(cosine))[leaf], (b / np.abs(sine))[leaf]
    box = leaves.box[leaf]
    enter = np.where(box, np.maximum(along - a, across - b), middle - half)
    leave = np.where(box, np.minimum(along + a, across + b), middle + half)
    return x + enter, x + leave
