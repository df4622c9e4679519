"""Tiles: every pixel once, no seam, and the whole image's result where the network's reach allows."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lightning.errors import UserError
from deblur_lightning.restoring.model import Model
from deblur_lightning.restoring.restorer import PhotoRestorer, tiling_for
from deblur_lightning.restoring.tiles import SIDE, Tell, Tiling, quantise, restore_in_tiles
from tests.helpers.models import random_pixels, small_model

SIZES = [(1, 1), (3, 500), (191, 193), (17, 900), (64, 128)]
CPU = torch.device("cpu")


def local(image: Tensor, tell: Tell) -> Tensor:
    """Looks exactly 8 pixels far."""
    return F.avg_pool2d(F.pad(image[None], (8, 8, 8, 8), mode="replicate"), 17, stride=1)[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tiling", [Tiling(0), Tiling(64, 16, 16), Tiling(48, 16, 1), Tiling(100, 64, 8)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiles_equal_the_whole(size: tuple[int, int], tiling: Tiling, dtype: type) -> None:
    pixels = random_pixels(*size, 3, dtype)
    counted: list[float] = []
    found = restore_in_tiles(pixels, local, tiling, counted.append)
    whole = restore_in_tiles(pixels, local, Tiling(0), lambda count: None)
    assert found.dtype == pixels.dtype
    assert np.abs(found.astype(int) - whole).max() <= (1 if dtype == np.uint16 else 0)
    assert sum(counted) == pytest.approx(size[0] * size[1])


def test_without_a_halo_seams_show() -> None:
    pixels = random_pixels(200, 200, 3)
    found = restore_in_tiles(pixels, local, Tiling(64, 0, 1), lambda count: None)
    assert np.abs(found.astype(int) - restore_in_tiles(pixels, local, Tiling(0), lambda count: None)).max() > 1


def test_neighbours_fade_into_each_other() -> None:
    levels = iter([0.0, 1.0])
    found = restore_in_tiles(
        random_pixels(64, 256, 1),
        lambda tile, tell: torch.full_like(tile, next(levels)),
        Tiling(64, 64),
        lambda n: None,
    )
    row = found[10, :, 0].astype(int)
    assert row[:112].max() == 0
    assert row[144:].min() == 255
    assert np.all(np.diff(row[112:144]) > 0)
    assert row[127] + row[128] == 255


def test_tiles_start_on_the_grain_and_are_as_small_as_asked() -> None:
    shapes: list[tuple[int, ...]] = []

    def note(tile: Tensor, tell: Tell) -> Tensor:
        shapes.append(tuple(tile.shape))
        return tile

    restore_in_tiles(random_pixels(300, 300, 3), note, Tiling(100, 32, 32), lambda count: None)
    assert len(shapes) == 9
    assert max(max(shape) for shape in shapes) <= 100 + 64 + 32


@pytest.mark.parametrize("length", [1, 200, 201, 500, 6000])
def test_what_fits_into_a_tile_is_not_cut_and_no_tile_is_larger(length: int) -> None:
    tiling = Tiling(100, 50)
    parts = tiling.parts(length)
    assert (len(parts) == 1) == (length <= 200)
    assert [*(start for start, _ in parts), length] == [0, *(stop for _, stop in parts)]
    sizes = [min(length, stop + 50) - max(0, start - 50) for start, stop in parts]
    assert max(sizes) <= 200
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("value", "wanted"), [(-0.1, 0), (0.4999, 127), (1.7, 255)])
def test_levels_are_clamped_and_rounded(value: float, wanted: int) -> None:
    assert quantise(np.full((1, 1, 1), value, np.float32), np.dtype(np.uint8)).item() == wanted


def test_the_overlap_comes_from_the_reach() -> None:
    model = small_model()
    assert model.receptive_radius is not None
    tiling = tiling_for(model, None)
    assert tiling.alignment == model.alignment
    assert tiling.overlap >= model.receptive_radius > tiling.overlap - model.alignment
    assert tiling.tile + 2 * tiling.overlap <= SIDE + tiling.alignment
    assert tiling_for(model, 256).tile == 256


def test_a_network_that_sees_everything_is_given_everything() -> None:
    assert tiling_for(Model(nn.Identity(), {}), None).tile == 0
    assert tiling_for(Model(nn.Identity(), {}), 128).tile == 128


class Short(nn.Module):
    """As a device with memory for so many pixels, and perhaps luck with the first image."""

    def __init__(self, room: int, error: Callable[[], BaseException], luck: bool = False) -> None:
        super().__init__()
        self.room, self.error, self.luck = room, error, luck

    def forward(self, image: Tensor) -> Tensor:
        if image.shape[-1] * image.shape[-2] > self.room and not self.luck:
            raise self.error()
        self.luck = False
        return image


ERRORS = [
    lambda: torch.OutOfMemoryError("CUDA out of memory"),
    lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    MemoryError,
]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("tile", "smaller"), [(None, 175), (512, 128)])
def test_tiles_become_smaller_where_memory_runs_out(
    error: Callable[[], BaseException], tile: int | None, smaller: int
) -> None:
    network = Short(300**2, error, luck=tile is not None)
    restorer = PhotoRestorer(Model(network, {}), CPU, tile)
    pixels = random_pixels(500, 700, 3)
    counted: list[float] = []
    assert np.array_equal(restorer.restore(pixels, counted.append), pixels)
    assert restorer.tiling.tile == smaller
    assert sum(counted) == pytest.approx(500 * 700)


def test_too_little_memory_for_anything_is_told_in_a_line() -> None:
    with pytest.raises(UserError, match="the memory does not hold even small tiles"):
        PhotoRestorer(Model(Short(0, MemoryError), {}), CPU, 256).restore(random_pixels(300, 300, 3))


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="something else"):
        PhotoRestorer(Model(Short(0, lambda: RuntimeError("something else")), {}), CPU).restore(random_pixels(9, 9, 3))
