"""Reports D and E on their own kind of data: super-resolution on CIFAR-10, and each Gaussian by itself on BSDS500.

python -m benchmarks srcnn --data FOLDER [--runs FOLDER] [--only WORD] [-- SETTING...]

FOLDER holds cifar-10-batches-py and bsds500/train, bsds500/val. Runs that are there already are not repeated: about
half an hour each on one CPU core. Tables are printed as Markdown, with 95 % intervals over the test images.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.reporting import ONE_SEED, script_parser, table
from benchmarks.studies.study_run import StudyRun, gain_cells, make_missing

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
    parser = script_parser(__doc__, "--data", "settings", runs=Path("runs/srcnn"), only="")
    options = parser.parse_args(arguments)
    if options.data is None:
        parser.error("give --data=FOLDER, the folder of CIFAR-10 and BSDS500")
    tables = {
        "CIFAR-10, x4": cifar_runs(options.runs, options.data, options.settings),
        "30,099 parameters, BSDS500": gaussian_runs(options.runs, options.data, options.settings),
    }
    for runs in tables.values():
        make_missing(runs.values(), options.only)
    for title, runs in tables.items():
        print(gain_table(title, runs), ONE_SEED, sep="\n\n", end="\n\n")


def cifar_runs(folder: Path, data: Path, settings: Sequence[str]) -> dict[str, StudyRun]:
    """Report E's 5,000 images, all 10,000 for testing."""
    runs = {}
    for number, (words, (experiment, *changes)) in enumerate(CIFAR.items()):
        overlay = (
            "--config=experiments/data/cifar10.yaml",
            f"--data.source.root={data}",
            "--data.source.train_size=5000",
        )
        fit = (f"--config=experiments/{experiment}.yaml", *overlay, *changes, *settings)
        runs[words] = StudyRun(folder / f"cifar-{number}-{experiment}", fit)
    return runs


def gaussian_runs(folder: Path, data: Path, settings: Sequence[str]) -> dict[str, StudyRun]:
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
            runs[f"{words}; {recipe}"] = StudyRun(folder / f"gaussian{size}-{experiment}", fit)
    return runs


def gain_table(title: str, runs: dict[str, StudyRun]) -> str:
    """Markdown: a row for each run that is there."""
    header = [title, "images", "blurred", "restored", "gain", "minutes"]
    return table(
        header,
        [
            [words, str(len(run.values("psnr"))), *gain_cells(run), f"{run.minutes():.0f}"]
            for words, run in runs.items()
            if run.done
        ],
    )
