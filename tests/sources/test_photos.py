"""The bundled photographs: all there, split by name, and each caller gets a copy of its own."""

from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.sources import photos
from deblur_lightning.sources.base import Split
from deblur_lightning.sources.photos import PHOTOS, Photos
from tests.conftest import write_image
from tests.helpers.splits import SPLITS


@pytest.mark.parametrize("split", SPLITS)
def test_every_photograph_can_be_read(split: Split) -> None:
    images = Photos().split(split)
    assert tuple(images.name(i) for i in range(len(images))) == PHOTOS[split]
    for i in range(len(images)):
        pixels = images.pixels(i)
        assert pixels.dtype == torch.uint8
        assert tuple(pixels.shape) == (3, *images.size(i))
        assert min(images.size(i)) >= 172
        assert pixels.float().std() > 5


def test_no_photograph_lies_in_two_splits() -> None:
    names = [name for split in SPLITS for name in PHOTOS[split]]
    assert len(names) == len(set(names)) == 18
    assert [len(PHOTOS[split]) for split in SPLITS] == [11, 2, 5]


def test_both_views_of_the_motorcycle_lie_in_one_split() -> None:
    places = {split for split in SPLITS for name in PHOTOS[split] if name.startswith("motorcycle")}
    assert places == {"train"}


def test_grey_photograph_has_three_equal_channels() -> None:
    red, green, blue = Photos().split("test").pixels(PHOTOS["test"].index("camera.png"))
    assert torch.equal(red, green)
    assert torch.equal(red, blue)


def test_writing_into_a_photograph_does_not_change_the_next_one() -> None:
    images = Photos().split("val")
    first = images.pixels(0)
    kept = first.clone()
    first.zero_()
    assert torch.equal(images.pixels(0), kept)


def test_each_file_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    for name in PHOTOS["val"]:
        write_image(tmp_path / "data" / name, 16, 24, seed=0)
    monkeypatch.setattr(photos.resources, "files", lambda _: tmp_path)
    images = Photos().split("val")
    first = images.pixels(0)
    (tmp_path / "data" / PHOTOS["val"][0]).unlink()
    assert torch.equal(images.pixels(0), first)


def test_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rocket.jpg").touch()
    monkeypatch.setattr(photos.resources, "files", lambda _: tmp_path)
    with pytest.raises(UserError, match=r"grass\.png.*install scikit-image"):
        Photos().split("val")


def test_item_and_its_bounds() -> None:
    images = Photos().split("val")
    assert images[1]["index"] == 1
    assert torch.equal(images[1]["sharp"], images.pixels(1))
    with pytest.raises(IndexError):
        images[2]
