"""The tables and pictures of docs/adversarial.md: the GANs, each also with one thing changed at a time.

python -m benchmarks adversarial [--runs FOLDER] [--out docs/adversarial] [--seeds 3] [--only NAME ...]

Every line is a run of the real command line: about two minutes each on two CPU cores for the variants, five for
deblurgan and ten for report B's GANs by the quick preset. Runs that are there already are not repeated. The tables are
printed as Markdown; the pictures want matplotlib.
"""

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.running import Run
from deblur_lightning.intervals import half_width
from deblur_lightning.records import read_scores

Figures = NDArray[np.float64]
"""One for each seed and image, (S, N)."""

SMALL = (
    "--config=experiments/presets/quick.yaml",
    "--model.network.widths=[32,64,128,256]",
    "--model.discriminator.widths=[32,64,128,256]",
    "--data.epoch_length=4800",
    "--trainer.val_check_interval=300",
)
"""The variants' budget: half the widths, 1,200 batches of four crops of 64x64."""

QUICK = ("--config=experiments/presets/quick.yaml",)
PICTURES = ("--pictures.count=3", "--pictures.side=128")


@dataclass(frozen=True)
class Variant:
    """A line of the table.

    Attributes:
        name: of its folders.
        words: what it is, in the table.
        changes: further arguments of ``deblur fit``.
    """

    name: str
    words: str
    changes: Sequence[str] = ()


VARIANTS = (
    Variant("full", "as the report has it, three generator steps to one"),
    Variant("no_skips", "no skips", ["--model.network.skips=false"]),
    Variant("one_scale", "one discriminator scale", ["--model.discriminator.scales=1"]),
    Variant("no_adversarial", "no adversarial term", ["--model.adversarial_weight=0"]),
    Variant("one_to_one", "one generator step to one", ["--model.generator_steps=1"]),
)
SMALL_B = (
    "--config=experiments/presets/quick.yaml",
    "--model.network.widths=[32,64,128,256,256]",
    "--model.discriminator.widths=[32,64,128,256]",
    "--data.epoch_length=1200",
    "--trainer.val_check_interval=300",
)
"""The budget of the variants of report B's GAN: half the widths, 300 batches of four crops of 64x64."""

L1_TOO = ("--model.reconstruction+={class_path: L1, init_args: {weight: 500.0}}",)
L1_ALONE = ("--model.reconstruction=[{class_path: L1, init_args: {weight: 500.0}}]", "--model.adversarial_weight=0")
MARGIN = ("--model.network.margin=2",)
VARIANTS_B = (
    Variant("b_report", "as the report has it, SSIM and cross-entropy"),
    Variant("b_margin", "a margin of 2 pixels", MARGIN),
    Variant("b_l1", "L1 too", L1_TOO),
    Variant("b_both", "both: `gan_celeba_fixed`", [*MARGIN, *L1_TOO]),
    Variant("b_average", "a moving average of the weights", ["--model.ema_decay=0.99"]),
    Variant("b_no_adversarial", "no adversarial term", ["--model.adversarial_weight=0"]),
    Variant("b_l1_alone", "a margin; L1 alone, for neither SSIM nor discriminator", [*MARGIN, *L1_ALONE]),
)
GAMES = {"deblurgan": (VARIANTS, SMALL), "gan_celeba": (VARIANTS_B, SMALL_B)}
"""By experiment, what is changed in it and the budget of that."""

