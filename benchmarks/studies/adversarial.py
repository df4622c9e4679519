"""The tables of docs/adversarial.md: the GANs, each also with one thing changed at a time.

python -m benchmarks adversarial [--runs FOLDER] [--seeds 3] [--only NAME ...]

Every line is a run of the real command line: about two minutes each on two CPU cores for the variants, five for
deblurgan and ten for report B's GANs by the quick preset. Runs that are there already are not repeated. The tables are
printed as Markdown; ``adversarial_figures`` draws the figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import script_parser, table, with_interval, with_range
from benchmarks.studies.study_run import StudyRun

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
    """Run what is missing and print the tables."""
    parser = script_parser(__doc__, runs=Path("runs/adversarial"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="run these variants and experiments alone, and print nothing")
    options = parser.parse_args(arguments)
    for name, run in plan(options.runs, options.seeds):
        if not options.only or name in options.only:
            run.make()
    if not options.only:
        tables = (variants_table(options.runs, variants) for variants, _ in GAMES.values())
        print(experiments_table(options.runs), *tables, quarters_table(options.runs), sep="\n\n")


def plan(runs: Path, seeds: int) -> Iterator[tuple[str, StudyRun]]:
    """Name and run of every variant and experiment, for each seed."""
    for experiment, (variants, budget) in GAMES.items():
        for seed in range(seeds):
            for variant in variants:
                yield variant.name, _run(experiment, runs / variant.name, seed, [*budget, *variant.changes])
    for experiment, most in EXPERIMENTS.items():
        for seed in range(min(seeds, most)):
            yield experiment, _run(experiment, runs / experiment, seed, QUICK)


def _run(experiment: str, folder: Path, seed: int, changes: Sequence[str]) -> StudyRun:
    seeds = (f"--seed_everything={seed}", f"--data.seed={seed}")
    return StudyRun(folder / str(seed), (f"--config=experiments/{experiment}.yaml", *changes, *seeds), PICTURES)


def runs_of(runs: Path, name: str) -> list[StudyRun]:
    """The runs of this name that exist, one for each seed."""
    return [StudyRun(folder, ()) for folder in sorted((runs / name).iterdir()) if folder.is_dir()]


def figures(runs: Path, name: str, metric: str) -> Figures:
    """``metric`` of every test image, for each seed."""
    return np.array([run.values(metric) for run in runs_of(runs, name)])


def variants_table(runs: Path, variants: Sequence[Variant] = VARIANTS) -> str:
    """Markdown: what each change of ``variants`` to the first of them is worth, in pairs of one seed and one image."""
    against = "against the first line"
    header = ["variant", "gain, dB", f"{against}, dB", "SSIM gain", against, "checkerboard"]
    first, rows = variants[0].name, []
    for variant in variants:
        cells = [variant.words]
        for metric, digits in (("psnr_gain", 2), ("ssim_gain", 3)):
            values = figures(runs, variant.name, metric)
            change = "" if variant.name == first else with_interval(values - figures(runs, first, metric), digits)
            cells += [with_interval(values, digits), change]
        checkerboard = np.mean([last(run, "val/checkerboard") for run in runs_of(runs, variant.name)])
        rows.append([*cells, f"{checkerboard:.2f}"])
    sharp = last(runs_of(runs, first)[0], "val/checkerboard_sharp")
    return f"{table(header, rows)}\n\nThe sharp images' own checkerboard is {sharp:.2f} grey levels."


def experiments_table(runs: Path) -> str:
    """Markdown: the experiments as they are, by the quick preset."""
    rows = []
    for name in EXPERIMENTS:
        blurred, restored, gain, similar = (
            figures(runs, name, metric) for metric in ("psnr_blurred", "psnr", "psnr_gain", "ssim_gain")
        )
        means = [f"{blurred.mean():.2f}", f"{restored.mean():.2f}", with_range(gain), f"{similar.mean():+.3f}"]
        rows.append([f"`{name}`", str(len(gain)), *means])
    header = ["experiment", "seeds", "blurred, dB", "restored, dB", "gain, least to greatest", "SSIM gain"]
    return table(header, rows)


def quarters_table(runs: Path) -> str:
    """Markdown: the losses' means over each quarter of the run, with the range over the seeds."""
    rows = []
    for key in ("train/loss_generator", "train/loss_discriminator", "train/loss_adversarial"):
        losses = [[loss for _, loss in run.curve(key)] for run in runs_of(runs, VARIANTS[0].name)]
        means = [[part.mean() for part in np.array_split(of_seed, 4)] for of_seed in losses]
        cells = [f"{np.mean(q):.3f} ({min(q):.3f} to {max(q):.3f})" for q in zip(*means, strict=True)]
        rows.append([f"`{key}`", *cells])
    return table(["loss", "first quarter", "second", "third", "fourth"], rows)


def last(run: StudyRun, key: str) -> float:
    """The last value logged under ``key``."""
    return run.curve(key)[-1][1]
