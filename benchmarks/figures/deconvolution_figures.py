"""Draws the figures of docs/deconvolution.md from the runs that the study ``deconvolution`` has made.

python -m benchmarks deconvolution_figures [--runs FOLDER] [--out docs/deconvolution]
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import torch
import yaml
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

from benchmarks.reporting import script_parser
from deblur_lightning.callbacks.pictures import CAPTION, GAP
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.four_factor import FourFactorBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.draws import Draws
from deblur_lightning.functional.fourier import centred_transfer, radius
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.regularised import RegularisedDeconv
from deblur_lightning.sources.base import Source
from deblur_lightning.sources.photos import Photos
from deblur_lightning.sources.preprocessed import Preprocessed
from deblur_lightning.sources.white_noise import WhiteNoise

SIDE = 128
"""Of the images in ``test.png``."""

SIZE = (256, 256)
"""Of the spectra drawn."""

ENLARGED = 2
TAPS = [[1.0, 0.2, 0.0, 0.0], [0.2, 0.0, 0.0, 0.0]]
"""Of experiments/deconv_inverse.yaml."""

mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 130})


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw all of them."""
    parser = script_parser(__doc__, runs=Path("runs/deconvolution"), out=Path("docs/deconvolution"))
    options = parser.parse_args(arguments)
    runs, out = options.runs, options.out
    out.mkdir(parents=True, exist_ok=True)
    for blur in ("gaussian", "box"):
        draw_comparison(runs / blur, runs / f"{blur}_fixed", out / f"{blur}.png")
    draw_responses(runs, out / "responses.png")
    draw_inverse(runs, out / "inverse.png")


def draw_comparison(report: Path, fixed: Path, path: Path) -> None:
    """Blurred and restored by the report's layer, the same of the fixed one, and the sharp image."""
    pictures = [Image.open(run / "pictures" / "test.png").convert("RGB") for run in (report, fixed)]
    squares = [(pictures[0], 0), (pictures[0], 1), (pictures[1], 0), (pictures[1], 1), (pictures[1], 2)]
    row = Image.new("RGB", (len(squares) * (SIDE + GAP) - GAP, SIDE + CAPTION), "white")
    for place, (picture, column) in enumerate(squares):
        left = column * (SIDE + GAP)
        row.paste(picture.crop((left, 0, left + SIDE, SIDE + CAPTION)), (place * (SIDE + GAP), 0))
    row.resize((ENLARGED * row.width, ENLARGED * row.height), Image.Resampling.NEAREST).save(path, optimize=True)


def draw_responses(runs: Path, path: Path) -> None:
    """|H|, its inverse, and what was learned, along the horizontal frequency axis."""
    draws = Draws(seed=0, split="test", visit=torch.zeros(1, dtype=torch.long), index=torch.zeros(1, dtype=torch.long))
    blurs = {
        "gaussian": ("Gaussian 5x5, sigma 1", GaussianBlur((1.0, 1.0), (5, 5))),
        "box": ("Box 3x3", BoxBlur((3.0, 3.0))),
    }
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for panel, (name, (title, blur)) in zip(panels, blurs.items(), strict=True):
        otf = centred_transfer(blur.psf(draws), SIZE)[0, 0].abs()
        plot(panel, otf, "|H|, the blur", color="0.6")
        plot(panel, 1 / otf, "1/|H|, its inverse", color="0.6", linestyle="--")
        plot(panel, response(runs / name), "learned, the report's set-up", color="tab:red")
        if name == "gaussian":
            plot(panel, response(runs / "gaussian_centred"), "learned, kernel centred", color="tab:orange")
        plot(panel, response(runs / f"{name}_fixed"), "learned, regularised, 8-bit", color="tab:blue")
        panel.set(title=title, xlabel="horizontal cycles per pixel", yscale="log", ylim=(0.02, 50))
        panel.legend(frameon=False, loc="lower left" if name == "gaussian" else "upper left", fontsize=7)
    figure.savefig(path)
    plt.close(figure)


def draw_inverse(runs: Path, path: Path) -> None:
    """What an image holds at each frequency, and how far the inverse learned from it is off there."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    psf = FourFactorBlur(TAPS).fixed
    truth = (sum(map(sum, TAPS)) ** 4 * centred_transfer(psf, (96, 96)).real).reciprocal()
    sources: dict[str, tuple[str, Source, str]] = {
        "inverse": ("photograph", Preprocessed(Photos(), grey=True, side=48, frame=24, count=1), "tab:red"),
        "inverse_exact": ("white noise", Preprocessed(WhiteNoise(), frame=24), "tab:blue"),
    }
    for name, (words, source, colour) in sources.items():
        image = source.split("train").pixels(0)[0].float() / 255
        learned = spectrum(load(runs / name), (96, 96))
        radially(left, torch.fft.rfft2(image).abs(), words, colour)
        radially(right, (learned / truth - 1).abs().clamp(min=1e-9), f"learned from the {words}", colour)
    left.set(title="Magnitude of the image's spectrum", xlabel="cycles per pixel", yscale="log")
    right.set(title="Relative error of the learned inverse", xlabel="cycles per pixel", yscale="log")
    for panel in (left, right):
        panel.legend(frameon=False)
    figure.savefig(path)
    plt.close(figure)


def radially(panel: Axes, values: Tensor, label: str, colour: str) -> None:
    """Root mean squares over rings, up to half a cycle for each pixel."""
    rings = (radius((96, 96)) * 48).round().long().flatten()
    sums = torch.zeros(70).index_add(0, rings, values.square().flatten())
    means = (sums / torch.bincount(rings, minlength=70)).sqrt()[1:25]
    panel.plot(torch.arange(1, 25) / 48, means, label=label, color=colour)


def plot(panel: Axes, values: Tensor, label: str, color: str, linestyle: str = "-") -> None:
    """Draw values at the frequencies of a row of ``SIZE``."""
    panel.plot(torch.arange(len(values)) / SIZE[1], values, label=label, color=color, linestyle=linestyle)


def response(run: Path) -> Tensor:
    """The magnitude of what a run has learned, along the horizontal frequency axis."""
    return spectrum(load(run), SIZE)[0].abs()


def spectrum(layer: FourierDeconv2d | RegularisedDeconv, size: tuple[int, int]) -> Tensor:
    """What the layer multiplies an image's spectrum with: (H, W // 2 + 1)."""
    with torch.no_grad():
        if isinstance(layer, RegularisedDeconv):
            return layer.response(layer.psf[None], size).flatten(0, -3)[0]
        scale = 1.0 if layer.scale is None else layer.scale
        return (scale / layer.denominator(size))[0, 0]


def load(run: Path) -> FourierDeconv2d | RegularisedDeconv:
    """The trained layer of a run."""
    settings = yaml.safe_load((run / "config.yaml").read_text())["model"]["init_args"]["network"]
    kinds = {kind.__name__: kind for kind in (FourierDeconv2d, RegularisedDeconv)}
    layer = kinds[settings["class_path"].rsplit(".", 1)[-1]](**settings["init_args"])
    state = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    layer.load_state_dict({name.removeprefix("network."): value for name, value in state.items()})
    return layer
