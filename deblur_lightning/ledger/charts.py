"""Draws the charts of the report's page by Matplotlib, as SVG to put into HTML."""

import io
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deblur_lightning.ledger.run_summaries import RunSummary

STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "deblur", "font.family": "sans-serif", "font.size": 11}
MOST_LABELLED = 10
"""More methods or runs than these have no legend; touching a point or line still names it."""


def strength_chart(runs: Sequence[RunSummary]) -> str:
    """PSNR after restoring against before; a point for each run, a colour for each method. Empty without runs."""
    points = [(run, run.blurred, run.psnr) for run in runs if run.blurred is not None and run.psnr is not None]
    if not points:
        return ""
    figure, axes = _axes("PSNR of the blurred images in dB", "PSNR of the restored in dB")
    ends = [value for _, *both in points for value in both]
    axes.plot([min(ends), max(ends)], [min(ends), max(ends)], color="0.5", linewidth=1)
    return _scatter(figure, axes, points, "strength")


def cost_chart(runs: Sequence[RunSummary]) -> str:
    """Gain against parameters; empty where no run has any."""
    points = [(run, run.parameters, run.gain) for run in runs if run.parameters and run.gain is not None]
    if not points:
        return ""
    figure, axes = _axes("parameters", "gain in dB")
    axes.set_xscale("log")
    axes.axhline(0, color="0.5", linewidth=1)
    return _scatter(figure, axes, points, "cost")


def loss_charts(runs: Sequence[RunSummary]) -> dict[str, str]:
    """By folder of runs, their training losses."""
    families: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for run in runs:
        curve = [(step, loss) for step, loss in run.curve if loss > 0]
        if len(curve) > 2:
            family, _, name = run.name.rpartition("/")
            families.setdefault(family, {})[name] = curve
    return {family: _losses(curves, number) for number, (family, curves) in enumerate(families.items())}


def _losses(curves: Mapping[str, list[tuple[int, float]]], number: int) -> str:
    figure, axes = _axes("batches", "training loss")
    axes.set_yscale("log")
    titles = {}
    for place, (name, curve) in enumerate(curves.items()):
        gid = f"loss-{number}-{place}"
        axes.plot(*zip(*curve, strict=True), linewidth=1.3, label=name, gid=gid)
        titles[gid] = name
    if len(curves) <= MOST_LABELLED:
        axes.legend(fontsize="small", frameon=False)
    return _svg(figure, titles)


def _axes(x: str, y: str) -> tuple[Figure, Axes]:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.6), layout="constrained")
        axes = figure.subplots()
    axes.set(xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _scatter(figure: Figure, axes: Axes, points: Sequence[tuple[RunSummary, float, float]], chart: str) -> str:
    methods = list(dict.fromkeys(run.method for run, *_ in points))
    colours = matplotlib.colormaps["tab20"]
    titles, labelled = {}, set[str]()
    for number, (run, x, y) in enumerate(points):
        gid = f"{chart}-{number}"
        label = None if run.method in labelled else run.method
        colour = colours(methods.index(run.method) % 20)
        axes.plot([x], [y], "o", color=colour, alpha=0.8, markersize=6, label=label, gid=gid)
        gain = "" if run.gain is None else f", {run.gain:+.2f} dB"
        titles[gid] = f"{run.name}: {run.method}, {run.blur}{gain}"
        labelled.add(run.method)
    if len(methods) <= MOST_LABELLED:
        axes.legend(fontsize="small", frameon=False)
    return _svg(figure, titles)


def _svg(figure: Figure, titles: Mapping[str, str]) -> str:
    """The figure for a page that is light or dark; ``titles`` are shown where the artist of that gid is touched."""
    file = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.patch.set_visible(False)
        for axes in figure.axes:
            axes.patch.set_visible(False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' (xmlns(:\w+)?|clip-path)="[^"]*"', "", text)  # HTML knows the name spaces, and nothing is outside
    text = text.replace("xlink:href", "href").replace("#000000", "currentColor")
    for gid, title in titles.items():
        text = text.replace(f'<g id="{gid}">', f'<g id="{gid}"><title>{escape(title)}</title>', 1)
    return text


def finite_restorers(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """The runs that restore, without inverse crimes and without figures that are no finite numbers."""
    return [
        run
        for run in runs
        if not run.crime and all(v is not None and math.isfinite(v) for v in (run.blurred, run.psnr, run.gain))
    ]
