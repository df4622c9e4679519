"""Report C's question, answered: which SRCNN and which rate for which blur, and grey against colour.

python -m benchmarks srcnn_blurs [--data PHOTOS] [--runs FOLDER] [--out docs/srcnn] [--only WORD] [-- SETTING...]

The grid is that of experiments/sweeps/srcnn_blurs.yaml, 18 runs, and 9 more on colour. Runs that are there already are
not repeated. PHOTOS is a folder of images in place of the bundled photographs, of which few are in colour. Tables are
printed as Markdown as soon as their runs are there; the 18 loss curves are one figure, which wants matplotlib.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.reporting import ONE_SEED, mean, script_parser, table, with_half_width
from benchmarks.studies.study_run import StudyRun, difference, make_missing

SWEEP = Path("experiments/sweeps/srcnn_blurs.yaml")
OWN = ("--config=experiments/data/grey_folder.yaml",)
COLOURS = {
    "colour, three channels at once": ("--model.network.channels=3",),
    "colour, each channel by itself": ("--model.network.channels=1",),
    "colour, luminance alone": (
        "--model.network={class_path: Luminance, init_args: {network: {class_path: SRCNN, init_args: {channels: 1}}}}",
    ),
}
COLOUR_RATE = "0.001"

Key = tuple[str, str, str]
"""Model, blur and rate."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, print the tables, draw the figure."""
    defaults = {"runs": Path("runs/srcnn_blurs"), "out": Path("docs/srcnn"), "only": ""}
    options = script_parser(__doc__, "--data", "settings", **defaults).parse_args(arguments)
    grid = runs_of_grid(options.runs, options.data, options.settings)
    colour = runs_on_colour(options.runs, options.data, options.settings)
    make_missing([*grid.values(), *colour.values()], options.only)
    if all(run.done for run in grid.values()):
        print(gain_table(grid), behind_table(grid), sep="\n\n", end="\n\n")
        draw_curves(grid, options.out / "curves.png")
    print(colour_table(grid, colour), ONE_SEED, sep="\n\n")


def runs_of_grid(folder: Path, data: Path | None, settings: Sequence[str]) -> dict[Key, StudyRun]:
    """The sweep's runs."""
    parameters = yaml.safe_load(SWEEP.read_text())["parameters"]
    found = {}
    for config, blur, rate in itertools.product(*(setting["values"] for setting in parameters.values())):
        model, name = Path(config).stem, str(yaml.safe_load(blur)["class_path"])
        own = (*OWN, f"--data.source.base.root={data}") if data else ()
        fit = (f"--config={config}", *own, f"--data.degradation={blur}", f"--model.lr={rate}", *settings)
        found[model, name, str(rate)] = StudyRun(folder / f"{model}-{name}-{rate}", fit)
    return found


def runs_on_colour(folder: Path, data: Path | None, settings: Sequence[str]) -> dict[tuple[str, str], StudyRun]:
    """The first model at the higher rate, on the same images in colour."""
    found = {}
    for (model, blur, rate), run in runs_of_grid(folder, data, settings).items():
        if (model, rate) != ("srcnn_915", COLOUR_RATE):
            continue
        places = ("",) if data else ("base.", "extra.")
        in_colour = [f"--data.source.{place}grey=false" for place in places]
        for number, (words, changes) in enumerate(COLOURS.items()):
            fit = (*run.fit, *in_colour, *changes)
            found[words, blur] = StudyRun(folder / f"colour{number}-{blur}", fit)
    return found


def gain_table(grid: dict[Key, StudyRun]) -> str:
    """Markdown: the gain of each model and rate, the best of each blur in bold, and how long a run took."""
    blurs, best = blurs_of(grid), best_of(grid)
    rows = []
    for model, rate in dict.fromkeys((model, rate) for model, _, rate in grid):
        runs = {blur: grid[model, blur, rate] for blur in blurs}
        shown = [f"**{mean_gain(run)}**" if best[blur] is run else mean_gain(run) for blur, run in runs.items()]
        minutes = mean([run.minutes() for run in runs.values()])
        rows.append([f"{model}, {rate}", *shown, f"{minutes:.1f}"])
    return table(["model, rate", *blurs, "minutes"], rows)


def mean_gain(run: StudyRun) -> str:
    """The mean gain, with its interval over the images."""
    return with_half_width(run.values("psnr_gain"))


def behind_table(grid: dict[Key, StudyRun]) -> str:
    """Markdown: how far each model and rate is behind the best of its blur, image for image."""
    blurs, best = blurs_of(grid), best_of(grid)
    rows = []
    for model, rate in dict.fromkeys((model, rate) for model, _, rate in grid):
        runs = {blur: grid[model, blur, rate] for blur in blurs}
        cells = [
            "" if best[blur] is run else difference(run.values("psnr"), best[blur].values("psnr"))
            for blur, run in runs.items()
        ]
        rows.append([f"{model}, {rate}", *cells])
    return table(["behind the best", *blurs], rows)


def blurs_of(grid: dict[Key, StudyRun]) -> list[str]:
    """Names of the blurs."""
    return list(dict.fromkeys(blur for _, blur, _ in grid))


def best_of(grid: dict[Key, StudyRun]) -> dict[str, StudyRun]:
    """The run of the greatest mean gain, by blur."""
    runs = {wanted: [run for (_, blur, _), run in grid.items() if blur == wanted] for wanted in blurs_of(grid)}
    return {blur: max(of_blur, key=lambda run: mean(run.values("psnr_gain"))) for blur, of_blur in runs.items()}


def colour_table(grid: dict[Key, StudyRun], colour: dict[tuple[str, str], StudyRun]) -> str:
    """Markdown: the gain of grey and of three ways of restoring colour, for each blur whose runs are all there."""
    greys = {blur: grid["srcnn_915", blur, COLOUR_RATE] for blur in blurs_of(grid)}
    ways = {"grey": greys} | {words: {blur: colour[words, blur] for blur in greys} for words in COLOURS}
    blurs = [blur for blur in greys if all(runs[blur].done for runs in ways.values())]
    if not blurs:
        return "No blur's runs on colour are all there."
    rows = [["blurred, dB", *(f"{mean(greys[blur].values('psnr_blurred')):.2f}" for blur in blurs)]]
    rows += [[words, *(mean_gain(runs[blur]) for blur in blurs)] for words, runs in ways.items()]
    return table([f"9-1-5 at {COLOUR_RATE}", *blurs], rows)


def draw_curves(grid: dict[Key, StudyRun], path: Path) -> None:
    """The training loss of all runs: a row for each model, a column for each blur, a line for each rate."""
    from matplotlib import pyplot as plt

    models, blurs = (list(dict.fromkeys(key[place] for key in grid)) for place in (0, 1))
    figure, axes = plt.subplots(len(models), len(blurs), figsize=(9, 7), sharex=True, sharey="col", squeeze=False)
    for (model, blur, rate), run in grid.items():
        axis = axes[models.index(model)][blurs.index(blur)]
        steps, losses = zip(*run.curve("train/loss"), strict=True)
        width = max(1, len(losses) // 20)
        smooth = [mean(losses[max(0, i - width) : i + 1]) for i in range(len(losses))]
        axis.semilogy(steps, smooth, label=rate, linewidth=1)
        axis.set_title(f"{model}, {blur}", fontsize=9)
    axes[0][0].legend(title="rate", fontsize=8)
    figure.supxlabel("step")
    figure.supylabel("mean squared error, smoothed")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
