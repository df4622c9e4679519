"""The blurs that blind restoration is judged by, and the photographs that they are put on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from deblur_lightning.batch import RestorationBatch
from deblur_lightning.degradations.base import Degradation, degrade_images
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.identity import Identity
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.draws import EVALUATION_SEED, Draws
from deblur_lightning.files.images import read_rgb
from deblur_lightning.sources.base import Split
from deblur_lightning.sources.files import image_names
from deblur_lightning.sources.photos import Photos


@dataclass(frozen=True)
class Family:
    """One kind and strength of blur.

    Attributes:
        name: in tables.
        blur: what blurs.
        role: "in range", of which the mean gain is taken; "sharp"; or "beyond", stronger than what was learned from.
        noise: standard deviation in 1/255.
    """

    name: str
    blur: Degradation
    role: str = "in range"
    noise: float = 1.0


FAMILIES = (
    Family("Gaussian, sigma 1", GaussianBlur((1, 1))),
    Family("Gaussian, sigma 2", GaussianBlur((2, 2))),
    Family("motion, 7 px", MotionBlur((7, 7))),
    Family("motion, 15 px", MotionBlur((15, 15))),
    Family("box, 3 px", BoxBlur((3, 3))),
    Family("box, 5 px", BoxBlur((5, 5))),
    Family("sharp", Identity(), "sharp", 0.0),
    Family("Gaussian, sigma 5", GaussianBlur((5, 5), (31, 31)), "beyond"),
    Family("motion, 41 px", MotionBlur((41, 41)), "beyond"),
)


def photographs(split: Split, side: int, folder: Path | None = None) -> list[Tensor]:
    """The middles of photographs, (3, H, W) uint8 with at most ``side`` pixels a side.

    Args:
        split: of the photographs that scikit-image installs, where no folder is given.
        side: larger ones are cut.
        folder: take all images in it instead.
    """
    if folder is not None:
        return [_middle(read_rgb(folder / name), side) for name in image_names(folder, folder)]
    images = Photos().split(split)
    return [_middle(images.pixels(index), side) for index in range(len(images))]


def blur_images(family: Family, images: list[Tensor], split: Split) -> Iterator[RestorationBatch]:
    """Each image as a batch of its own, blurred by draws that depend on its place alone; rounded to 8 bits."""
    chain = Chain([family.blur, SensorNoise((family.noise, family.noise))])
    for place, image in enumerate(images):
        draws = Draws(EVALUATION_SEED, split, torch.tensor([0]), torch.tensor([place]))
        yield degrade_images(chain, image[None], draws, trim=0, rounding=True)


def _middle(image: Tensor, side: int) -> Tensor:
    height, width = image.shape[-2:]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return image[:, top : top + side, left : left + side]
