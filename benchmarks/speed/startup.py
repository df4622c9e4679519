"""Seconds until `deblur` answers and until `deblur fit` begins its first step, against importing Lightning.

python -m benchmarks startup [--rounds 5] [--experiment srcnn_915] [--json FILE]

Each in a process of its own, in turns. The validation image that Lightning tries before training is counted.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.reporting import machine, report, script_parser
from benchmarks.timing import Ratio, ratio

COMMANDS = {
    "deblur --version": ["-m", "deblur_lightning", "--version"],
    "import lightning": ["-c", "import lightning.pytorch"],
    "deblur fit": ["-c", "import sys; from benchmarks.speed import startup; startup.until_the_first_step(sys.argv[1])"],
}


@dataclass(frozen=True)
class Startup:
    """Seconds by command, medians over rounds, and `deblur fit`'s over the import's."""

    seconds: dict[str, float]
    fit: Ratio


def until_the_first_step(experiment: str) -> None:
    """``deblur fit``, ended when its first batch is at hand."""
    from lightning.pytorch import Callback

    from benchmarks.speed.overhead import run_with

    class Stop(Callback):
        def on_train_batch_start(self, *_: Any) -> None:
            os._exit(0)

    with tempfile.TemporaryDirectory() as folder:
        run_with(Stop(), [f"--config=experiments/{experiment}.yaml", f"--run={folder}/run", "--data.num_workers=0"])


def seconds(command: Sequence[str]) -> float:
    """Of a process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(arguments: Sequence[str] | None = None) -> Startup:
    """Measure, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", rounds=5)
    parser.add_argument("--experiment", default="srcnn_915")
    options = parser.parse_args(arguments)
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(options.rounds):
        for name, command in COMMANDS.items():
            experiment = [options.experiment] if name == "deblur fit" else []
            taken[name].append(seconds([*command, *experiment]))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    found = Startup(medians, ratio(taken["import lightning"], taken["deblur fit"]))
    rows = [[name, f"{value:.2f}", str(found.fit) if "fit" in name else ""] for name, value in medians.items()]
    report(["process", "seconds", "/ import lightning (aim 1.5)"], rows, [found], machine(), options.json)
    return found
