"""The tables of docs/deconvolution.md: the first report's experiments, one thing changed at a time.

python -m benchmarks deconvolution [--runs FOLDER]

Every line is a run of the real command line, about half a minute each on one CPU core. Runs that are there already
are not repeated. The tables are printed as Markdown; ``deconvolution_figures`` draws the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reporting import mean, script_parser, table, with_range
from benchmarks.studies.study_run import StudyRun
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.restoring.model import read_model

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
    """Run what is missing and print the tables."""
    runs = script_parser(__doc__, runs=Path("runs/deconvolution")).parse_args(arguments).runs
    for line in (*INVERSE, *(line for lines in LINES.values() for line in lines)):
        run_of(line, runs).make()
    print(inverse_table(runs), gain_table(runs), sep="\n\n")


def run_of(line: Line, runs: Path) -> StudyRun:
    """The run of a line."""
    picture = ("--pictures.count=1", "--pictures.side=128")
    return StudyRun(runs / line.name, (f"--config=experiments/{line.experiment}.yaml", *line.changes), picture)


def gain_table(runs: Path) -> str:
    """Markdown: a line for each run."""
    header = ["set-up", "report's MSE", "training MSE", "blurred", "restored", "gain, mean (least to greatest)"]
    rows = []
    for title, lines in LINES.items():
        rows.append([f"**{title}**", *[""] * 5])
        for line in lines:
            run = run_of(line, runs)
            means = [f"{mean(run.values(metric)):.2f}" for metric in ("psnr_blurred", "psnr")]
            gain = with_range(run.values("psnr_gain"))
            rows.append([line.words, line.claim, f"{final_error(run):.5f}", *means, gain])
    return table(header, rows)


def inverse_table(runs: Path) -> str:
    """Markdown: the taps that were learned from each image."""
    rows = []
    for line in INVERSE:
        run = run_of(line, runs)
        layer = read_model(run.folder / "checkpoints" / "last.ckpt").network
        assert isinstance(layer, FourierDeconv2d)
        taps = " / ".join(", ".join(f"{tap:.5f}" for tap in row) for row in layer.kernel[0, 0].tolist())
        rows.append([line.words, f"{final_error(run):.1e}", taps])
    return table(["learned from", "training MSE", "taps"], rows)


def final_error(run: StudyRun) -> float:
    """The mean squared error at the end of the training."""
    return mean([value for _, value in run.curve("train/mse", "train/loss")[-LAST:]])
