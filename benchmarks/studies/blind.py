"""The table of docs/restoring.md: blind restoration of held-out photographs, beside the classical filters.

python -m benchmarks blind [--ckpt FILE] [--data FOLDER] [--side 256] [--only-model] [--out scores.json]

Richardson-Lucy, total variation and the unsupervised Wiener filter get a guess of the PSF: a Gaussian as wide as
``deblur restore --report`` estimates the blur. The hyper-Laplacian filter gets the PSF that the image's edges show. All
but the Wiener filter are tuned, for each family, on the validation photographs. Two references are told more: the
hyper-Laplacian filter the PSF, tuned likewise; the oracle Wiener filter, the best linear one, the PSF, the noise, and
the spectrum of the training photographs.
Photographs are the five of the test split, or all in --data. About ten minutes on one CPU core.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.reporting import mean, script_parser, table
from benchmarks.studies.blur_families import FAMILIES, Family, blur_images, photographs
from deblur_lightning.batch import RestorationBatch, to_8bit, to_uint8
from deblur_lightning.classical.base import ClassicalFilter
from deblur_lightning.classical.hyper_laplacian import HyperLaplacian
from deblur_lightning.classical.planes import FilteredPlanes
from deblur_lightning.classical.richardson_lucy import RichardsonLucy
from deblur_lightning.classical.total_variation import TotalVariation
from deblur_lightning.classical.unsupervised_wiener import UnsupervisedWiener
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.draws import Draws
from deblur_lightning.methods.oracle import MeasuredWiener
from deblur_lightning.metrics import psnr
from deblur_lightning.networks.measuring import measure
from deblur_lightning.restoring.data_consistency import SUPPORT
from deblur_lightning.restoring.estimates import estimate
from deblur_lightning.restoring.model import Model, load_model
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels, scale

Method = Callable[[RestorationBatch], Tensor]
Scores = dict[str, dict[str, list[float]]]
"""PSNR in dB of each image, by family and by method; "blurred" is the input."""

WIDEST = 6.0  # standard deviation, in pixels, of the widest guess


def by_model(model: Model) -> Method:
    """What ``deblur restore`` makes of each image."""
    restorer = PhotoRestorer(model, torch.device("cpu"))
    return lambda batch: scale(restorer.restore(to_pixels(batch["blurred"])))[None]


def to_pixels(image: Tensor) -> Pixels:
    """(1, C, H, W) in [0, 1] as (H, W, C) uint8."""
    return to_uint8(image[0]).permute(1, 2, 0).contiguous().numpy()


def guessed_psf(image: Tensor) -> Tensor:
    """A Gaussian (1, K, K) as wide as the blur of (1, 3, H, W) is estimated to be."""
    found = estimate(to_pixels(image))
    sigma = min(WIDEST, max(0.3, found.blur if found else 1.0))
    index = torch.zeros(1, dtype=torch.int64)
    size = 2 * round(3 * sigma) + 1
    return GaussianBlur((sigma, sigma), (size, size)).psf(Draws(0, "test", index, index))


def with_guessed_psf(kind: ClassicalFilter, family: Family, side: int) -> Method:
    """A classical filter with a guess of the PSF."""
    return _tune(FilteredPlanes(kind), family, side, lambda batch: guessed_psf(batch["blurred"]))


def with_true_psf(kind: ClassicalFilter, family: Family, side: int) -> Method:
    """A classical filter with the true PSF."""
    return _tune(FilteredPlanes(kind), family, side, lambda batch: batch["psf"])


def with_estimated_psf(kind: ClassicalFilter, family: Family, side: int) -> Method:
    """A classical filter with the PSF that each image's edges show."""
    return _tune(FilteredPlanes(kind, psf_size=SUPPORT), family, side, lambda batch: batch["psf"])


def _tune(filtered: FilteredPlanes, family: Family, side: int, psf: Method) -> Method:
    """A classical filter, its strength tuned for ``family`` on the validation photographs."""
    kind = filtered.filter
    if kind.strengths:
        gains = torch.zeros(len(kind.strengths))
        for batch in blur_images(family, photographs("val", side), "val"):
            restored = filtered.by_strength(batch["blurred"], psf(batch), kind.strengths)
            gains += torch.stack([psnr(image, batch["sharp"]).mean() for image in restored])
        filtered.strength.fill_(kind.strengths[int(gains.argmax())])
    return lambda batch: filtered(batch["blurred"], psf(batch))


