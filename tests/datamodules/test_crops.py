"""Random crops: what a loader worker cuts out, pure in the sample's counter."""

import albumentations as A
import numpy as np
import pytest
import torch
from torch import Tensor

from deblur_lightning.datamodules.crops import RandomCrops, WholeImages
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.sources.base import SharpImages, Source
from deblur_lightning.sources.concat_training import ConcatTraining
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.photos import Photos
from deblur_lightning.sources.preprocessed import Preprocessed
from deblur_lightning.sources.repeated import Repeated


class Ramp(SharpImages):
    """One image whose pixels name their own place: red the row, green the column."""

    def __init__(self, height: int, width: int) -> None:
        self.shape = (height, width)

    def __len__(self) -> int:
        return 1

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        rows, columns = torch.meshgrid(*(torch.arange(length) for length in self.shape), indexing="ij")
        return torch.stack([rows, columns, rows * 0 + visit]).to(torch.uint8)

    def name(self, index: int) -> str:
        return "ramp"

    def size(self, index: int) -> tuple[int, int]:
        return self.shape


def crops(height: int = 40, width: int = 50, side: int = 16, flips: bool = True, seed: int = 0) -> RandomCrops:
    return RandomCrops(Ramp(height, width), side=side, flips=flips, seed=seed)


def test_a_crop_is_a_part_of_the_image_of_the_wanted_size() -> None:
    crop = crops(flips=False)[(0, 0)]["sharp"]
    top, left = int(crop[0, 0, 0]), int(crop[1, 0, 0])
    assert torch.equal(crop[:2], Ramp(40, 50).pixels(0)[:2, top : top + 16, left : left + 16])


def test_the_same_counter_gives_the_same_crop_and_another_another() -> None:
    first = crops()[(3, 0)]["sharp"]
    assert torch.equal(crops()[(3, 0)]["sharp"], first)
    assert not torch.equal(crops()[(4, 0)]["sharp"][:2], first[:2])
    assert not torch.equal(crops(seed=1)[(3, 0)]["sharp"][:2], first[:2])


def test_crops_reach_every_edge() -> None:
    cuts = [crops(flips=False)[(visit, 0)]["sharp"] for visit in range(400)]
    tops, lefts = {int(crop[0, 0, 0]) for crop in cuts}, {int(crop[1, 0, 0]) for crop in cuts}
    assert (min(tops), max(tops), min(lefts), max(lefts)) == (0, 24, 0, 34)


def test_flips_reach_all_eight_symmetries_and_can_be_left_out() -> None:
    def corners(crop: Tensor) -> tuple[float, ...]:
        centred = crop[:2, [0, 0, -1], [0, -1, 0]].float() - crop[:2].float().mean(dim=(1, 2))[:, None]
        return tuple(np.sign(centred.numpy()).ravel().tolist())

    assert len({corners(crops()[(visit, 0)]["sharp"]) for visit in range(200)}) == 8
    assert len({corners(crops(flips=False)[(visit, 0)]["sharp"]) for visit in range(50)}) == 1


@pytest.mark.parametrize(("height", "width"), [(12, 30), (30, 12), (12, 13)])
def test_an_image_smaller_than_the_crop_is_reflected(height: int, width: int) -> None:
    crop = crops(height, width, side=16, flips=False)[(0, 0)]["sharp"]
    assert crop.shape == (3, 16, 16)
    if height == 12:  # two rows of reflection above: rows 2 1 | 0 1 2 ...
        assert crop[0, :5, 0].tolist() == [2, 1, 0, 1, 2]


@pytest.mark.parametrize("side", [16, 40, 60])
@pytest.mark.parametrize("flips", [True, False])
def test_a_crop_is_what_cutting_from_the_whole_image_would_give(side: int, flips: bool) -> None:
    """What albumentations does with all pixels, for images larger than the crop, as large and smaller."""
    images = ConcatTraining(Preprocessed(Photos(), side=50), DeadLeaves(length=2, size=50)).split("train")
    random_crops = RandomCrops(images, side=side, flips=flips, seed=5)
    whole = A.Compose([A.RandomCrop(side, side), A.D4(p=float(flips))])
    for visit, index in ((0, 0), (1, 3), (2, 11), (3, 12)):
        draws = Draws(5, "train", torch.tensor([visit]), torch.tensor([index]))
        whole.set_random_seed(int(draws.integers("window", 0, 2**31 - 1)))
        around = [(max(0, side - 50) // 2, max(0, side - 50) - max(0, side - 50) // 2)] * 2
        pixels = np.pad(images.pixels(index, visit).permute(1, 2, 0).numpy(), [*around, (0, 0)], mode="reflect")
        expected = whole(image=pixels)["image"].transpose(2, 0, 1)
        np.testing.assert_array_equal(random_crops[visit, index]["sharp"].numpy(), expected)


def test_an_image_of_another_size_than_was_said_is_named() -> None:
    """A file that was replaced, or whose header does not say how its pixels are turned."""
    images = Ramp(40, 50)
    images.shape = (50, 40)
    pixels = images.pixels(0)
    images.shape = (40, 50)
    images.pixels = lambda index, visit=0: pixels  # type: ignore[method-assign]
    random_crops = RandomCrops(images, side=38, flips=False, seed=0)
    with pytest.raises(UserError, match=r"^ramp is not of 40x50 pixels .*: save it again\.$"):
        random_crops.__getitems__([(visit, 0) for visit in range(20)])


def test_whole_images_are_left_as_they_are() -> None:
    item = WholeImages(Ramp(7, 9))[(5, 0)]
    assert torch.equal(item["sharp"], Ramp(7, 9).pixels(0, visit=5))
    assert (item["index"], item["visit"]) == (0, 5)


@pytest.mark.parametrize(
    "source",
    [
        Photos(),
        DeadLeaves(length=3, size=48),
        Preprocessed(DeadLeaves(length=3, size=48), grey=True),
        Preprocessed(DeadLeaves(length=3, size=48), grey=True, side=40, frame=5),
        Preprocessed(Photos(), grey=True, count=3),
        Repeated(ConcatTraining(Photos(), DeadLeaves(length=3, size=48)), copies=2),
    ],
    ids=["photos", "leaves", "grey leaves", "small leaves", "grey photos", "copies"],
)
def test_a_part_is_bit_for_bit_that_of_the_whole_and_memory_of_its_own(source: Source) -> None:
    images = source.split("train")
    for index in (0, 2, len(images) - 1):
        whole = images.pixels(index, 1)
        height, width = whole.shape[-2:]
        rows, columns = slice(3, 3 + height // 4), slice(width // 3, width - 1)
        part = images.crop(index, 1, rows, columns)
        assert torch.equal(part, whole[:, rows, columns])
        part.fill_(7)
        assert torch.equal(images.pixels(index, 1), whole)
