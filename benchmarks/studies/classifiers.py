"""Reports A's and E's classifiers on MNIST and CIFAR-10, over several seeds.

python -m benchmarks classifiers --data FOLDER [--runs FOLDER] [--only WORD] [-- SETTING...]

FOLDER holds MNIST/raw and cifar-10-batches-py. Runs that are there already are not repeated. Tables are printed as
Markdown: test accuracies with 95 % intervals over seeds and images, and what the stems differ by, seed for seed and
image for image.
"""

import argparse
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import mean, script_parser, table
from benchmarks.studies.study_run import StudyRun, make_missing
from deblur_lightning.intervals import half_width

MNIST = {
    "mnist_mlp": "97.32",
    "mnist_cnn": "99.20",
    "mnist_mlp_improved": "",
    "mnist_cnn_improved": "",
}
"""Experiments, and what the report says of each in per cent."""
CIFAR = {"deconv_cifar10": "46.0", "conv_cifar10": "45.1", "conv4_cifar10": ""}
DIFFERENCES = (
    ("mnist_cnn", "mnist_mlp", "1.88"),
    ("deconv_cifar10", "conv_cifar10", "0.9"),
    ("deconv_cifar10", "conv4_cifar10", ""),
)
SEEDS = {**dict.fromkeys(MNIST, range(3)), **dict.fromkeys(CIFAR, range(5))}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, print the tables of what is there."""
    parser = script_parser(__doc__, "--data", "settings", runs=Path("runs/classifiers"), only="")
    options = parser.parse_args(arguments)
    if options.data is None:
        parser.error("give --data=FOLDER, the folder of MNIST and CIFAR-10")
    runs = {name: runs_by_seed(name, options) for name in SEEDS}
    for several in runs.values():
        make_missing(several.values(), options.only)
    there = {name: {seed: run for seed, run in several.items() if run.done} for name, several in runs.items()}
    print(accuracy_table(there), difference_table(there), sep="\n\n")


def runs_by_seed(name: str, options: argparse.Namespace) -> dict[int, StudyRun]:
    """A run of the experiment for each seed of the weights and of the order of the data."""
    overlay = "mnist" if name in MNIST else "cifar10_labels"
    common = (f"--config=experiments/{name}.yaml", f"--config=experiments/data/{overlay}.yaml")
    common += (f"--data.source.root={options.data}", *options.settings)
    return {
        seed: StudyRun(options.runs / f"{name}-{seed}", (*common, f"--seed_everything={seed}", f"--data.seed={seed}"))
        for seed in SEEDS[name]
    }


def hits(runs: Iterable[StudyRun]) -> NDArray[np.float64]:
    """(seeds, images), 100 where a run was right and else 0: test accuracies in per cent are means of it."""
    return 100 * np.array([run.values("correct") for run in runs])


def half(values: NDArray[np.float64]) -> float:
    """Half of the interval over seeds and images; nan for one seed, which tells nothing of what a training adds."""
    return half_width(values) if len(values) > 1 else math.nan


def accuracy_table(runs: dict[str, dict[int, StudyRun]]) -> str:
    """Markdown: a row for each experiment."""
    header = ["experiment", "report", "accuracy, %", "least to greatest", "seeds", "minutes each"]
    rows = []
    for name, several in runs.items():
        if several:
            found = hits(several.values())
            accuracies = found.mean(axis=1)
            spread = f"{accuracies.min():.2f} to {accuracies.max():.2f}"
            minutes = mean([run.minutes() for run in several.values()])
            accuracy = f"{found.mean():.2f} ± {half(found):.2f}"
            rows.append([name, (MNIST | CIFAR)[name], accuracy, spread, str(len(found)), f"{minutes:.1f}"])
    return table(header, rows)


def difference_table(runs: dict[str, dict[int, StudyRun]]) -> str:
    """Markdown: how many points the one is above the other, over the seeds that both have."""
    rows = []
    for one, other, claim in DIFFERENCES:
        seeds = sorted(runs[one].keys() & runs[other].keys())
        if seeds:
            ours, theirs = (hits(runs[name][seed] for seed in seeds) for name in (one, other))
            middle, width = float((ours - theirs).mean()), half(ours - theirs)
            points = f"{middle:+.2f} ± {width:.2f}"
            rows.append([f"{one} - {other}", claim, points, str(len(seeds)), verdict(middle, width)])
    return table(["", "report", "points, in pairs", "seeds", "verdict"], rows)


def verdict(middle: float, half: float) -> str:
    """In words, whether the interval leaves zero out."""
    if abs(middle) > half:
        return "better" if middle > 0 else "worse"
    return "no difference shown"
