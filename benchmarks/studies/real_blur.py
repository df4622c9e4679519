"""Restoration of photographs that were really blurred, against their sharp partners.

python -m benchmarks real_blur --data FOLDER [--ckpt FILE] [--network-alone | --fast] [--out scores.json]

FOLDER holds sets, each a folder of blurred images NAME beside NAME_sharp with the same file names. The outputs are
compared at the whole-pixel shift, of up to 12 pixels, that fits the sharp image best, as is usual for such pairs, since
nobody knows where in its path the camera was; 16 pixels of border are left out. A photo is harmed that loses 0.1 dB.

A shift cannot undo a rotation. So a second gain is taken as in RealBlur's evaluation: both images, each scaled in
brightness and moved by the homography that fits the sharp image best (`--protocol realblur` of `deblur score`).
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.reporting import mean, script_parser, table
from deblur_lightning.files.images import read_rgb
from deblur_lightning.metrics import psnr, scores_under
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels

SHIFT = 12
"""Pixels, at most, that an image may be off its partner in each direction."""
BORDER = 16
"""Pixels at each edge that are not compared."""
HARM = -0.1
"""Gain in dB below which a photo has been harmed."""

Pair = tuple[str, Pixels, Pixels]
"""Name, blurred and sharp image."""


class Scores(NamedTuple):
    """PSNR in dB of a blurred image and of the restored one, ``moved`` where a homography has moved both."""

    blurred: float
    restored: float
    moved_blurred: float
    moved_restored: float


def pairs(folder: Path) -> dict[str, list[Pair]]:
    """The pairs of each set in ``folder``, by the set's name."""
    found = {}
    for sharp in sorted(folder.glob("*_sharp")):
        blurred = folder / sharp.name.removesuffix("_sharp")
        found[blurred.name] = [(path.name, _read(blurred / path.name), _read(path)) for path in sorted(sharp.iterdir())]
    return found


def aligned_psnr(image: Pixels, sharp: Pixels) -> float:
    """The best PSNR in dB of ``image`` against ``sharp``, (H, W, C) uint8, over whole-pixel shifts."""
    first, second = _tensor(image), _tensor(sharp)
    reach = BORDER + SHIFT
    middle = second[..., reach:-reach, reach:-reach]
    height, width = middle.shape[-2:]
    return max(
        psnr(first[..., top : top + height, left : left + width], middle).item()
        for top, left in _likely_shifts(first, second)
    )


def _likely_shifts(first: Tensor, second: Tensor) -> list[tuple[int, int]]:
    """Where the part of the image that is compared may begin: the shifts of least squared error, by correlation."""
    reach = BORDER + SHIFT
    middle = torch.zeros_like(second)
    middle[..., reach:-reach, reach:-reach] = second[..., reach:-reach, reach:-reach]
    window = torch.zeros_like(second)
    window[..., reach:-reach, reach:-reach] = 1
    spectra = (torch.fft.rfft2(image) for image in (first, first**2, middle, window))
    image, squares, target, ones = spectra
    size = first.shape[-2:]
    products = torch.fft.irfft2(image * target.conj(), s=size).sum(dim=1)[0]
    energies = torch.fft.irfft2(squares * ones.conj(), s=size).sum(dim=1)[0]
    errors = {
        (down, right): (energies[down, right] - 2 * products[down, right]).item()
        for down in range(-SHIFT, SHIFT + 1)
        for right in range(-SHIFT, SHIFT + 1)
    }
    best = sorted(errors, key=errors.__getitem__)[:3]
    return [(reach + down, reach + right) for down, right in best]


def score(restore: Callable[[Pixels], Pixels], some: list[Pair]) -> dict[str, Scores]:
    """By name, how near each pair's blurred image is to the sharp one, before and after it was restored."""
    found = {}
    for name, blurred, sharp in some:
        images = blurred, restore(blurred)
        shifted = [aligned_psnr(image, sharp) for image in images]
        moved = [scores_under("realblur", _tensor(image), _tensor(sharp))["psnr"].item() for image in images]
        found[name] = Scores(*shifted, *moved)
    return found


def _tensor(pixels: Pixels) -> Tensor:
    """(1, C, H, W) float64 in [0, 1]."""
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].double() / 255


def _read(path: Path) -> Pixels:
    return np.ascontiguousarray(read_rgb(path).permute(1, 2, 0).numpy())


def _row(name: str, found: dict[str, Scores], seconds: float) -> list[str]:
    gained = [scores.restored - scores.blurred for scores in found.values()]
    moved = [scores.moved_restored - scores.moved_blurred for scores in found.values()]
    return [
        name,
        str(len(found)),
        f"{mean([scores.blurred for scores in found.values()]):.2f}",
        f"{mean(gained):+.2f}",
        f"{min(gained):+.2f}",
        f"{mean([gain < HARM for gain in gained]):.0%}",
        str(sum(gain == 0 for gain in gained)),
        f"{mean(moved):+.2f}",
        f"{min(moved):+.2f}",
        f"{seconds:.1f}",
    ]


def main(arguments: Sequence[str] | None = None) -> dict[str, dict[str, Scores]]:
    """Print the table; returns the scores by set and image."""
    parser = script_parser(__doc__, "--data", "--out")
    parser.add_argument("--ckpt", type=Path, help="a checkpoint or .safetensors file; the shipped model without it")
    parser.add_argument("--network-alone", action="store_true", help="without the checks of deblur restore")
    parser.add_argument("--fast", action="store_true", help="as deblur restore --fast")
    given = parser.parse_args(arguments)
    if given.data is None:
        parser.error("--data is missing: give a folder of sets, each NAME beside NAME_sharp.")
    model = load_model(given.ckpt)
    card = {} if given.network_alone else {"checks": True}
    restorer = PhotoRestorer(replace(model, card=card), torch.device("cpu"), fast=given.fast)
    rows, found = [], {}
    for name, some in pairs(given.data).items():
        started = time.perf_counter()
        found[name] = score(restorer.restore, some)
        megapixels = sum(blurred.shape[0] * blurred.shape[1] for _, blurred, _ in some) / 1e6
        rows.append(_row(name, found[name], (time.perf_counter() - started) / megapixels))
    heads = ["set", "photos", "blurred", "gain in dB", "least", "harmed", "left", "gain, by a homography", "least"]
    heads.append("s per megapixel, scoring too")
    print(table(heads, rows))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1))
    return found
