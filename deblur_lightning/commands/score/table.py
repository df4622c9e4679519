"""The table of ``deblur score``."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deblur_lightning.intervals import half_width
from deblur_lightning.metrics.image_metric import ImageMetric

Scores = Mapping[str, Mapping[str, float]]
"""By image, its figures by metric."""

MOST_ROWS = 30
"""Of more images the mean alone is printed; each is in the table of ``--csv``."""

DIGITS = {"psnr": 2, "ssim": 3, "ssd": 2, "error_ratio": 2}

KINDS = ("", "_blurred", "_reference")
"""What the figures of restored images, of blurred ones and of the reference end in."""


def print_scores(scores: Scores, further: Sequence[ImageMetric], protocol: str) -> None:
    """Print the table of PSNR and SSIM, and a line for each further metric."""
    of_further = {f"{metric.title}{kind}" for metric in further for kind in KINDS}
    _print_table({name: _without(figures, of_further) for name, figures in scores.items()}, protocol)
    _print_further(further, scores)


def _print_table(scores: Scores, protocol: str) -> None:
    """A row for each image, the mean, and half of its 95 % interval over the images."""
    metrics = list(next(iter(scores.values())))
    table = Table("image", *(name.replace("_", " ") for name in metrics))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, figures in scores.items() if len(scores) <= MOST_ROWS else ():
        table.add_row(escape(name), *(_figure(metric, figures[metric]) for metric in metrics))
    table.add_section()
    columns = {metric: [figures[metric] for figures in scores.values()] for metric in metrics}
    means = {metric: sum(values) / len(values) for metric, values in columns.items()}
    table.add_row("mean", *(_figure(metric, mean) for metric, mean in means.items()), style="bold")
    if len(scores) > 1:
        halves = (_figure(metric, half_width(values)).lstrip("+") for metric, values in columns.items())
        table.add_row("± 95 %", *halves)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"n = {len(scores)} images; protocol {protocol}; PSNR in dB")


def _print_further(further: Sequence[ImageMetric], scores: Scores) -> None:
    """A line for each further metric, of its means."""
    for metric in further:
        names = [f"{metric.title}{kind}" for kind in KINDS[:2]]
        means = [fmean(found) for name in names if (found := [f[name] for f in scores.values() if name in f])]
        Console(highlight=False).print(metric.told(*means), soft_wrap=True, markup=False)


def _without(figures: Mapping[str, float], names: set[str]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if name not in names}


def _figure(metric: str, value: float) -> str:
    digits = next(digits for name, digits in DIGITS.items() if metric.startswith(name))
    return f"{value:{'+' if metric.endswith('gain') else ''}.{digits}f}"
