"""What it is worth on a CPU that freed memory is kept: a training step with and without it, in processes in turns.

python -m benchmarks allocator [--rounds 3] [--steps 8] [--threads 1] [--json FILE] [--quick]
"""

import statistics
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.reporting import machine, report, script_parser
from benchmarks.timing import Ratio, in_fresh_process, peak_rss, ratio
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
class Comparison:
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


def measure(network: str, kept: bool, options: Namespace) -> dict[str, float]:
    """Seconds of a step, and MiB at the peak of the process, which must be fresh."""
    if kept:
        keep_freed_memory()
    torch.set_num_threads(options.threads)
    shape, build = NETWORKS[network]
    shape = (1, shape[1], 16, 16) if options.quick else shape
    return {"seconds": step_seconds(build(), shape, options.steps), "MiB": peak_rss()}


def compare(network: str, options: Namespace) -> Comparison:
    """One network, in interleaved processes."""
    rounds = [
        [in_fresh_process(measure, network, kept, options) for kept in (False, True)] for _ in range(options.rounds)
    ]
    plain, kept = ([found[position] for found in rounds] for position in (0, 1))
    speed = ratio([found["seconds"] for found in kept], [found["seconds"] for found in plain])
    return Comparison(network, speed, (max(f["MiB"] for f in plain), max(f["MiB"] for f in kept)))


def main(arguments: Sequence[str] | None = None) -> list[Comparison]:
    """Measure, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", "--quick", rounds=3, threads=1)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NAME")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    rows = [compare(network, options) for network in options.only]
    cells = [[row.network, str(row.speed), *(f"{peak:.0f}" for peak in row.peaks)] for row in rows]
    report(["step of", "speed, kept / not", "peak MiB, not", "peak MiB, kept"], cells, rows, machine(), options.json)
    return rows
