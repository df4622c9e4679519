"""Held-out gain against seconds of training on a CPU: which network for a minute, ten minutes, an hour.

python -m benchmarks quality [--minutes 1 10 60] [--only NAME ...] [--runs runs/quality] [--threads 1] [--json FILE]
                             [-- SETTING...]

Every network learns on the data of experiments/deblurgan.yaml (motion blur of 7 to 15 pixels) by the recipe of
experiments/nafnet_blind.yaml, SRCNN by that of srcnn_915.yaml at a rate of 1e-3, until its time is up, and is tested on
the five held-out photographs. There are no loader processes: the images are made within that time, on the same core.
Runs that are there are not repeated; the commit below the table is that of the last.
"""

import os
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
import yaml

from benchmarks.reporting import ONE_SEED, machine, mean, report, script_parser, with_half_width
from benchmarks.studies.study_run import StudyRun, difference


def naf(width: int) -> dict[str, object]:
    """NAFNet of a width, as a network's settings."""
    blocks = {"encoder_blocks": [1, 2], "middle_blocks": 6, "decoder_blocks": [1, 2], "window": 96, "shuffle": 2}
    return {"class_path": "NAFNet", "init_args": {"width": width, **blocks}}


def regression(network: dict[str, object], batch_size: int = 8) -> dict[str, object]:
    """Settings of model and batch: AdamW, an average of the weights; no schedule knows how many steps there will be."""
    arguments = {"network": network, "lr": 1e-3, "ema_decay": 0.999, "schedule": {"class_path": "Constant"}}
    model = {"class_path": "RegressionRestorer", "init_args": arguments}
    return {"model": model, "trainer": {"gradient_clip_val": 1.0}, "data": {"init_args": {"batch_size": batch_size}}}


SRCNN_915 = {"class_path": "SRCNN", "init_args": {"kernels": [9, 1, 5], "widths": [64, 32]}}
NETWORKS = {
    "SRCNN 9-1-5": {
        "model": {"class_path": "SRCNNRestorer", "init_args": {"network": SRCNN_915, "lr": 1e-3}},
        "data": {"init_args": {"batch_size": 8}},
    },
    "U-Net 32-256": regression({"class_path": "UNet", "init_args": {"widths": [32, 64, 128, 256]}}),
    "NAFNet 8": regression(naf(8)),
    "NAFNet 16": regression(naf(16)),
    "NAFNet 32": regression(naf(32)),
}


@dataclass(frozen=True)
class Gains:
    """Gain in dB of each held-out photograph after so many minutes."""

    network: str
    minutes: float
    steps: int
    gains: list[float]


def run_of(network: str, minutes: float, options: Namespace) -> StudyRun:
    """The run, its settings written beside it."""
    folder = options.runs / f"{network.lower().replace(' ', '_')}-{minutes:g}min"
    base = yaml.safe_load(Path("experiments/deblurgan.yaml").read_text(encoding="utf-8"))
    base["data"]["init_args"] |= {"epoch_length": 10**8}
    chosen = NETWORKS[network]
    base["model"] = chosen["model"]
    base["data"]["init_args"] |= chosen["data"]["init_args"]  # type: ignore[index]
    base["trainer"] |= chosen.get("trainer", {})  # type: ignore[operator]
    until = timedelta(minutes=minutes)
    days = f"{until.days:02d}:{until.seconds // 3600:02d}:{until.seconds // 60 % 60:02d}:{until.seconds % 60:02d}"
    base["trainer"] |= {"max_time": days, "limit_val_batches": 0, "max_epochs": 1}
    options.runs.mkdir(parents=True, exist_ok=True)
    config = folder.with_suffix(".yaml")
    config.write_text(yaml.safe_dump(base))
    return StudyRun(folder, (f"--config={config}", *options.settings))


def train_and_test(network: str, minutes: float, options: Namespace) -> Gains:
    """Train and test one network, unless that has been done."""
    run = run_of(network, minutes, options)
    run.make()
    steps = max((step for step, _ in run.curve("train/loss")), default=0) + 1
    return Gains(network, minutes, steps, run.values("psnr_gain"))


def cells(row: Gains, rows: Sequence[Gains]) -> list[str]:
    """A row of the printed table: means and 95 % intervals over the photographs, paired in the last column."""
    best = max((other for other in rows if other.minutes == row.minutes), key=lambda other: mean(other.gains))
    behind = "" if row is best else difference(row.gains, best.gains)
    return [row.network, f"{row.minutes:g}", str(row.steps), with_half_width(row.gains), behind]


def main(arguments: Sequence[str] | None = None) -> list[Gains]:
    """Measure, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", "settings", runs=Path("runs/quality"), threads=1)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 10.0, 60.0])
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NAME")
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    torch.set_num_threads(options.threads)  # which the line below the table tells
    rows = [train_and_test(network, minutes, options) for minutes in options.minutes for network in options.only]
    header = ["network", "minutes", "steps", "gain, dB", "behind the best of its minutes"]
    report(header, [cells(row, rows) for row in rows], rows, machine(), options.json)
    print(ONE_SEED)
    return rows
