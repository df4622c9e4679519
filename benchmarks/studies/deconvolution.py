"""The tables and pictures of docs/deconvolution.md: the first report's experiments, one thing changed at a time.

python -m benchmarks deconvolution [--runs FOLDER] [--out docs/deconvolution]

Every line is a run of the real command line, about half a minute each on one CPU core. Runs that are there already
are not repeated. The tables are printed as Markdown; the pictures want matplotlib.
"""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.studies.deconvolution_pictures import draw_pictures, load
from benchmarks.studies.running import Run
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.records import ScoreRecord, read_scores

REGULARISED = (
    "--model.network={class_path: RegularisedDeconv, init_args: {psf_size: 9}}",
    "--model.schedule=Cosine",
    "--model.lr=0.02",
    "--model.loss_border=8",
    "--data.epoch_length=3200",
)
NO_SCALE = ("--model.network={class_path: FourierDeconv2d, init_args: {scale: null}}",)
LAST = 20
"""Logged values of the training's error that its end is the mean of."""


@dataclass(frozen=True)
class Line:
    """A run of the table.

    Attributes:
        name: of its folder.
        experiment: the YAML that it starts from.
        words: what it is, in the table.
        claim: the report's mean squared error, or what stands for it.
        changes: further arguments of ``deblur fit``.
    """

    name: str
    experiment: str
    words: str
    claim: str = ""
    changes: Sequence[str] = ()


