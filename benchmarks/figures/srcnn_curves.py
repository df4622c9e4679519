"""The training losses of the study studies/srcnn_blurs: docs/srcnn/curves.png.

python -m benchmarks srcnn_curves [--runs FOLDER] [--out docs/srcnn/curves.png]

A row for each model, a column for each blur, a line for each rate. `deblur study studies/srcnn_blurs` makes the runs.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.reporting import mean, script_parser
from deblur_lightning.files.experiments import experiment_path
from deblur_lightning.ledger.run_files import read_losses
from deblur_lightning.ledger.study import STUDY, list_study_runs, read_study

RATES = {"_slow": "1e-4", "": "1e-3"}
"""By the ending of a method's name."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the figure."""
    defaults = {"runs": Path("runs/studies/srcnn_blurs"), "out": Path("docs/srcnn/curves.png")}
    options = script_parser(__doc__, **defaults).parse_args(arguments)
    study = read_study(experiment_path("studies/srcnn_blurs"))
    runs = list_study_runs(study, options.runs)
    models = list(dict.fromkeys(method.removesuffix("_slow") for method in study.methods))
    figure = Figure(figsize=(9, 7), layout="tight")
    axes = figure.subplots(len(models), len(study.sets), sharex=True, sharey="col", squeeze=False)
    for row, model in zip(axes, models, strict=True):
        for axis, blur in zip(row, study.sets, strict=True):
            for ending, rate in RATES.items():
                attempt = runs[f"{model}{ending}", STUDY, blur][0].attempts()[-1]
                steps, losses = zip(*sorted(read_losses(attempt / "metrics.csv").items()), strict=True)
                axis.semilogy(steps, smooth(losses), label=rate, linewidth=1)
            axis.set_title(f"{study.methods[model].words.partition(',')[0]}, {study.sets[blur].words}", fontsize=9)
    axes[0][0].legend(title="rate", fontsize=8)
    figure.supxlabel("step")
    figure.supylabel("mean squared error, smoothed")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out, dpi=110)


def smooth(losses: Sequence[float]) -> list[float]:
    """The running mean over a twentieth of them."""
    width = max(1, len(losses) // 20)
    return [mean(losses[max(0, place - width) : place + 1]) for place in range(len(losses))]
