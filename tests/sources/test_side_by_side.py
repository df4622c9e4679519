"""SideBySide: both images of a pair out of one file, cropped and named as one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_lightning.datamodules import RealPairs
from deblur_lightning.errors import UserError
from deblur_lightning.files.images import read_rgb
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.paired_folder import PairedFolder
from deblur_lightning.sources.side_by_side import Side, SideBySide
from tests.conftest import write_image
from tests.helpers.standins import write_pairs


def write_joined(root: Path, count: int = 12) -> None:
    """Images 40 pixels high and 2 x 48 wide: noise, and its negative beside it."""
    for split in ("train", "test"):
        (root / split).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            left = np.random.default_rng(number).integers(0, 256, (40, 48, 3), dtype=np.uint8)
            Image.fromarray(np.hstack([left, 255 - left])).save(root / split / f"{number}.png")


@pytest.mark.parametrize(("sharp", "columns"), [("left", slice(0, 48)), ("right", slice(48, 96))])
def test_each_half_is_an_image_of_its_own(tmp_path: Path, sharp: Side, columns: slice) -> None:
    write_joined(tmp_path)
    images = SideBySide(Folder(tmp_path), sharp).split("test")
    assert images.blurred is not None
    whole = read_rgb(tmp_path / "test" / "3.png")
    index = [images.name(number) for number in range(len(images))].index("test/3.png")
    assert images.size(index) == images.blurred.size(index) == (40, 48)
    assert torch.equal(images.pixels(index), whole[..., columns])
    assert torch.equal(images.blurred.pixels(index), 255 - whole[..., columns])
    part = images.crop(index, 0, slice(5, 25), slice(10, 30))
    assert torch.equal(part, whole[:, 5:25, columns.start + 10 : columns.start + 30])


def test_a_crop_is_of_the_same_place_in_both(tmp_path: Path) -> None:
    write_joined(tmp_path)
    data = RealPairs(SideBySide(Folder(tmp_path)), crop_size=16, batch_size=4, num_workers=0)
    data.setup("fit")
    batch = data.pairs(next(iter(data.train_dataloader())))
    assert batch["sharp"].shape == (4, 3, 16, 16)
    torch.testing.assert_close(batch["sharp"], 1 - batch["blurred"])


def test_an_odd_width_is_refused(tmp_path: Path) -> None:
    write_joined(tmp_path)
    write_image(tmp_path / "test" / "odd.png", 40, 95, seed=0)
    with pytest.raises(UserError, match=r"^test/odd\.png is of 40x95 pixels, an odd width, .* remove it, or [^\n]*$"):
        SideBySide(Folder(tmp_path)).split("test")


def test_what_it_is_not_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^SideBySide sharp=top: give left or right\.$"):
        SideBySide(DeadLeaves(length=4, size=16), "top")  # type: ignore[arg-type]
    write_pairs(tmp_path, "test/1.png")
    with pytest.raises(UserError, match=r"^SideBySide: PairedFolder gives pairs already: use it without SideBySide\.$"):
        SideBySide(PairedFolder(tmp_path)).split("test")
