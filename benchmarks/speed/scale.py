"""How training grows: one process against two, memory by crop and batch, validation by the size of its set.

python -m benchmarks scale [--parts processes memory validation] [--json FILE] [--quick]

Processes have one thread each; pin twice as many cores (taskset) as one process needs. Memory and validation are each
measured in a process of its own, above what it held before.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from torch.nn import functional as F

from benchmarks.reporting import machine, report, script_parser
from benchmarks.timing import in_fresh_process, peak_rss
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.methods.srcnn import SRCNNRestorer
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.sources.dead_leaves import DeadLeaves

EXPERIMENTS = ("srcnn_915", "nafnet_blind")
CROPS = ((32, 8), (64, 8), (96, 8), (96, 16), (96, 32), (192, 8))
SETS = (10, 20, 40, 80)
WARM_UP = 3


@dataclass(frozen=True)
class Figure:
    """One figure: what, of which size, and the value in its unit."""

    what: str
    size: str
    value: float
    unit: str


class Throughput(Callback):
    """Writes the batches per second of each process, after some that do not count, to ``rate.json`` in the run."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def on_train_batch_end(self, *_: Any) -> None:
        self._times.append(time.perf_counter())

    def on_train_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.is_global_zero:
            times = self._times[WARM_UP:]
            rate = (len(times) - 1) / (times[-1] - times[0])
            (Path(trainer.default_root_dir) / "rate.json").write_text(json.dumps(rate))


def rate_of(experiment: str, processes: int, batches: int) -> float:
    """Batches per second over all processes of `deblur fit`."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "deblur_lightning", "fit", f"--config=experiments/{experiment}.yaml", f"--run={folder}/run"]
        limits = [f"--trainer.limit_train_batches={batches}", "--trainer.limit_val_batches=0", "--trainer.max_epochs=1"]
        data = ["--data.num_workers=0", "--data.epoch_length=100000", "--trainer.enable_progress_bar=false"]
        several = [f"--trainer.devices={processes}", "--trainer.accelerator=cpu"]
        several += ["--trainer.strategy=ddp"] if processes > 1 else []
        timer = "--trainer.callbacks+=benchmarks.speed.scale.Throughput"
        one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
        arguments = [sys.executable, *command, *limits, *data, *several, timer]
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=one_thread)
        return processes * float(json.loads((Path(folder) / "run" / "rate.json").read_text()))


def by_processes(options: Namespace) -> list[Figure]:
    """One against two, in turns."""
    rows = []
    for experiment in EXPERIMENTS[:1] if options.quick else EXPERIMENTS:
        rounds = [
            [rate_of(experiment, count, WARM_UP + options.batches) for count in (1, 2)] for _ in range(options.rounds)
        ]
        gain = statistics.median(two / one for one, two in rounds)
        rows.append(Figure(f"{experiment}: two processes over one", "", gain, "times the throughput"))
    return rows


def step_memory(crop: int, batch: int) -> float:
    """MiB that three steps of experiments/nafnet_blind.yaml's network take above what was held before."""
    torch.set_num_threads(1)
    network = NAFNet(width=32, encoder_blocks=[1, 2], middle_blocks=6, decoder_blocks=[1, 2], window=96, shuffle=2)
    optimizer = torch.optim.AdamW(network.parameters())
    before = peak_rss()
    for _ in range(3):
        image = torch.rand(batch, 3, crop, crop)
        optimizer.zero_grad()
        F.mse_loss(network(image), image).backward()
        optimizer.step()
    return peak_rss() - before


def validate(count: int) -> dict[str, float]:
    """Seconds of validating on so many images, and MiB above what was held before."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
        trainer = Trainer(accelerator="cpu", default_root_dir=folder, **quiet)  # type: ignore[arg-type]
        data = SyntheticBlur(DeadLeaves(10 * count), MotionBlur(), num_workers=0)
        model = SRCNNRestorer(SRCNN(widths=[8, 8]))
        trainer.validate(model, SyntheticBlur(DeadLeaves(20), MotionBlur(), num_workers=0), verbose=False)
        before, start = peak_rss(), time.perf_counter()
        trainer.validate(model, data, verbose=False)
        return {"seconds": time.perf_counter() - start, "MiB": peak_rss() - before}


def by_crop(options: Namespace) -> list[Figure]:
    """Memory of training by side and batch."""
    crops = ((16, 2),) if options.quick else CROPS
    return [
        Figure(
            "memory of a step of NAFNet", f"{batch}x3x{crop}x{crop}", in_fresh_process(step_memory, crop, batch), "MiB"
        )
        for crop, batch in crops
    ]


def by_set(options: Namespace) -> list[Figure]:
    """Time and memory of a validation by its images."""
    rows = []
    for count in (4,) if options.quick else SETS:
        found = in_fresh_process(validate, count)
        rows.append(Figure("time of a validation", f"{count} images", 1000 * found["seconds"] / count, "ms an image"))
        rows.append(Figure("memory of a validation", f"{count} images", found["MiB"], "MiB"))
    return rows


PARTS = {"processes": by_processes, "memory": by_crop, "validation": by_set}


def main(arguments: Sequence[str] | None = None) -> list[Figure]:
    """Measure, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", "--quick", rounds=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--batches", type=int, default=20)
    options = parser.parse_args(arguments)
    rows = [row for part in options.parts for row in PARTS[part](options)]
    cells = [[row.what, row.size, f"{row.value:.2f}", row.unit] for row in rows]
    report(["what", "size", "value", "unit"], cells, rows, machine(), options.json)
    return rows
