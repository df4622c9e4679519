"""What it is worth on a CPU that freed memory is kept: a training step with and without it, in processes in turns.

python -m benchmarks allocator [--rounds 3] [--steps 8] [--threads 1] [--json FILE] [--quick]
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.speed.machine import machine
from benchmarks.speed.timing import Ratio, ratio, tell
from deblur_lightning.commands.experiment.allocator import keep_freed_memory
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.networks.unet import UNet

NETWORKS = {
    "SRCNN 9-1-5, 32x1x64x64": ((32, 1, 64, 64), lambda: SRCNN(channels=1)),
    "NAFNet 32, 8x3x96x96": (
        (8, 3, 96, 96),
        lambda: NAFNet(width=32, encoder_blocks=[1, 2], middle_blocks=6, decoder_blocks=[1, 2], window=96, shuffle=2),
    ),
    "U-Net 64-512, 8x3x96x96": ((8, 3, 96, 96), lambda: UNet(widths=[64, 128, 256, 512])),
}


@dataclass(frozen=True)
class Measured:
    """How many times as fast a step is with freed memory kept, and MiB at the peak without and with it."""

    network: str
    speed: Ratio
    peaks: tuple[float, float]


def step_seconds(network: nn.Module, shape: tuple[int, ...], steps: int) -> float:
    """The median of some steps of Adam on a squared error, after two that do not count."""
    optimizer = torch.optim.Adam(network.parameters())
    image = torch.rand(shape)
    times = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        loss = F.mse_loss(network(image), image)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def in_a_process(network: str, kept: bool, options: argparse.Namespace) -> dict[str, float]:
    """Seconds of a step, and MiB at the peak of the process."""
    command = [sys.executable, "-m", "benchmarks.speed.allocator", f"--network={network}", f"--steps={options.steps}"]
    command += [f"--threads={options.threads}", *(["--kept"] if kept else []), *(["--quick"] if options.quick else [])]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def measured(network: str, options: argparse.Namespace) -> Measured:
    """One network, in interleaved processes."""
    rounds = [[in_a_process(network, kept, options) for kept in (False, True)] for _ in range(options.rounds)]
    plain, kept = ([found[position] for found in rounds] for position in (0, 1))
    speed = ratio([found["seconds"] for found in kept], [found["seconds"] for found in plain])
    return Measured(network, speed, (max(f["MiB"] for f in plain), max(f["MiB"] for f in kept)))


def _one(options: argparse.Namespace) -> None:
    from benchmarks.speed.restoring import peak

    if options.kept:
        keep_freed_memory()
    shape, build = NETWORKS[options.network]
    shape = (1, shape[1], 16, 16) if options.quick else shape
    print(json.dumps({"seconds": step_seconds(build(), shape, options.steps), "MiB": peak()}))


def main(arguments: Sequence[str] | None = None) -> list[Measured]:
    """Measure, print and, if asked to, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NAME")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="tiny images: does everything run?")
    parser.add_argument("--network", choices=NETWORKS, help=argparse.SUPPRESS)
    parser.add_argument("--kept", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    if options.network:
        _one(options)
        return []
    rows = [measured(network, options) for network in options.only]
    cells = [[row.network, str(row.speed), *(f"{peak:.0f}" for peak in row.peaks)] for row in rows]
    tell(["step of", "speed, kept / not", "peak MiB, not", "peak MiB, kept"], cells, rows, machine(), options.json)
    return rows


if __name__ == "__main__":
    main()
