"""Drawn digits and shapes: labelled, balanced, different, and functions of seed, split and index alone."""

from typing import Any

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.sources.synthetic_digits import SyntheticDigits
from deblur_lightning.sources.synthetic_shapes import SyntheticShapes

BOTH: Any = pytest.mark.parametrize(
    ("kind", "shape"), [(SyntheticDigits, (1, 28, 28)), (SyntheticShapes, (3, 32, 32))], ids=["digits", "shapes"]
)


@BOTH
def test_images_differ_and_are_the_same_each_time(kind: Any, shape: tuple[int, ...]) -> None:
    images, again = kind(length=100).split("train"), kind(length=200).split("train")
    pixels = [images.pixels(index) for index in range(20)]
    assert {(image.shape, image.dtype) for image in pixels} == {(torch.Size(shape), torch.uint8)}
    assert len({image.numpy().tobytes() for image in pixels}) == 20
    assert all(torch.equal(pixels[index], again.pixels(index)) for index in (19, 3))
    others = [kind(length=100).split("test").pixels(0), kind(length=100, seed=1).split("train").pixels(0)]
    assert not any(torch.equal(pixels[0], other) for other in others)
    assert [len(kind(length=100).split(split)) for split in ("train", "val", "test")] == [100, 20, 20]
    assert images.size(0) == shape[1:]
    assert images.name(3) != images.name(4)


@BOTH
def test_classes_come_alike_often(kind: Any, shape: tuple[int, ...]) -> None:
    images = kind(length=100).split("train")
    labels = [images.label(index) for index in range(100)]
    assert [labels.count(label) for label in range(10)] == [10] * 10
    assert len(images.classes) == 10


def test_shapes_by_colour_are_a_hundred_classes() -> None:
    images = SyntheticShapes(length=200, by_colour=True).split("train")
    assert sorted(images.label(index) for index in range(100)) == list(range(100))
    assert images.classes[12] == "orange triangle"
    middle = images.pixels(70).float().mean(dim=(1, 2))  # a blue disc
    assert images.classes[images.label(70)] == "blue disc"
    assert middle[2] > middle[0]


def test_digits_are_white_on_black_in_the_middle() -> None:
    images = SyntheticDigits(length=50).split("train")
    pixels = torch.stack([images.pixels(index) for index in range(50)])
    assert (pixels.amax(dim=(1, 2, 3)) == 255).all()
    edges = torch.cat([pixels[:, 0, [0, -1]].flatten(1), pixels[:, 0, :, [0, -1]].flatten(1)], dim=1)
    assert (edges == 0).all(dim=1).float().mean() > 0.9


@pytest.mark.parametrize(("kind", "length"), [(SyntheticDigits, 9), (SyntheticShapes, 99)])
def test_too_few_are_refused(kind: Any, length: int) -> None:
    with pytest.raises(UserError, match=f"{kind.__name__} length={length}: give "):
        kind(length=length)
