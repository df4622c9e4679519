"""How lucky five test images must be for a report's figure: means of any five of a run's test images.

python -m benchmarks lucky_five RUN [--metric psnr_gain] [--figure 2.65] [--images 5]

RUN is the folder of a test, with its scores.csv. The means are those of a million draws of so many images, each as
likely as any other. "best images" are how many of the best have a mean that reaches the figure.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import script_parser, table, with_half_width
from deblur_lightning.errors import UserError
from deblur_lightning.records import read_scores

DRAWS = 10**6


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="folder with scores.csv")
    parser.add_argument("--metric", default="psnr_gain", help="of scores.csv (default: %(default)s)")
    parser.add_argument("--figure", type=float, default=2.65, help="the report's (default: %(default)s)")
    parser.add_argument("--images", type=int, default=5, help="how many the report tested on (default: %(default)s)")
    options = parser.parse_args(arguments)
    records = [record for record in read_scores(options.run / "scores.csv") if record.metric == options.metric]
    values = np.array([record.value for record in records])
    if len(values) < options.images:
        raise UserError(f"{options.run}/scores.csv has {len(values)} images with {options.metric}: too few.")
    means = means_of_draws(values, options.images)
    least, median, most = np.quantile(means, [0.025, 0.5, 0.975])
    row = [
        options.metric,
        f"{len(values)}",
        with_half_width(values),
        f"{values.max():+.2f}",
        f"{least:+.2f}, {median:+.2f}, {most:+.2f}",
        f"{np.mean(means >= options.figure):.2%}",
        f"{best_that_reach(values, options.figure)}",
    ]
    header = ["metric", "images", "mean", "best", f"means of {options.images}: 2.5 %, half, 97.5 %"]
    header += [f"of them at least {options.figure:g}", f"best images that reach {options.figure:g}"]
    print(table(header, [row]))


def means_of_draws(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Means of ``DRAWS`` draws of ``count`` different values."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(values), (DRAWS, count))
    for place in range(1, count):  # what a row has already is drawn again
        while (again := (chosen[:, place, None] == chosen[:, :place]).any(axis=1)).any():
            chosen[again, place] = rng.integers(0, len(values), again.sum())
    means: NDArray[np.float64] = values[chosen].mean(axis=1)
    return means


def best_that_reach(values: NDArray[np.float64], figure: float) -> int:
    """The largest number of the best values whose mean is at least ``figure``."""
    running = np.sort(values)[::-1].cumsum() / np.arange(1, len(values) + 1)
    return int((running >= figure).sum())
