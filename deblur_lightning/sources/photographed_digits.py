"""Photographs of single digits, brought to MNIST's form: grey, white on black, centred, 28x28."""

from pathlib import Path
from typing import final

import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from deblur_lightning.batch import to_uint8
from deblur_lightning.errors import UserError
from deblur_lightning.files.images import read_rgb
from deblur_lightning.sources.base import LabelledImages, Source, Split
from deblur_lightning.sources.files import existing_folder, image_names
from deblur_lightning.sources.preprocessed import luma

SIDE = 28
DIGIT = 20
"""Of MNIST's 28 pixels, what the longer side of a digit takes."""

_WORKING = 224  # longer side that photographs are reduced to, in pixels


@final
class PhotographedDigits(Source):
    """All images of a folder, one digit each, for ``deblur predict``; their labels are not known.

    Args:
        root: the folder; a leading "~" is the home folder.

    Raises:
        UserError: no such folder, or no image in it.
    """

    def __init__(self, root: str | Path) -> None:
        self._root = existing_folder(root)
        self._names = image_names(self._root, self._root)

    def split(self, split: Split) -> LabelledImages:
        """The photographs; raises ``UserError`` for any split but "test", since they have no labels."""
        if split != "test":
            raise UserError("PhotographedDigits have no labels to learn from: use them with deblur predict only.")
        return _Photographs(self._root, self._names)


@final
class _Photographs(LabelledImages):
    def __init__(self, root: Path, names: list[str]) -> None:
        self._root = root
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        try:
            return mnist_form(luma(read_rgb(self._root / self._names[index])))
        except ValueError as error:
            raise UserError(f"{self._root / self._names[index]} shows no digit ({error}): leave it out.") from error

    def name(self, index: int) -> str:
        return self._names[index]

    def size(self, index: int) -> tuple[int, int]:
        return SIDE, SIDE

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(str(digit) for digit in range(10))

    def label(self, index: int) -> int:
        return -1


def mnist_form(photograph: Tensor) -> Tensor:
    """Bring a photograph of one digit to MNIST's form.

    A plane is fitted to the brightness of the paper, which may change across the photograph. The digit is what is
    darker than the paper (or brighter than a dark ground) by more than half of the strongest stroke. Sizes and places
    are fractions of a pixel, so that the last bit of a sum never moves the digit by a pixel.

    Args:
        photograph: (1, H, W) uint8, dark on light or light on dark.

    Returns:
        (1, 28, 28) uint8, white on black: the digit's longer side 20 pixels, its centre of mass in the middle.

    Raises:
        ValueError: nothing stands out.
    """
    ink = _ink(_reduce(photograph.double() / 255))
    if float(ink.max()) < 0.1:
        raise ValueError("nothing stands out from the ground")
    ink = _remove_specks((ink / _stroke_strength(ink)).clamp(0, 1))
    ink = ink / ink.max()  # the strongest pixel may have been a speck
    down, right = (_extent(ink.amax(dim=axis)) for axis in (1, 0))
    scale = DIGIT / max(down[1] - down[0], right[1] - right[0])
    rows, columns = (_resampling(ink.sum(dim=axis), extent, scale) for axis, extent in ((1, down), (0, right)))
    small = rows @ ink @ columns.T
    return to_uint8(small / small.max())[None]


def _reduce(image: Tensor) -> Tensor:
    """(H, W), the longer side at most 224 pixels."""
    height, width = image.shape[-2:]
    scale = min(1.0, _WORKING / max(height, width))
    size = [max(1, round(length * scale)) for length in (height, width)]
    return F.interpolate(image[None], size=size, mode="bilinear", antialias=True)[0, 0]


def _ink(image: Tensor) -> Tensor:
    """How far each pixel of (H, W) differs from the ground towards the digit's brightness; 0 or more."""
    height, width = image.shape
    down, right = (torch.linspace(-1, 1, length, dtype=image.dtype) for length in (height, width))
    terms = torch.stack([torch.ones_like(image), *torch.meshgrid(down, right, indexing="ij")], dim=-1).flatten(0, 1)
    values = image.flatten()
    kept = torch.ones_like(values, dtype=torch.bool)
    for _ in range(5):  # fit, leave out what stands out, and fit again
        plane = terms @ torch.linalg.lstsq(terms[kept], values[kept, None]).solution
        rest = values - plane[:, 0]
        reach = 3 * float(rest[kept].abs().median()) + 0.01
        kept = rest.abs() <= reach
    sign = 1.0 if float(rest[~kept].sum()) > 0 else -1.0
    share = (rest.abs() / reach - 1).clamp(0, 1)  # continuous, so that a last bit neither adds nor removes a pixel
    ink: Tensor = (sign * rest).clamp(min=0) * share
    return ink.view(height, width)


def _stroke_strength(ink: Tensor) -> float:
    """The level that most of a stroke's middle reaches."""
    return float(ink[ink > 0.3 * ink.max()].quantile(0.7))


def _remove_specks(ink: Tensor) -> Tensor:
    """``ink`` without specks: parts smaller than a tenth of the largest one become 0."""
    labels, count = ndimage.label((ink > 0.3).numpy(), structure=[[1] * 3] * 3)
    sizes = ndimage.sum_labels(ink.numpy(), labels, range(count + 1))
    sizes[0] = 0
    keep = torch.from_numpy(sizes >= 0.1 * sizes.max())
    keep[0] = False
    mask = keep[torch.from_numpy(labels).long()].to(ink)
    whole: Tensor = ink * F.max_pool2d(mask[None], 3, 1, 1)[0]  # their soft edges too
    return whole


def _extent(profile: Tensor) -> tuple[float, float]:
    """Where ``profile``, (N,), first and last passes a half, in pixels; the first pixel goes from -.5 to .5."""
    padded = F.pad(profile, (1, 1))
    above = (padded > 0.5).nonzero().flatten()
    first, last = int(above[0]), int(above[-1])
    rise = float((padded[first] - 0.5) / (padded[first] - padded[first - 1]))
    fall = float((padded[last] - 0.5) / (padded[last] - padded[last + 1]))
    return first - 1 - rise, last - 1 + fall


def _resampling(mass: Tensor, extent: tuple[float, float], scale: float) -> Tensor:
    """The share of each source pixel in each of MNIST's pixels along one axis, (28, N).

    The centre of ``mass``, (N,), goes to the middle, as far as all of ``extent`` stays in the picture.
    """
    pixels = torch.arange(len(mass) + 1, dtype=mass.dtype)
    centre = float((mass * pixels[:-1]).sum() / mass.sum())
    first, last = (scale * (edge - centre) for edge in extent)
    shift = min(max((SIDE - 1) / 2, -0.5 - first), SIDE - 0.5 - last)
    edges = scale * (pixels - 0.5 - centre) + shift
    cells = torch.arange(SIDE, dtype=mass.dtype)[:, None]
    overlap: Tensor = torch.minimum(edges[1:], cells + 0.5) - torch.maximum(edges[:-1], cells - 0.5)
    return overlap.clamp(min=0)
