"""Seconds until `deblur` answers and until `deblur fit` begins its first step, against importing Lightning.

python -m benchmarks startup [--rounds 5] [--experiment srcnn_915] [--json FILE]

Each in a process of its own, in turns. The validation image that Lightning tries before training is counted.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.machine import machine
from benchmarks.speed.timing import Ratio, ratio, tell

COMMANDS = {
    "deblur --version": ["-m", "deblur_lightning", "--version"],
    "import lightning": ["-c", "import lightning.pytorch"],
    "deblur fit": ["-m", "benchmarks.speed.startup", "--until-the-first-step"],
}


@dataclass(frozen=True)
class Measured:
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


def main(arguments: Sequence[str] | None = None) -> Measured | None:
    """Measure, print and, if asked to, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--experiment", default="srcnn_915")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--until-the-first-step", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.until_the_first_step:
        until_the_first_step(options.experiment)
        return None
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(options.rounds):
        for name, command in COMMANDS.items():
            experiment = [f"--experiment={options.experiment}"] if "--until-the-first-step" in command else []
            taken[name].append(seconds([*command, *experiment]))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    found = Measured(medians, ratio(taken["import lightning"], taken["deblur fit"]))
    rows = [[name, f"{value:.2f}", str(found.fit) if "fit" in name else ""] for name, value in medians.items()]
    tell(["process", "seconds", "/ import lightning (aim 1.5)"], rows, [found], machine(), options.json)
    return found


if __name__ == "__main__":
    main()
