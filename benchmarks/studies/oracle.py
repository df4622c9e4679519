"""The tables of docs/deconvolution.md: deconvolution layers and filters told the PSF, on six blurs and three noises.

python -m benchmarks oracle [--runs FOLDER] [--methods NAME ...] [--blurs NAME ...] [--data FOLDER]
python -m benchmarks oracle --filters --blurs "motion 9, 30 deg" "Gaussian 5, s 1" "box 5"

Every cell is a fit and a test by the real command line: grey photographs, reflected borders, 8 bits, 16 pixels at each
edge left out of the scores. With --data, a folder of photographs (subfolder "test"), those are tested on too, by what
was trained on the bundled ones. Runs that are there already are not repeated. The table of the methods named is printed
as Markdown. Two of them are references: the best linear filter, and the best of the classical ones that are not linear.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.reporting import ONE_SEED, mean, script_parser, table
from benchmarks.studies.study_run import deblur, difference
from deblur_lightning.records import ScoreRecord, read_scores

BLURS: dict[str, dict[str, Any]] = {
    "Gaussian 5, s 1": {"class_path": "GaussianBlur", "init_args": {"sigma": [1, 1], "kernel_size": [5, 5]}},
    "Gaussian 11, s 1.6": {"class_path": "GaussianBlur", "init_args": {"sigma": [1.6, 1.6], "kernel_size": [11, 11]}},
    "box 3": {"class_path": "BoxBlur", "init_args": {"width": [3, 3]}},
    "box 5": {"class_path": "BoxBlur", "init_args": {"width": [5, 5]}},
    "motion 9, 30 deg": {"class_path": "MotionBlur", "init_args": {"length": [9, 9], "angle": [30, 30]}},
    "motion 15, 100 deg": {"class_path": "MotionBlur", "init_args": {"length": [15, 15], "angle": [100, 100]}},
}
NOISES = (0, 1, 3)
"""Standard deviations in per cent of the range."""

METHODS = {
    "wiener": "Wiener",
    "unsupervised_wiener": "unsupervised Wiener",
    "richardson_lucy": "Richardson-Lucy",
    "total_variation": "total variation",
    "oracle_wiener": "oracle Wiener, best linear",
    "hyper_laplacian": "hyper-Laplacian",
    "deconv_layer": "one layer",
    "deconv_multi": "four layers, CNN",
}
FILTERS = tuple(METHODS)[:6]
LAYERS_TOO = ("wiener", *tuple(METHODS)[4:])
DIFFERENCES = {
    "one layer - linear": ("deconv_layer", "oracle_wiener"),
    "four - linear": ("deconv_multi", "oracle_wiener"),
}
GREY = {"class_path": "Preprocessed", "init_args": {"base": {"class_path": "Photos"}, "grey": True, "count": None}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing and print the table."""
    parser = script_parser(__doc__, "--data", runs=Path("runs/oracle"))
    parser.add_argument("--methods", nargs="+", default=LAYERS_TOO, choices=METHODS)
    parser.add_argument("--filters", dest="methods", action="store_const", const=FILTERS, help="all that learn nothing")
    parser.add_argument("--blurs", nargs="+", default=list(BLURS), choices=BLURS)
    parser.add_argument("--noises", nargs="+", type=int, default=NOISES, choices=NOISES)
    options = parser.parse_args(arguments)
    for blur in options.blurs:
        for noise in options.noises:
            for method in options.methods:
                run_cell(method, blur, noise, options.runs, options.data)
    tests = ("bundled", "data") if options.data else ("bundled",)
    print(*(psnr_table(options.runs, test, options.methods) for test in tests), ONE_SEED, sep="\n\n")


def folder_of(runs: Path, method: str, blur: str, noise: int) -> Path:
    """Where a cell's run lies."""
    return runs / f"{blur.replace(',', '').replace(' ', '_')}_{noise}" / method


def run_cell(method: str, blur: str, noise: int, runs: Path, data: Path | None) -> None:
    """Fit and test what has not been yet."""
    run = folder_of(runs, method, blur, noise)
    degradation = json.dumps(degradation_settings(blur, noise))
    if not (run / "checkpoints" / "last.ckpt").exists():
        arguments = [f"--config=experiments/{method}.yaml", f"--run={run}", f"--data.degradation={degradation}"]
        if method in FILTERS:
            arguments += [f"--data.source={json.dumps(GREY)}", "--model.crop_border=16"]
        deblur("fit", *arguments)
    tests = {"bundled": GREY}
    if data is not None:
        photos = {"class_path": "Folder", "init_args": {"root": str(data)}}
        tests["data"] = {"class_path": "Preprocessed", "init_args": {"base": photos, "grey": True, "count": None}}
    for name, source in tests.items():
        if not (run / name / "scores.csv").exists():
            checkpoint = f"--ckpt_path={run}/checkpoints/last.ckpt"
            where = (f"--run={run}/{name}", f"--data.source={json.dumps(source)}", "--data.eval_batch_size=1")
            deblur("test", f"--config={run}/config.yaml", checkpoint, *where)


def degradation_settings(blur: str, noise: int) -> dict[str, Any]:
    """The degradation, as settings."""
    if not noise:
        return BLURS[blur]
    level = 2.55 * noise
    read = {"class_path": "SensorNoise", "init_args": {"read": [level, level]}}
    return {"class_path": "Chain", "init_args": {"steps": [BLURS[blur], read]}}


def psnr_table(runs: Path, test: str, methods: Sequence[str]) -> str:
    """Markdown: a line for each blur and noise of which all ``methods`` have been tested."""
    pairs = {title: pair for title, pair in DIFFERENCES.items() if set(pair) <= set(methods)}
    rows = []
    for blur in BLURS:
        for noise in NOISES:
            files = {name: folder_of(runs, name, blur, noise) / test / "scores.csv" for name in methods}
            if all(file.exists() for file in files.values()):
                records = {name: read_scores(file) for name, file in files.items()}
                rows.append(_row(blur, noise, records, pairs.values()))
    return table(["blur", "noise, %", "blurred", *(METHODS[name] for name in methods), *pairs], rows)


def _row(blur: str, noise: int, records: dict[str, list[ScoreRecord]], pairs: Iterable[tuple[str, str]]) -> list[str]:
    inputs = {tuple(r.inputs for r in of if r.metric == "psnr") for of in records.values()}
    if len(inputs) > 1:
        raise SystemExit(f"{blur}, noise {noise}: the methods were not tested on the same images.")
    psnr = {name: [r.value for r in of if r.metric == "psnr"] for name, of in records.items()}
    blurred = mean([r.value for r in next(iter(records.values())) if r.metric == "psnr_blurred"])
    figures = [f"{mean(values):.2f}" for values in psnr.values()]
    differences = [difference(psnr[ours], psnr[reference]) for ours, reference in pairs]
    return [blur, str(noise), f"{blurred:.2f}", *figures, *differences]