LINES = {
    "Gaussian, 5x5, sigma 1": (
        Line("gaussian", "deconv_gaussian", "the report's: kernel not centred", ".0274"),
        Line("gaussian_centred", "deconv_gaussian_centred", "kernel centred"),
        Line(
            "gaussian_taps",
            "deconv_gaussian",
            "not centred; 8x8 taps",
            changes=["--model.network.kernel_size=[8,8]"],
        ),
        Line("gaussian_scale", "deconv_gaussian", "not centred; no scale", changes=NO_SCALE),
        Line(
            "gaussian_one_factor",
            "deconv_gaussian",
            "not centred; one factor, 5x5 taps, all trainable",
            changes=[
                "--model.network.factors=1",
                "--model.network.kernel_size=[5,5]",
                "--model.network.first_tap=trainable",
            ],
        ),
        Line("gaussian_regularised", "deconv_gaussian", "not centred; regularised layer", changes=REGULARISED),
        Line(
            "gaussian_centred_taps",
            "deconv_gaussian_centred",
            "centred; 8x8 taps",
            changes=["--model.network.kernel_size=[8,8]"],
        ),
        Line(
            "gaussian_centred_reflect",
            "deconv_gaussian_centred",
            "centred; reflected border, 8-bit",
            changes=["--data.degradation.border=reflect", "--data.rounding=true"],
        ),
        Line("gaussian_fixed", "deconv_gaussian_fixed", "centred, reflected, 8-bit; regularised layer"),
    ),
    "Box, 3x3": (
        Line("box", "deconv_box", "the report's: zero border", ".0256"),
        Line("box_padded", "deconv_box_padded", "images in a black frame of a quarter of their size", "below .01"),
        Line("box_reflect", "deconv_box", "reflected border", changes=["--data.degradation.border=reflect"]),
        Line("box_circular", "deconv_box", "circular border", changes=["--data.degradation.border=circular"]),
        Line("box_scale", "deconv_box", "no scale", changes=NO_SCALE),
        Line("box_taps", "deconv_box", "9x9 taps", changes=["--model.network.kernel_size=[9,9]"]),
        Line("box_rate", "deconv_box", "ten times the rate", changes=["--model.lr=0.01"]),
        Line("box_regularised", "deconv_box", "regularised layer", changes=REGULARISED),
        Line("box_fixed", "deconv_box_fixed", "reflected, 8-bit; regularised layer"),
    ),
    "Camera shake (in place of GoPro)": (
        Line("gopro", "deconv_gopro", "the report's: another blur in each image", ".0112"),
        Line("gopro_padding", "deconv_gopro", "no padding within the layer", changes=["--model.network.padding=0"]),
        Line(
            "gopro_one_blur",
            "deconv_gopro",
            "one motion of 9 pixels for all",
            changes=[
                "--data.degradation={class_path: MotionBlur, init_args: {length: [9.0, 9.0], angle: [30.0, 30.0]}}"
            ],
        ),
        Line(
            "gopro_regularised",
            "deconv_gopro_fixed",
            "regularised layer, one learned PSF for all",
            changes=["--model.network.psf_size=21", "--model.network.own_level=false"],
        ),
        Line("gopro_fixed", "deconv_gopro_fixed", "regularised layer, told each image's PSF"),
    ),
    "Super-resolution by 4": (
        Line("sir", "deconv_sir", "the report's: deconvolution 6x6", ".00805"),
        Line("conv_sir", "conv_sir", "the report's: convolution 3x3", ".00985"),
        Line("sir_padding", "deconv_sir", "no padding within the layer", changes=["--model.network.padding=0"]),
        Line("sir_scale", "deconv_sir", "with a scale", changes=["--model.network.scale=1"]),
        Line("sir_fixed", "deconv_sir_fixed", "regularised layer"),
    ),
}
INVERSE = (
    Line("inverse", "deconv_inverse", "a photograph", "0"),
    Line("inverse_exact", "deconv_inverse_exact", "white noise"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, print the tables, draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/deconvolution"))
    parser.add_argument("--out", type=Path, default=Path("docs/deconvolution"))
    options = parser.parse_args(arguments)
    for line in (*INVERSE, *(line for lines in LINES.values() for line in lines)):
        run_line(line, options.runs / line.name)
    print(inverse_table(options.runs), table(options.runs), sep="\n\n")
    draw_pictures(options.runs, options.out)


def run_line(line: Line, folder: Path) -> None:
    """Fit and test, unless that is done."""
    picture = ("--pictures.count=1", "--pictures.side=128")
    Run(folder, (f"--config=experiments/{line.experiment}.yaml", *line.changes), picture).make()


def table(runs: Path) -> str:
    """Markdown: a line for each run."""
    rows = [
        "| set-up | report's MSE | training MSE | blurred | restored | gain, mean (least to greatest) |",
        "|---|---|---|---|---|---|",
    ]
    for title, lines in LINES.items():
        rows.append(f"| **{title}** | | | | | |")
        rows += [_row(line, runs / line.name) for line in lines]
    return "\n".join(rows)


def inverse_table(runs: Path) -> str:
    """Markdown: the taps that were learned from each image."""
    rows = ["| learned from | training MSE | taps |", "|---|---|---|"]
    for line in INVERSE:
        layer = load(runs / line.name)
        assert isinstance(layer, FourierDeconv2d)
        taps = " / ".join(", ".join(f"{tap:.5f}" for tap in row) for row in layer.kernel[0, 0].tolist())
        rows.append(f"| {line.words} | {final_error(runs / line.name):.1e} | {taps} |")
    return "\n".join(rows)


def _row(line: Line, folder: Path) -> str:
    records = read_scores(folder / "scores.csv")
    blurred, restored = (_mean(_values(records, metric)) for metric in ("psnr_blurred", "psnr"))
    gains = _values(records, "psnr_gain")
    gain = f"{_mean(gains):+.2f} ({min(gains):+.2f} to {max(gains):+.2f})"
    return f"| {line.words} | {line.claim} | {final_error(folder):.5f} | {blurred:.2f} | {restored:.2f} | {gain} |"


def _values(records: Sequence[ScoreRecord], metric: str) -> list[float]:
    return [record.value for record in records if record.metric == metric]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def final_error(folder: Path) -> float:
    """The mean squared error at the end of the training."""
    with open(folder / "metrics.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    logged = [value for row in rows if (value := row.get("train/mse") or row.get("train/loss"))]
    return _mean([float(value) for value in logged[-LAST:]])


if __name__ == "__main__":
    main()
