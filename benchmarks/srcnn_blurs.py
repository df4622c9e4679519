"""Report C's question, answered: which SRCNN and which rate for which blur, and grey against colour.

python -m benchmarks.srcnn_blurs [--data PHOTOS] [--runs FOLDER] [--out docs/srcnn] [--only WORD] [-- SETTING...]

The grid is that of experiments/sweeps/srcnn_blurs.yaml, 18 runs, and 9 more on colour. Runs that are there already are
not repeated. PHOTOS is a folder of images in place of the bundled photographs, of which few are in colour. Tables are
printed as Markdown as soon as their runs are there; the 18 loss curves are one figure, which wants matplotlib.
"""

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.running import Run, difference, gain, half_interval, mean, missing

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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs/srcnn_blurs"))
    parser.add_argument("--out", type=Path, default=Path("docs/srcnn"))
    parser.add_argument("--only", default="", help="make only the runs with this in their name")
    parser.add_argument("settings", nargs="*", help="further arguments of deblur fit")
    options = parser.parse_args(arguments)
    grid = runs_of_grid(options.runs, options.data, options.settings)
    colour = runs_on_colour(options.runs, options.data, options.settings)
    missing([*grid.values(), *colour.values()], options.only)
    if all(run.done for run in grid.values()):
        print(gain_table(grid), behind_table(grid), sep="\n\n", end="\n\n")
        draw_curves(grid, options.out / "curves.png")
    print(colour_table(grid, colour))


def runs_of_grid(folder: Path, data: Path | None, settings: Sequence[str]) -> dict[Key, Run]:
    """The sweep's runs."""
    parameters = yaml.safe_load(SWEEP.read_text())["parameters"]
    found = {}
    for config, blur, rate in itertools.product(*(setting["values"] for setting in parameters.values())):
        model, name = Path(config).stem, str(yaml.safe_load(blur)["class_path"])
        own = (*OWN, f"--data.source.base.root={data}") if data else ()
        fit = (f"--config={config}", *own, f"--data.degradation={blur}", f"--model.lr={rate}", *settings)
        found[model, name, str(rate)] = Run(folder / f"{model}-{name}-{rate}", fit)
    return found


def runs_on_colour(folder: Path, data: Path | None, settings: Sequence[str]) -> dict[tuple[str, str], Run]:
    """The first model at the higher rate, on the same images in colour."""
    found = {}
    for (model, blur, rate), run in runs_of_grid(folder, data, settings).items():
        if (model, rate) != ("srcnn_915", COLOUR_RATE):
            continue
        places = ("",) if data else ("base.", "extra.")
        in_colour = [f"--data.source.{place}grey=false" for place in places]
        for number, (words, changes) in enumerate(COLOURS.items()):
            fit = (*run.fit, *in_colour, *changes)
            found[words, blur] = Run(folder / f"colour{number}-{blur}", fit)
    return found


def gain_table(grid: dict[Key, Run]) -> str:
    """Markdown: the gain of each run, the best of each blur in bold, and how long a run took."""
    columns = columns_of(grid)
    rows = [_row("gain, dB", [f"{model}, {rate}" for model, rate in columns]), "|---" * (1 + len(columns)) + "|"]
    for blur, of_blur in by_blur(grid).items():
        gains = [of_blur[column].values("psnr_gain") for column in columns]
        cells = [f"{mean(values):+.2f} ± {half_interval(values):.2f}" for values in gains]
        best = columns.index(best_of(of_blur))
        cells[best] = f"**{cells[best]}**"
        rows.append(_row(blur, cells))
    minutes = [mean([of_blur[column].minutes() for of_blur in by_blur(grid).values()]) for column in columns]
    return "\n".join([*rows, _row("minutes", [f"{value:.1f}" for value in minutes])])


def behind_table(grid: dict[Key, Run]) -> str:
    """Markdown: how far each run is behind the best of its blur, image for image."""
    columns = columns_of(grid)
    rows = [_row("behind the best", [f"{model}, {rate}" for model, rate in columns])]
    rows.append("|---" * (1 + len(columns)) + "|")
    for blur, of_blur in by_blur(grid).items():
        best = of_blur[best_of(of_blur)].values("psnr")
        rows.append(_row(blur, [difference(of_blur[column].values("psnr"), best) for column in columns]))
    return "\n".join(rows)


def columns_of(grid: dict[Key, Run]) -> list[tuple[str, str]]:
    """Models and rates."""
    return list(dict.fromkeys((model, rate) for model, _, rate in grid))


def by_blur(grid: dict[Key, Run]) -> dict[str, dict[tuple[str, str], Run]]:
    """Of each blur, the runs by model and rate."""
    blurs = dict.fromkeys(blur for _, blur, _ in grid)
    return {
        wanted: {(model, rate): run for (model, blur, rate), run in grid.items() if blur == wanted} for wanted in blurs
    }


def best_of(runs: dict[tuple[str, str], Run]) -> tuple[str, str]:
    """Model and rate of the greatest mean gain."""
    return max(runs, key=lambda column: mean(runs[column].values("psnr_gain")))


def colour_table(grid: dict[Key, Run], colour: dict[tuple[str, str], Run]) -> str:
    """Markdown: grey against three ways of restoring colour, for each blur whose runs are all there."""
    rows = [f"| 9-1-5 at {COLOUR_RATE} | blur | blurred | restored | gain |", "|---|---|---|---|---|"]
    for blur in dict.fromkeys(blur for _, blur in colour):
        runs = {"grey": grid["srcnn_915", blur, COLOUR_RATE]} | {words: colour[words, blur] for words in COLOURS}
        if all(run.done for run in runs.values()):
            rows += [f"| {words} | {blur} | {gain(run)} |" for words, run in runs.items()]
    return "\n".join(rows)


def _row(first: str, cells: Sequence[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"


def draw_curves(grid: dict[Key, Run], path: Path) -> None:
    """The training loss of all runs: a row for each model, a column for each blur, a line for each rate."""
    from matplotlib import pyplot as plt

    models, blurs = (list(dict.fromkeys(key[place] for key in grid)) for place in (0, 1))
    figure, axes = plt.subplots(len(models), len(blurs), figsize=(9, 7), sharex=True, sharey="col", squeeze=False)
    for (model, blur, rate), run in grid.items():
        axis = axes[models.index(model)][blurs.index(blur)]
        steps, losses = zip(*run.curve(), strict=True)
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


if __name__ == "__main__":
    main()
