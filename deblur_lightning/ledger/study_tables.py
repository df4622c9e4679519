"""Writes a study's results: tables in Markdown, CSV and LaTeX, a figure, and the sentences that may be claimed."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from deblur_lightning.files.csv_tables import csv_text
from deblur_lightning.files.writing import check_replaceable, make_folder, write_atomically
from deblur_lightning.intervals import Estimate
from deblur_lightning.ledger.comparisons import Comparison, Means, best_first, compare, means_of
from deblur_lightning.ledger.latex import escape_latex
from deblur_lightning.ledger.rows import count_noun
from deblur_lightning.ledger.runs import Runs
from deblur_lightning.ledger.study import Study
from deblur_lightning.ledger.tables import markdown_cell
from deblur_lightning.ledger.verdicts import format_metric

TITLE = "# Results of a study"
HEADER = "% Written by deblur study. Needs \\usepackage{booktabs}."
BEGINNINGS = {"study.md": TITLE, "study.tex": HEADER, "study.csv": "metric,set,", "comparisons.csv": "metric,set,"}
"""Start of each file, by which a study's results are recognised."""
METRIC_WORDS = {
    "psnr": "PSNR in dB",
    "psnr_gain": "gain in PSNR in dB",
    "psnr_blurred": "PSNR of the blurred images in dB",
    "ssim": "SSIM",
    "ssim_gain": "gain in SSIM",
    "mse": "mean squared error",
    "correct": "accuracy",
    "confidence": "confidence",
    "lpips_alex": "LPIPS (AlexNet)",
    "lpips_vgg": "LPIPS (VGG-16)",
    "dists": "DISTS",
}
MEAN_COLUMNS = ("metric", "set", "method", "mean", "low", "high", "seeds", "images")
COMPARISON_COLUMNS = ("metric", "set", "method", "other", "difference", "low", "high", "p", "comparisons")


def check_results(folder: Path) -> None:
    """Check that writing results into ``folder`` replaces nothing but older results.

    Raises:
        UserError: another file has one of the names, or ``folder`` is a file.
    """
    check_replaceable(folder, BEGINNINGS, "deblur study")


def write_results(study: Study, runs: Runs, folder: Path) -> list[str]:
    """Write ``study.md``, ``study.tex``, ``study.csv``, ``comparisons.csv`` and ``study.pdf``; returns the sentences.

    Raises:
        UserError: a run is not finished, lacks a metric, or was tested on other inputs than those of another method.
    """
    means = {metric: means_of(study, runs, metric) for metric in study.metrics}
    comparisons = {metric: compare(study, runs, metric) for metric in study.metrics}
    said = {metric: [sentence(study, metric, each) for each in comparisons[metric]] for metric in study.metrics}
    make_folder(folder)
    texts = {
        "study.md": _markdown(study, means, said),
        "study.tex": latex(study, means),
        "study.csv": csv_text(MEAN_COLUMNS, _mean_rows(means)),
        "comparisons.csv": csv_text(COMPARISON_COLUMNS, _comparison_rows(comparisons)),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())
    _draw(study, means[study.metrics[0]], study.metrics[0], folder / "study.pdf")
    return [line for lines in said.values() for line in lines]


def sentence(study: Study, metric: str, each: Comparison) -> str:
    """What may be claimed of two methods on a set."""
    first, second = (study.methods[name].words or name for name in (each.first, each.second))
    place = study.sets[each.set_name].words or each.set_name
    counts = f"{count_noun(each.difference.images, 'image')}, {count_noun(each.difference.seeds, 'seed')}"
    ends = (each.difference.mean, each.difference.low, each.difference.high)
    figures = [format_metric(end, metric, is_difference=True) for end in ends]
    difference = f"{figures[0]}, 95 % interval {figures[1]} to {figures[2]}"
    words = METRIC_WORDS[metric].removesuffix(" in dB")
    if math.isnan(each.p):
        return f"On {place} ({counts}) {first} and {second} differ in {words} by {figures[0]}; that is no test."
    holm = f", corrected by Holm over {each.of} comparisons" if each.of > 1 else ""
    p = f"p < 0.001{holm}" if each.p < 0.001 else f"p = {each.p:.3g}{holm}"
    evidence = f"({difference}; {p})"
    if not each.is_shown:
        return f"On {place} ({counts}) no difference in {words} between {first} and {second} is shown {evidence}."
    return f"On {place} ({counts}) the {words} of {first} is higher than that of {second} {evidence}."