def oracle(family: Family, side: int) -> Method:
    """Wiener's filter, told the PSF, the noise and the spectrum of the training photographs."""
    network = MeasuredWiener(bands=32)
    for batch in blur_images(family, photographs("train", side), "train"):
        measure(network, batch, batch["psf"], torch.ones(1))
    return lambda batch: network(batch["blurred"], batch["psf"])


def methods(model: Model, family: Family, side: int, only_model: bool) -> dict[str, Method]:
    """What is compared on ``family``, by name."""
    found: dict[str, Method] = {model.name: by_model(model)}
    if only_model:
        return found
    found["Richardson-Lucy"] = with_guessed_psf(RichardsonLucy((1, 2, 4, 8, 16)), family, side)
    found["total variation"] = with_guessed_psf(TotalVariation((1e-4, 3e-4, 1e-3, 3e-3, 1e-2)), family, side)
    found["unsupervised Wiener"] = with_guessed_psf(UnsupervisedWiener(), family, side)
    found["hyper-Laplacian, PSF estimated"] = with_estimated_psf(HyperLaplacian(), family, side)
    if family.role != "sharp":
        found["hyper-Laplacian, told the PSF"] = with_true_psf(HyperLaplacian(), family, side)
        found["oracle Wiener, best linear"] = oracle(family, side)
    return found


@torch.no_grad()
def scores(model: Model, images: list[Tensor], side: int, only_model: bool, families: Sequence[Family]) -> Scores:
    """Restore ``images``, blurred by each family, by each method."""
    found: Scores = {}
    for family in families:
        batches = list(blur_images(family, images, "test"))
        row = found[family.name] = {"blurred": [psnr(b["blurred"], b["sharp"]).item() for b in batches]}
        for name, method in methods(model, family, side, only_model).items():
            row[name] = [psnr(to_8bit(method(b)), b["sharp"]).item() for b in batches]
    return found


def gain_table(scores: Scores, families: Sequence[Family]) -> str:
    """The mean PSNR of the input and each method's mean gain; least gain over images in brackets."""
    names = [name for name in next(iter(scores.values())) if name != "blurred"]
    rows = []
    means: dict[str, list[float]] = {name: [] for name in names}
    for family in families:
        row = scores[family.name]
        cells = [f"{mean(row['blurred']):.2f}"]
        for name in names:
            if name not in row:
                cells.append("-")
            elif family.role == "sharp":
                cells.append(f"{mean(row[name]):.2f} dB ({min(row[name]):.2f})")
            else:
                gains = [after - before for after, before in zip(row[name], row["blurred"], strict=True)]
                cells.append(f"{mean(gains):+.2f} ({min(gains):+.2f})")
                if family.role == "in range":
                    means[name].append(mean(gains))
        rows.append([f"{family.name}{', beyond' * (family.role == 'beyond')}", *cells])
    rows.append(["**mean in range**", "", *(f"**{mean(means[name] or [0.0]):+.2f}**" for name in names)])
    return table(["blur", "blurred", *names], rows)


def main(arguments: Sequence[str] | None = None) -> Scores:
    """Print the table; returns its figures."""
    parser = script_parser(__doc__, "--data", "--out")
    parser.add_argument("--ckpt", type=Path, help="a checkpoint or .safetensors file; the shipped model without it")
    parser.add_argument("--side", type=int, default=256, help="pixels a side that photographs are cut to")
    parser.add_argument("--only-model", action="store_true", help="leave the classical filters out")
    parser.add_argument("--families", nargs="*", help="names of those to restrict it to")
    given = parser.parse_args(arguments)
    families = [family for family in FAMILIES if not given.families or family.name in given.families]
    images = photographs("test", given.side, given.data)
    found = scores(load_model(given.ckpt), images, given.side, given.only_model, families)
    print(gain_table(found, families))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1))
    return found
