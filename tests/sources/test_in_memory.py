"""InMemory: each file decoded once, the pixels as they were."""

from pathlib import Path

import pytest
import torch

from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.in_memory import InMemory
from deblur_lightning.sources.paired_folder import PairedFolder
from tests.conftest import write_image
from tests.helpers.standins import write_pairs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for split in ("train", "val", "test"):
        (tmp_path / split).mkdir()
        for number in range(3):
            write_image(tmp_path / split / f"{number}.png", height=20 + number, width=30, seed=number)
    return tmp_path


def test_images_are_those_of_the_base_and_no_file_is_read_again(folder: Path) -> None:
    base = Folder(folder).split("train")
    wanted = [base.pixels(index) for index in range(3)]
    images = InMemory(Folder(folder)).split("train")
    for path in (folder / "train").iterdir():
        path.unlink()
    for index, pixels in enumerate(wanted):
        images.pixels(index).zero_()  # what is handed out is a copy
        assert torch.equal(images.pixels(index), pixels)
        assert images.pixels(index).dtype == torch.uint8
        assert torch.equal(images.crop(index, 0, slice(3, 9), slice(5, 20)), pixels[:, 3:9, 5:20])
        assert images.name(index) == base.name(index)
        assert images.size(index) == tuple(pixels.shape[1:])
    assert len(images) == 3


def test_rendered_images_stay_those_of_the_visit() -> None:
    base = DeadLeaves(length=2, size=16)
    images = InMemory(base).split("train")
    assert images.rendered
    assert torch.equal(images.pixels(1, visit=3), base.split("train").pixels(1, visit=3))


def test_pairs_stay_pairs(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train/1.png", "val/2.png", "test/3.png")
    base, kept = (source.split("train") for source in (PairedFolder(tmp_path), InMemory(PairedFolder(tmp_path))))
    assert base.blurred is not None
    assert kept.blurred is not None
    assert torch.equal(kept.pixels(0), base.pixels(0))
    assert torch.equal(kept.blurred.pixels(0), base.blurred.pixels(0))
    assert not torch.equal(kept.blurred.pixels(0), kept.pixels(0))
