"""Photographs of single digits, brought to the form of MNIST: grey, white on black, centred by mass, 28x28."""

from pathlib import Path
from typing import final

import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.imagefiles import read_rgb
from deblur_lightning.sources.base import LabelledImages, Source, Split
from deblur_lightning.sources.files import existing_folder, image_names
from deblur_lightning.sources.prepared import luma

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
        """The photographs; raises ``UserError`` for any split but "test", since nothing can be learned from them."""
        if split != "test":
            raise UserError("PhotographedDigits have no labels to learn from: use them with deblur predict alone.")
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

    The paper's brightness, which may fall off across the photograph, is taken to be a plane fitted to it. What is
    darker than the paper, or brighter on a dark ground, by more than half of the strongest stroke is the digit.

    Args:
        photograph: (1, H, W) uint8, dark on light or light on dark.

    Returns:
        (1, 28, 28) uint8, white on black: the digit's longer side 20 pixels, its centre of mass in the middle.

    Raises:
        ValueError: nothing stands out.
    """
    ink = _ink(_reduced(photograph.float() / 255))
    strength = float(ink.max())
    if strength < 0.1:
        raise ValueError("nothing stands out from the ground")
    ink = _largest_part((ink / _stroke_strength(ink)).clamp(0, 1))
    rows, columns = ((ink > 0.5).any(dim=axis).nonzero().flatten() for axis in (1, 0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = DIGIT / max(digit.shape)
    size = [max(1, round(length * scale)) for length in digit.shape]
    small = F.interpolate(digit[None, None], size=size, mode="bilinear", antialias=True)[0, 0]
    small = small / small.max()
    return (_centred(small) * 255).round().to(torch.uint8)[None]


def _reduced(image: Tensor) -> Tensor:
    """(H, W), the longer side at most 224 pixels."""
    height, width = image.shape[-2:]
    scale = min(1.0, _WORKING / max(height, width))
    size = [max(1, round(length * scale)) for length in (height, width)]
    return F.interpolate(image[None], size=size, mode="bilinear", antialias=True)[0, 0]


def _ink(image: Tensor) -> Tensor:
    """How far each pixel of (H, W) stands out from the ground, on the side that the digit is on; 0 or more."""
    height, width = image.shape
    down, right = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    terms = torch.stack([torch.ones_like(down), down, right], dim=-1).flatten(0, 1)
    values = image.flatten()
    kept = torch.ones_like(values, dtype=torch.bool)
    for _ in range(5):  # fit, leave out what stands out, fit again
        plane = terms @ torch.linalg.lstsq(terms[kept], values[kept, None]).solution
        rest = values - plane[:, 0]
        spread = float(rest[kept].abs().median())
        kept = rest.abs() <= 3 * spread + 0.01
    outside = rest[~kept]
    sign = 1.0 if float(outside.sum()) > 0 else -1.0
    ink: Tensor = torch.where(kept, 0.0, sign * rest).clamp(min=0).view(height, width)
    return ink


def _stroke_strength(ink: Tensor) -> float:
    """What most of a stroke's middle reaches."""
    strong = ink[ink > 0.3 * ink.max()]
    return float(strong.quantile(0.7)) if len(strong) < 2**20 else float(strong.max())


def _largest_part(ink: Tensor) -> Tensor:
    """``ink`` without specks: parts below a tenth of the largest one are wiped out."""
    labels, count = ndimage.label((ink > 0.3).numpy(), structure=[[1] * 3] * 3)
    if not count:
        return ink
    sizes = ndimage.sum_labels(ink.numpy(), labels, range(count + 1))
    sizes[0] = 0
    keep = torch.from_numpy(sizes >= 0.1 * sizes.max())
    keep[0] = False
    mask = keep[torch.from_numpy(labels).long()].float()
    whole: Tensor = ink * F.max_pool2d(mask[None], 3, 1, 1)[0]  # their soft edges too
    return whole


def _centred(digit: Tensor) -> Tensor:
    """``digit``, (h, w), in a black square of 28x28, its centre of mass in the middle as far as it fits."""
    height, width = digit.shape
    total = digit.sum()
    down = float((digit.sum(dim=1) * torch.arange(height)).sum() / total)
    right = float((digit.sum(dim=0) * torch.arange(width)).sum() / total)
    top = min(max(round((SIDE - 1) / 2 - down), 0), SIDE - height)
    left = min(max(round((SIDE - 1) / 2 - right), 0), SIDE - width)
    return F.pad(digit, (left, SIDE - width - left, top, SIDE - height - top))
