"""Draws the figures of docs/adversarial.md from the runs that the study ``adversarial`` has made.

python -m benchmarks adversarial_figures [--runs FOLDER] [--out docs/adversarial]
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from PIL import Image, ImageDraw

from benchmarks.reporting import script_parser
from benchmarks.studies.adversarial import EXPERIMENTS, VARIANTS, runs_of
from deblur_lightning.callbacks.pictures import CAPTION, GAP
from deblur_lightning.callbacks.plots import HEALTH_PANELS, draw_health_panel

SIDE = 128
"""Of the images in ``test.png``."""

ROWS = 3
mpl.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": 130})


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw all of them."""
    options = script_parser(__doc__, runs=Path("runs/adversarial"), out=Path("docs/adversarial")).parse_args(arguments)
    runs, out = options.runs, options.out
    out.mkdir(parents=True, exist_ok=True)
    draw_curves(runs, out / "curves.png")
    draw_variants(runs, out / "variants.png")
    for name in EXPERIMENTS:
        shutil.copyfile(runs / name / "0" / "pictures" / "test.png", out / f"{name}.png")
        shutil.copyfile(runs / name / "0" / "pictures" / "health.png", out / f"{name}_health.png")


def draw_curves(runs: Path, path: Path) -> None:
    """The health of the first variant and of 1:1, every seed a line."""
    names = (VARIANTS[0].name, "one_to_one")
    figure, grid = plt.subplots(len(names), len(HEALTH_PANELS), figsize=(12, 4.4), layout="constrained", squeeze=False)
    for row, name in zip(grid, names, strict=True):
        for axes, (title, keys) in zip(row, HEALTH_PANELS.items(), strict=True):
            for seed, run in enumerate(runs_of(runs, name)):
                draw_health_panel(axes, title, {key: run.curve(key) for key in keys}, labelled=seed == 0, width=0.7)
        row[0].set_ylabel(name.replace("_", " "))
    figure.savefig(path)
    plt.close(figure)


def draw_variants(runs: Path, path: Path) -> None:
    """Blurred, restored by each variant, and sharp."""
    tests = {v.name: Image.open(runs / v.name / "0" / "pictures" / "test.png").convert("RGB") for v in VARIANTS}
    first = tests[VARIANTS[0].name]
    columns = [("blurred", first, 0), *((name.replace("_", " "), test, 1) for name, test in tests.items())]
    columns.append(("sharp", first, 2))
    height = CAPTION + ROWS * (SIDE + CAPTION)
    picture = Image.new("RGB", (len(columns) * (SIDE + GAP) - GAP, height), "white")
    pen = ImageDraw.Draw(picture)
    for place, (title, test, column) in enumerate(columns):
        left = column * (SIDE + GAP)
        pen.text((place * (SIDE + GAP) + 2, 2), title, fill="black")
        picture.paste(test.crop((left, 0, left + SIDE, ROWS * (SIDE + CAPTION))), (place * (SIDE + GAP), CAPTION))
    picture.save(path, optimize=True)
