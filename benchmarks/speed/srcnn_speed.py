"""What SRCNN's width costs: seconds for a million pixels of training, by precision, memory layout and compilation.

python -m benchmarks srcnn_speed [--device cpu] [--widths 76 1024 2048] [--variants NAME ...] [--side 64] [--batch 2]
                                 [--steps 5] [--threads 1] [--json FILE]

A step is forward, backward and Adam; the median of some, after one that does not count. Report D tells 383 minutes for
3 epochs of 72,000 images at width 1024; the last column says how long that many images of 256x256 pixels (it does not
tell their size) would take.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.speed.accelerator import as_it_is, precision, prepared
from benchmarks.speed.machine import machine
from benchmarks.speed.plain_torch import by_hand
from benchmarks.speed.timing import seconds_for, tell
from deblur_lightning.methods.srcnn import SRCNNRestorer
from deblur_lightning.networks.srcnn import SRCNN

VARIANTS = (
    "fp32",
    "fp32, channels-last",
    "tf32, channels-last",
    "bf16, channels-last",
    "bf16, channels-last, compiled",
)
IMAGES = 3 * 72_000 * 256**2 / 1e6
"""Report D's training in millions of pixels."""


@dataclass(frozen=True)
class Measured:
    """Seconds for a million pixels."""

    width: int
    variant: str
    seconds: float


def measured(width: int, variant: str, options: argparse.Namespace) -> Measured:
    """One width in one variant."""
    device = torch.device(options.device)
    layout = torch.channels_last if "channels-last" in variant else torch.contiguous_format
    model = prepared(lambda: SRCNNRestorer(SRCNN(widths=(width, width), paddings=(2, 2, 2))), variant, device)
    shape = (options.batch, 3, options.side, options.side)
    blurred, sharp = (torch.rand(shape, device=device).to(memory_format=layout) for _ in range(2))
    loop = by_hand(model, [(blurred, sharp)], clip_norm=None, taken=as_it_is)
    with precision(variant, device):
        times = [seconds_for(lambda: next(loop), 1, device) for _ in range(options.steps + 1)][1:]
    return Measured(width, variant, statistics.median(times) * 1e6 / (options.batch * options.side**2))


def main(arguments: Sequence[str] | None = None) -> list[Measured]:
    """Measure, print and, if asked to, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--widths", type=int, nargs="+", default=[76, 1024, 2048])
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    rows = []
    for width in options.widths:
        for variant in options.variants:
            torch.compiler.reset()
            rows.append(measured(width, variant, options))
    cells = [[str(row.width), row.variant, f"{row.seconds:.2f}", f"{row.seconds * IMAGES / 3600:.1f}"] for row in rows]
    header = ["width", "variant", "seconds for a million pixels", "report D's training, hours"]
    tell(header, cells, rows, machine(options.device), options.json)
    return rows


if __name__ == "__main__":
    main()
