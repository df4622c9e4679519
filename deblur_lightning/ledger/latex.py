"""The leaderboard as a LaTeX table for a paper."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from deblur_lightning.ledger.run_summaries import SeedMeans

HEADER = "% Written by deblur report. Needs \\usepackage{booktabs}."

SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {letter: f"\\{letter}" for letter in "&%$#_{}"}


def leaderboard(means: Sequence[SeedMeans]) -> str:
    """A table of all restorers, seeds joined, by the blur that they were tested on.

    Within a blur, a budget and a number of test images the greatest gain is bold and the second underlined, where they
    are gains. What stands behind the sign "plus or minus" is half of the 95 % interval over seeds and images.
    """
    lines = [HEADER, r"\begin{tabular}{lrrrrr}", r"\toprule"]
    lines += [r"method & seeds & images & PSNR & gain & SSIM \\"]
    restorers = [run for run in means if run.gain is not None]
    for (blur, budget, images), group in groupby(sorted(restorers, key=_order), key=_test):
        heading = f"{blur}, {budget} budget" if budget else blur
        lines += [r"\midrule", rf"\multicolumn{{6}}{{l}}{{{escape_latex(heading or 'blur unknown')}}} \\"]
        lines += _rows(list(group), images)
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _rows(runs: Sequence[SeedMeans], images: int) -> Iterator[str]:
    blurred = runs[0].blurred
    yield rf"\quad blurred input & & {images} & {_figure(blurred, 2)} & & \\"
    for place, run in enumerate(runs):
        assert run.gain is not None
        gain = f"{run.gain:+.2f}"
        if place < 2 and run.gain > 0:
            gain = rf"\textbf{{{gain}}}" if place == 0 else rf"\underline{{{gain}}}"
        half = "" if run.half is None else rf" $\pm$ {run.half:.2f}"
        figures = f"{run.seeds} & {images} & {_figure(run.psnr, 2)} & {gain}{half} & {_figure(run.ssim, 3)}"
        yield rf"\quad {escape_latex(run.method or run.name)} & {figures} \\"


def _test(run: SeedMeans) -> tuple[str, str, int]:
    return run.blur, run.budget, run.images


def _order(run: SeedMeans) -> tuple[tuple[str, str, int], float]:
    return _test(run), -(run.gain or 0.0)


def _figure(value: float | None, digits: int) -> str:
    return "--" if value is None else f"{value:.{digits}f}"


def escape_latex(text: str) -> str:
    """``text`` with the letters that LaTeX would obey written out."""
    return "".join(SPECIAL.get(letter, letter) for letter in text)
