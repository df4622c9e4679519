"""Images prepared as the reports did: grey, resized, framed, few, and those of the training again."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_lightning.errors import UserError
from deblur_lightning.sources import preprocessed
from deblur_lightning.sources.concat_training import ConcatTraining
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.paired_folder import PairedFolder
from deblur_lightning.sources.photos import PHOTOS, Photos
from deblur_lightning.sources.preprocessed import Preprocessed, luma, resize
from tests.helpers.standins import write_pairs


def test_nothing_asked_for_changes_nothing() -> None:
    images, base = Preprocessed(Photos()).split("val"), Photos().split("val")
    assert len(images) == len(base)
    assert torch.equal(images.pixels(0), base.pixels(0))
    assert (images.name(1), images.size(1)) == (base.name(1), base.size(1))


def test_grey_is_pillows() -> None:
    colour = Photos().split("test").pixels(1)
    wanted = np.asarray(Image.fromarray(colour.permute(1, 2, 0).numpy()).convert("L"), dtype=int)
    grey = Preprocessed(Photos(), grey=True).split("test").pixels(1)
    assert grey.shape == (1, *colour.shape[1:])
    assert np.abs(grey[0].numpy() - wanted).max() <= 1
    assert torch.equal(grey, luma(colour))


@pytest.mark.parametrize("side", [48, 128])
def test_a_side_gives_squares_of_the_middle(side: int) -> None:
    images = Preprocessed(Photos(), side=side).split("test")
    for index in range(len(images)):
        assert images.pixels(index).shape == (3, side, side)
        assert images.size(index) == (side, side)
    base = Photos().split("test").pixels(1)
    square = Image.fromarray(base.permute(1, 2, 0).numpy()[:, 75:375])
    wanted = np.asarray(square.resize((side, side), Image.Resampling.BICUBIC), dtype=int)
    assert base.shape == (3, 300, 451)
    assert np.abs(images.pixels(1).permute(1, 2, 0).numpy() - wanted).max() <= 2


def test_a_frame_is_black() -> None:
    framed = Preprocessed(Photos(), grey=True, side=48, frame=24).split("test")
    plain = Preprocessed(Photos(), grey=True, side=48).split("test")
    assert framed.size(0) == (96, 96)
    assert torch.equal(framed.pixels(0)[:, 24:72, 24:72], plain.pixels(0))
    assert framed.pixels(0).sum() == plain.pixels(0).sum()


def test_a_count_takes_the_first_ones() -> None:
    images = Preprocessed(Photos(), count=3).split("train")
    assert [images.name(i) for i in range(len(images))] == list(PHOTOS["train"][:3])
    assert len(Preprocessed(Photos(), count=100).split("val")) == len(PHOTOS["val"])


def test_seen_images_are_those_of_the_training() -> None:
    source = Preprocessed(Photos(), count=2, seen=True)
    for split in ("val", "test"):
        assert source.split(split).name(0) == PHOTOS["train"][0]  # type: ignore[arg-type]
    assert Preprocessed(Photos(), count=2).split("test").name(0) == PHOTOS["test"][0]


def test_what_is_remembered_cannot_be_written_into() -> None:
    images = Preprocessed(Photos(), grey=True, side=32).split("val")
    images.pixels(0).zero_()
    assert images.pixels(0).sum() > 0


@pytest.mark.parametrize(("room", "prepared"), [(5 * 3 * 16 * 16, 5), (4 * 3 * 16 * 16, 10)])
def test_images_are_remembered_as_far_as_there_is_room(
    room: int, prepared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preprocessed, "_CACHE_BYTES", room)
    sizes: list[int] = []
    monkeypatch.setattr(preprocessed, "resize", lambda image, side: (sizes.append(side), resize(image, side))[1])
    images = Preprocessed(Photos(), side=16).split("test")
    first, again = ([images.pixels(index) for index in range(5)] for _ in range(2))
    assert all(map(torch.equal, first, again))
    assert len(sizes) == prepared


def test_rendered_images_are_new_at_every_visit() -> None:
    leaves = DeadLeaves(length=2, size=32)
    images = Preprocessed(leaves, grey=True).split("train")
    assert not torch.equal(images.pixels(0, visit=0), images.pixels(0, visit=1))
    assert ConcatTraining(Photos(), leaves).split("train").rendered
    assert not ConcatTraining(Photos(), Photos()).split("train").rendered


def test_pairs_stay_pairs_both_prepared_alike(tmp_path: Path) -> None:
    write_pairs(tmp_path, "a.png", "b.png", "c.png")
    base = PairedFolder(tmp_path).split("test")
    images = Preprocessed(PairedFolder(tmp_path), grey=True, side=32, frame=2).split("test")
    assert images.blurred is not None
    assert (len(images), images.name(0), images.size(0)) == (len(base), base.name(0), (36, 36))
    assert base.blurred is not None
    for prepared, plain in ((images, base), (images.blurred, base.blurred)):
        assert torch.equal(prepared.pixels(0)[:, 2:-2, 2:-2], resize(luma(plain.pixels(0)), 32))
    assert not torch.equal(images.pixels(0), images.blurred.pixels(0))
    assert torch.equal(images.crop(0, 0, slice(3, 9), slice(1, 8)), images.pixels(0)[:, 3:9, 1:8])


@pytest.mark.parametrize("settings", [{"side": 0}, {"frame": -1}, {"count": 0}])
def test_bad_settings_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(UserError, match="Preprocessed " + next(iter(settings))):
        Preprocessed(Photos(), **settings)  # type: ignore[arg-type]
