"""Reports D and E on their own kind of data: super-resolution on CIFAR-10, and each Gaussian by itself on BSDS500.

python -m benchmarks srcnn --data FOLDER [--runs FOLDER] [--only WORD] [-- SETTING...]

FOLDER holds cifar-10-batches-py and bsds500/train, bsds500/val. Runs that are there already are not repeated: about
half an hour each on one CPU core. Tables are printed as Markdown, with 95 % intervals over the test images.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.studies.running import ONE_SEED, Run, gain, missing

LUMINANCE = (
    "--model.network={class_path: Luminance, init_args: {network: {class_path: SRCNN, init_args: "
    "{channels: 1, residual: true}}}}"
)
CIFAR = {
    "the report's": ("srcnn_cifar10",),
    "the report's, a rate of 1e-3": ("srcnn_cifar10", "--model.lr=1e-3"),
    "the report's, reduced without antialiasing": ("srcnn_cifar10_aliased",),
    "improved: residual, flips, 1e-3 falling": ("srcnn_cifar10_improved",),
    "improved, luminance alone": ("srcnn_cifar10_improved", LUMINANCE),
}
GAUSSIANS = {"3x3, sigma .3": (3, 0.3), "7x7, sigma 1": (7, 1.0), "11x11, sigma 1.6": (11, 1.6)}
RECIPES = {"the report's": "srcnn_gaussians", "improved": "srcnn_gaussians_improved"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, print the tables of what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs/srcnn"))
    parser.add_argument("--only", default="", help="make only the runs with this in their name")
    parser.add_argument("settings", nargs="*", help="further arguments of deblur fit")
    options = parser.parse_args(arguments)
    tables = {
        "| CIFAR-10, x4 |": cifar_runs(options.runs, options.data, options.settings),
        "| 30,099 parameters, BSDS500 |": gaussian_runs(options.runs, options.data, options.settings),
    }
    for runs in tables.values():
        missing(list(runs.values()), options.only)
    for title, runs in tables.items():
        print(table(title, runs), ONE_SEED, sep="\n\n", end="\n\n")


def cifar_runs(folder: Path, data: Path, settings: Sequence[str]) -> dict[str, Run]:
    """Report E's 5,000 images, all 10,000 for testing."""
    runs = {}
    for number, (words, (experiment, *changes)) in enumerate(CIFAR.items()):
        overlay = (
            "--config=experiments/data/cifar10.yaml",
            f"--data.source.root={data}",
            "--data.source.train_size=5000",
        )
        fit = (f"--config=experiments/{experiment}.yaml", *overlay, *changes, *settings)
        runs[words] = Run(folder / f"cifar-{number}-{experiment}", fit)
    return runs


def gaussian_runs(folder: Path, data: Path, settings: Sequence[str]) -> dict[str, Run]:
    """Each of report D's Gaussians by itself, trained on BSDS500's train, tested on its val."""
    source = f"{{class_path: Folder, init_args: {{root: {data}/bsds500, subfolders: {{train: train, test: val}}}}}}"
    runs = {}
    for words, (size, sigma) in GAUSSIANS.items():
        blur = (
            "--data.degradation=GaussianBlur",
            f"--data.degradation.kernel_size=[{size},{size}]",
            f"--data.degradation.sigma=[{sigma},{sigma}]",
        )
        for recipe, experiment in RECIPES.items():
            fit = (f"--config=experiments/{experiment}.yaml", f"--data.source={source}", *blur, *settings)
            runs[f"{words}; {recipe}"] = Run(folder / f"gaussian{size}-{experiment}", fit)
    return runs


def table(title: str, runs: dict[str, Run]) -> str:
    """Markdown: a row for each run that is there."""
    rows = [f"{title} images | blurred | restored | gain | minutes |", "|---|---|---|---|---|---|"]
    for words, run in runs.items():
        if run.done:
            rows.append(f"| {words} | {len(run.values('psnr'))} | {gain(run)} | {run.minutes():.0f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
