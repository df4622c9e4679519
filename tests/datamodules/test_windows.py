"""Windows: what a loader worker cuts out, pure in the sample's counter."""

import numpy as np
import pytest
import torch
from torch import Tensor

from deblur_lightning.datamodules.windows import RandomWindows, WholeImages
from deblur_lightning.sources.base import SharpImages


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


def windows(height: int = 40, width: int = 50, side: int = 16, flips: bool = True, seed: int = 0) -> RandomWindows:
    return RandomWindows(Ramp(height, width), side=side, flips=flips, seed=seed)


def test_a_window_is_a_part_of_the_image_of_the_wanted_size() -> None:
    window = windows(flips=False)[(0, 0)]["sharp"]
    top, left = int(window[0, 0, 0]), int(window[1, 0, 0])
    assert torch.equal(window[:2], Ramp(40, 50).pixels(0)[:2, top : top + 16, left : left + 16])


def test_the_same_counter_gives_the_same_window_and_another_another() -> None:
    first = windows()[(3, 0)]["sharp"]
    assert torch.equal(windows()[(3, 0)]["sharp"], first)
    assert not torch.equal(windows()[(4, 0)]["sharp"][:2], first[:2])
    assert not torch.equal(windows(seed=1)[(3, 0)]["sharp"][:2], first[:2])


def test_windows_reach_every_edge() -> None:
    cut = [windows(flips=False)[(visit, 0)]["sharp"] for visit in range(400)]
    tops, lefts = {int(window[0, 0, 0]) for window in cut}, {int(window[1, 0, 0]) for window in cut}
    assert (min(tops), max(tops), min(lefts), max(lefts)) == (0, 24, 0, 34)


def test_flips_reach_all_eight_symmetries_and_can_be_left_out() -> None:
    def corners(window: Tensor) -> tuple[float, ...]:
        centred = window[:2, [0, 0, -1], [0, -1, 0]].float() - window[:2].float().mean(dim=(1, 2))[:, None]
        return tuple(np.sign(centred.numpy()).ravel().tolist())

    assert len({corners(windows()[(visit, 0)]["sharp"]) for visit in range(200)}) == 8
    assert len({corners(windows(flips=False)[(visit, 0)]["sharp"]) for visit in range(50)}) == 1


@pytest.mark.parametrize(("height", "width"), [(12, 30), (30, 12), (12, 13)])
def test_an_image_smaller_than_the_window_is_reflected(height: int, width: int) -> None:
    window = windows(height, width, side=16, flips=False)[(0, 0)]["sharp"]
    assert window.shape == (3, 16, 16)
    if height == 12:  # two rows of reflection above: rows 2 1 | 0 1 2 ...
        assert window[0, :5, 0].tolist() == [2, 1, 0, 1, 2]


def test_whole_images_are_left_as_they_are() -> None:
    item = WholeImages(Ramp(7, 9))[(5, 0)]
    assert torch.equal(item["sharp"], Ramp(7, 9).pixels(0, visit=5))
    assert (item["index"], item["visit"]) == (0, 5)