EXPERIMENTS = {"deblurgan": 1, "gan_celeba": 1, "gan_celeba_fixed": 3}
"""Run as they are by the quick preset, with so many seeds."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, print the tables, draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs/adversarial"))
    parser.add_argument("--out", type=Path, default=Path("docs/adversarial"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="run these variants and experiments alone, and draw nothing")
    options = parser.parse_args(arguments)
    for experiment, seed, name, changes in plan(options.seeds):
        if not options.only or name in options.only:
            run(experiment, options.runs / name / str(seed), seed, changes)
    if options.only:
        return
    tables = (table(options.runs, variants) for variants, _ in GAMES.values())
    print(experiments_table(options.runs), *tables, quarters_table(options.runs), sep="\n\n")
    from benchmarks.studies.adversarial_pictures import draw_pictures

    draw_pictures(options.runs, options.out)


def plan(seeds: int) -> Iterator[tuple[str, int, str, Sequence[str]]]:
    """Experiment, seed, folder and further arguments of every run."""
    for experiment, (variants, budget) in GAMES.items():
        for seed in range(seeds):
            for variant in variants:
                yield experiment, seed, variant.name, [*budget, *variant.changes]
    for experiment, most in EXPERIMENTS.items():
        for seed in range(min(seeds, most)):
            yield experiment, seed, experiment, QUICK


def run(experiment: str, folder: Path, seed: int, changes: Sequence[str]) -> None:
    """Fit and test, unless that is done."""
    seeds = (f"--seed_everything={seed}", f"--data.seed={seed}")
    Run(folder, (f"--config=experiments/{experiment}.yaml", *changes, *seeds), PICTURES).make()


def figures(runs: Path, name: str, metric: str) -> Figures:
    """Of every test image, for each seed there is."""
    rows = []
    for folder in folders_of(runs, name):
        records = [r for r in read_scores(folder / "scores.csv") if r.metric == metric]
        rows.append([record.value for record in sorted(records, key=lambda record: record.image)])
    return np.array(rows)


def table(runs: Path, variants: Sequence[Variant] = VARIANTS) -> str:
    """Markdown: what each change of ``variants`` to their first is worth, in pairs of one seed and one image."""
    rows = [
        "| variant | gain, dB | against the first line, dB | SSIM gain | against the first line | checkerboard |",
        "|---|---|---|---|---|---|",
    ]
    first = {metric: figures(runs, variants[0].name, metric) for metric in ("psnr_gain", "ssim_gain")}
    for variant in variants:
        cells = [variant.words]
        for metric, digits in (("psnr_gain", 2), ("ssim_gain", 3)):
            values = figures(runs, variant.name, metric)
            cells.append(_cell(values, digits))
            cells.append("" if variant is variants[0] else _cell(values - first[metric], digits))
        cells.append(f"{np.mean([last(folder, 'val/checkerboard') for folder in folders_of(runs, variant.name)]):.2f}")
        rows.append(f"| {' | '.join(cells)} |")
    sharp = last(folders_of(runs, variants[0].name)[0], "val/checkerboard_sharp")
    return "\n".join([*rows, "", f"The sharp images' own checkerboard is {sharp:.2f} grey levels."])


def experiments_table(runs: Path) -> str:
    """Markdown: the experiments as they are, by the quick preset."""
    rows = [
        "| experiment | seeds | blurred, dB | restored, dB | gain, least to greatest | SSIM gain |",
        "|---|---|---|---|---|---|",
    ]
    for name in EXPERIMENTS:
        blurred, restored, gain, similar = (
            figures(runs, name, metric) for metric in ("psnr_blurred", "psnr", "psnr_gain", "ssim_gain")
        )
        gains = f"{gain.mean():+.2f} ({gain.min():+.2f} to {gain.max():+.2f})"
        means = f"{blurred.mean():.2f} | {restored.mean():.2f}"
        rows.append(f"| `{name}` | {len(gain)} | {means} | {gains} | {similar.mean():+.3f} |")
    return "\n".join(rows)


def quarters_table(runs: Path) -> str:
    """Markdown: the losses' means over each quarter of the run, with the range over the seeds."""
    rows = ["| loss | first quarter | second | third | fourth |", "|---|---|---|---|---|"]
    for key in ("train/loss_generator", "train/loss_discriminator", "train/loss_adversarial"):
        curves = [curve(folder, key)[1] for folder in folders_of(runs, VARIANTS[0].name)]
        means = [[part.mean() for part in np.array_split(losses, 4)] for losses in curves]
        cells = [f"{np.mean(q):.3f} ({min(q):.3f} to {max(q):.3f})" for q in zip(*means, strict=True)]
        rows.append(f"| `{key}` | {' | '.join(cells)} |")
    return "\n".join(rows)


def curve(folder: Path, key: str) -> tuple[Figures, Figures]:
    """Batches and what was logged under ``key`` then."""
    with open(folder / "metrics.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get(key)]
    return np.array([float(row["step"]) for row in rows]), np.array([float(row[key]) for row in rows])


def last(folder: Path, key: str) -> float:
    """The last value logged."""
    return float(curve(folder, key)[1][-1])


def folders_of(runs: Path, name: str) -> list[Path]:
    """Folders of the runs of this name, one for each seed."""
    return sorted(folder for folder in (runs / name).iterdir() if folder.is_dir())


def _cell(values: Figures, digits: int) -> str:
    form: Callable[[float], str] = f"{{:+.{digits}f}}".format
    mean, half = float(values.mean()), half_width(values)
    return f"{form(mean)} ({form(mean - half)} to {form(mean + half)})"


if __name__ == "__main__":
    main()
