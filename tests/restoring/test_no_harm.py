"""The shipped model on what it was not made for: nothing that is well comes back worse."""

import numpy as np
import pytest
import torch

from deblur_lightning.degradations.base import degrade_images
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.draws import EVALUATION_SEED, Draws
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.drawings import Drawings
from deblur_lightning.sources.photos import Photos
from tests.helpers import graphics
from tests.helpers.graphics import psnr, soft

BLACK, WHITE, RED, BLUE = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255)


@pytest.fixture(scope="module")
def restorer() -> PhotoRestorer:
    return PhotoRestorer(load_model(), torch.device("cpu"))


@pytest.mark.parametrize(
    "pixels",
    [
        *(graphics.flat(*colour) for colour in [(0, 255, 255), (33, 25, 23), (0, 255, 0), WHITE, RED, (128, 128, 128)]),
        graphics.checkerboard(),
        graphics.stripes(),
        graphics.pixel_grid(),
        graphics.coloured_cells(),
        graphics.writing(RED, BLUE),
        graphics.writing(WHITE, BLACK),
        graphics.writing((255, 255, 0), (0, 120, 0)),
    ],
)
def test_what_is_sharp_comes_back_as_it_was(restorer: PhotoRestorer, pixels: Pixels) -> None:
    assert np.abs(restorer.restore(pixels).astype(int) - pixels).max() <= 1


def drawing(index: int) -> Pixels:
    """A page, cartoon, line art or grating of another seed than the training's."""
    return Drawings(length=20, size=128, seed=9).split("train").pixels(index).permute(1, 2, 0).contiguous().numpy()


def ramp(dtype: type) -> Pixels:
    levels = np.linspace(0, np.iinfo(dtype).max, 96).astype(dtype)
    return np.ascontiguousarray(np.broadcast_to(levels[None, :, None], (80, 96, 3)))


def noise(side: int, deviation: float = 80) -> Pixels:
    values = 128 + deviation * np.random.default_rng(side).standard_normal((side, side, 3))
    return values.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [
        *(drawing(index) for index in range(20)),
        *(ramp(dtype) for dtype in (np.uint8, np.uint16)),
        *(noise(side) for side in (1, 2, 3, 7, 96)),
        noise(80, 10),
        graphics.stars(0.5),  # lights cut off at white
        DeadLeaves(length=2, size=128, seed=9).split("train").pixels(0).permute(1, 2, 0).contiguous().numpy(),
    ],
)
def test_nothing_is_invented(restorer: PhotoRestorer, pixels: Pixels) -> None:
    change = (restorer.restore(pixels).astype(np.float64) - pixels) / np.iinfo(pixels.dtype).max
    assert np.sqrt((change**2).mean()) < 1 / 255
    assert np.abs(change.mean(axis=(0, 1))).max() < 0.5 / 255


@pytest.mark.parametrize(
    ("sharp", "blurred"),
    [
        *((graphics.checkerboard(), soft(graphics.checkerboard(), sigma)) for sigma in (0.7, 1.5)),
        *((graphics.stars(0.5), graphics.stars(sigma)) for sigma in (1.0, 1.5, 2.0)),
        (graphics.writing(RED, BLUE), soft(graphics.writing(RED, BLUE), 1.2)),
    ],
)
def test_what_is_blurred_does_not_come_back_worse(restorer: PhotoRestorer, sharp: Pixels, blurred: Pixels) -> None:
    assert psnr(restorer.restore(blurred), sharp) > psnr(blurred, sharp) - 0.2


@pytest.mark.parametrize(("ink", "ground"), [(BLACK, WHITE), (WHITE, BLACK), ((40, 40, 40), (200, 200, 180))])
def test_soft_writing_of_any_colours_gains(
    restorer: PhotoRestorer, ink: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    sharp = graphics.writing(ink, ground)
    blurred = soft(sharp, 1.2)
    assert psnr(restorer.restore(blurred), sharp) > psnr(blurred, sharp) + 5


def photo(place: int) -> tuple[Pixels, Pixels]:
    """A photograph's middle and the same blurred, both cut so that what lies beyond the border was seen."""
    image = Photos().split("test").pixels(place)
    height, width = image.shape[-2:]
    image = image[:, height // 2 - 100 : height // 2 + 100, width // 2 - 100 : width // 2 + 100]
    draws = Draws(EVALUATION_SEED, "test", torch.tensor([0]), torch.tensor([0]))
    batch = degrade_images(GaussianBlur((1.5, 1.5)), image[None], draws, trim=16, rounding=True)
    sharp, blurred = (
        (batch[name][0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        for name in ("sharp", "blurred")  # type: ignore[literal-required]
    )
    return sharp, blurred


def test_a_grey_photo_in_rgb_stays_grey_and_gains(restorer: PhotoRestorer) -> None:
    sharp, blurred = photo(0)
    found = restorer.restore(blurred)
    assert (np.ptp(blurred, axis=2) == 0).all()
    assert (np.ptp(found, axis=2) == 0).all()
    assert psnr(found, sharp) > psnr(blurred, sharp) + 2
    assert np.array_equal(found[..., :1], restorer.restore(np.ascontiguousarray(blurred[..., :1])))


def test_borders_gain_as_the_rest_does(restorer: PhotoRestorer) -> None:
    errors = np.zeros((2, 2))  # blurred and restored, border and the rest
    for place in range(4):
        sharp, blurred = photo(place)
        border = np.ones(sharp.shape[:2], bool)
        border[8:-8, 8:-8] = False
        for row, pixels in enumerate((blurred, restorer.restore(blurred))):
            squares = (pixels.astype(np.float64) - sharp) ** 2
            errors[row] += squares[border].mean(), squares[~border].mean()
    border_gain, gain = 10 * np.log10(errors[0] / errors[1])
    assert gain > 3
    assert border_gain > 0.7 * gain
