"""Whether a run that was continued on a device ends with the same weights to the bit, and what determinism costs.

python -m benchmarks device_resume [--device cuda] [--only NAME ...] [--steps 200] [--json FILE] [--quick]

Each run is a process of its own: a whole one, its first half, and the rest. A step's time is the difference between the
whole run's and the half's over the steps between them, so that starting up does not count. Rates are constant: a
schedule would be of the half's length.
"""

import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.reporting import machine, report, script_parser

CUBLAS = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""What torch asks for before it calls cuBLAS deterministic."""
EXPERIMENTS = ("deblurgan", "nafnet_blind")
SMALL = {
    "deblurgan": ("--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]"),
    "nafnet_blind": ("--model.network.width=4",),
}


@dataclass(frozen=True)
class Resumed:
    """Of an experiment: whether both ends are equal, and a step's seconds with deterministic algorithms and without."""

    experiment: str
    equal: bool
    deterministic: float
    usual: float


def fit(experiment: str, folder: Path, steps: int, options: Namespace, *more: str) -> float:
    """Train; returns the seconds that it took.

    Raises:
        CalledProcessError: the run failed.
    """
    command = [sys.executable, "-m", "deblur_lightning", "fit", f"--config=experiments/{experiment}.yaml"]
    command += [f"--run={folder}", f"--trainer.max_steps={steps}", "--trainer.max_epochs=-1", *more]
    command += [f"--trainer.accelerator={'gpu' if options.device == 'cuda' else 'cpu'}", "--trainer.devices=1"]
    command += ["--trainer.limit_val_batches=0", "--trainer.enable_progress_bar=false", "--model.schedule=Constant"]
    if options.quick:
        command += [*SMALL[experiment], "--data.crop_size=32", "--data.batch_size=2", "--data.num_workers=0"]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | CUBLAS)
    return time.perf_counter() - start


def measure(experiment: str, folder: Path, options: Namespace) -> Resumed:
    """Five runs of one experiment."""
    half, whole = options.steps // 2, options.steps
    exactly = ("--trainer.deterministic=true",)
    seconds = {
        (way, steps): fit(experiment, folder / f"{way}{steps}", steps, options, *more)
        for way, more in (("usual", ()), ("exactly", exactly))
        for steps in (half, whole)
    }
    first = folder / f"exactly{half}" / "checkpoints" / "last.ckpt"
    fit(experiment, folder / "rest", whole, options, *exactly, f"--ckpt_path={first}")
    at_once, in_two = (weights_of(folder / run) for run in (f"exactly{whole}", "rest"))
    equal = all(torch.equal(value, in_two[name]) for name, value in at_once.items())
    step = {way: (seconds[way, whole] - seconds[way, half]) / (whole - half) for way in ("usual", "exactly")}
    return Resumed(experiment, equal, step["exactly"], step["usual"])


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    """What a run ended with."""
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
    state: dict[str, torch.Tensor] = checkpoint["state_dict"]
    return state


def main(arguments: Sequence[str] | None = None) -> list[Resumed]:
    """Run, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", "--quick", device="cpu")
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=EXPERIMENTS, metavar="NAME")
    parser.add_argument("--steps", type=int, default=200, help="of a whole run; a GAN counts each network's")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(experiment, Path(folder) / experiment, options) for experiment in options.only]
    cells = [
        [row.experiment, "yes" if row.equal else "NO", f"{row.deterministic:.3f}", f"{row.usual:.3f}"] for row in rows
    ]
    header = ["experiment", "equal to the bit", "s/step, deterministic", "s/step"]
    report(header, cells, rows, machine(options.device), options.json)
    return rows