def latex(study: Study, means: Mapping[str, Means]) -> str:
    """A table: methods by sets, a block for each metric; of each column the best is bold and the second underlined.

    What stands behind the sign "plus or minus" is half of the 95 % interval over seeds and images.
    """
    sets = [study.sets[name].words or name for name in study.sets]
    lines = [HEADER, rf"\begin{{tabular}}{{l{'r' * len(sets)}}}", r"\toprule"]
    lines += [" & ".join(["", *map(escape_latex, sets)]).strip() + r" \\"]
    for metric, of_metric in means.items():
        heading = escape_latex(METRIC_WORDS[metric])
        lines += [r"\midrule", rf"\multicolumn{{{len(sets) + 1}}}{{l}}{{{heading}}} \\"]
        for method in study.methods:
            cells = [_latex_cell(study, metric, of_metric, name, method) for name in study.sets]
            lines.append(" & ".join([rf"\quad {escape_latex(study.methods[method].words or method)}", *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _latex_cell(study: Study, metric: str, means: Means, set_name: str, method: str) -> str:
    mean, half = _figures(means[set_name, method], metric)
    rank = best_first(list(study.methods), means, set_name, metric).index(method)
    mark = {0: r"\textbf", 1: r"\underline"}.get(rank) if len(study.methods) > 1 else None
    text = escape_latex(mean)
    marked = f"{mark}{{{text}}}" if mark else text
    return rf"{marked} $\pm$ {escape_latex(half)}" if half else marked


def _markdown(study: Study, means: Mapping[str, Means], said: Mapping[str, list[str]]) -> str:
    lines = [
        TITLE,
        "",
        "Means over seeds and images, with half of their 95 % intervals. Of each column the best is bold.",
    ]
    sets = [study.sets[name].words or name for name in study.sets]
    for metric, of_metric in means.items():
        lines += ["", f"## {METRIC_WORDS[metric]}", ""]
        header = ["", *sets]
        lines += ["| " + " | ".join(map(markdown_cell, header)) + " |", "|---" * len(header) + "|"]
        for method in study.methods:
            cells = [_markdown_cell(study, metric, of_metric, name, method) for name in study.sets]
            lines.append("| " + " | ".join([markdown_cell(study.methods[method].words or method), *cells]) + " |")
        lines += ["", *(f"- {markdown_cell(line)}" for line in said[metric])]
    return "\n".join(lines) + "\n"


def _markdown_cell(study: Study, metric: str, means: Means, set_name: str, method: str) -> str:
    mean, half = _figures(means[set_name, method], metric)
    is_best = best_first(list(study.methods), means, set_name, metric)[0] == method
    text = f"{mean} ± {half}" if half else mean
    return f"**{text}**" if is_best and len(study.methods) > 1 else text


def _figures(each: Estimate, metric: str) -> tuple[str, str]:
    """Mean and half width without units; the latter empty where there is none."""
    mean = format_metric(each.mean, metric).removesuffix(" dB")
    half = (each.high - each.low) / 2
    if each.seeds * each.images == 1 or not math.isfinite(half):
        return mean, ""
    return mean, format_metric(half, metric).removesuffix(" dB").removesuffix(" %").lstrip("+")


def _mean_rows(means: Mapping[str, Means]) -> Iterator[tuple[str, ...]]:
    for metric, of_metric in means.items():
        for (name, method), each in of_metric.items():
            ends = (each.mean, each.low, each.high)
            yield metric, name, method, *(f"{end:.6g}" for end in ends), str(each.seeds), str(each.images)


def _comparison_rows(comparisons: Mapping[str, list[Comparison]]) -> Iterator[tuple[str, ...]]:
    for metric, found in comparisons.items():
        for each in found:
            ends = (each.difference.mean, each.difference.low, each.difference.high, each.p)
            yield metric, each.set_name, each.first, each.second, *(f"{end:.6g}" for end in ends), str(each.of)


def _draw(study: Study, means: Means, metric: str, path: Path) -> None:
    """A point with its interval for each method, a panel for each set."""
    with matplotlib.rc_context({"pdf.fonttype": 42, "font.size": 9}):
        figure = Figure(figsize=(2.4 + 2.4 * len(study.sets), 1 + 0.3 * len(study.methods)), layout="constrained")
        panels = figure.subplots(1, len(study.sets), squeeze=False, sharey=True)[0]
        for axes, name in zip(panels, study.sets, strict=True):
            for place, method in enumerate(study.methods):
                each = means[name, method]
                ends = [[each.mean - each.low], [each.high - each.mean]]
                axes.errorbar([each.mean], [place], xerr=ends, fmt="o", color="black", capsize=3)
            axes.set(title=study.sets[name].words or name, xlabel=METRIC_WORDS[metric])
            axes.grid(alpha=0.3, axis="x")
            axes.margins(y=0.3)
        panels[0].set_yticks(range(len(study.methods)), [study.methods[each].words or each for each in study.methods])
        panels[0].invert_yaxis()
        figure.savefig(path, metadata={"CreationDate": None})
