"""What SRCNN's width costs: seconds for a million pixels of training, by precision, memory layout and compilation.

python -m benchmarks srcnn_speed [--device cpu] [--widths 76 1024 2048] [--variants NAME ...] [--side 64] [--batch 2]
                                 [--steps 5] [--threads 1] [--json FILE]

A step is forward, backward and Adam; the median of some, after one that does not count. Report D tells 383 minutes for
3 epochs of 72,000 images at width 1024; the last column says how long that many images of 256x256 pixels (it does not
tell their size) would take.
"""

import statistics
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch

from benchmarks.reporting import machine, report, script_parser
from benchmarks.speed.plain_torch import by_hand
from benchmarks.speed.precisions import keep, precision, prepare
from benchmarks.timing import seconds_for
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
class Seconds:
    """Seconds for a million pixels."""

    width: int
    variant: str
    seconds: float


def measure(width: int, variant: str, options: Namespace) -> Seconds:
    """One width in one variant."""
    device = torch.device(options.device)
    layout = torch.channels_last if "channels-last" in variant else torch.contiguous_format
    model = prepare(lambda: SRCNNRestorer(SRCNN(widths=(width, width), paddings=(2, 2, 2))), variant, device)
    shape = (options.batch, 3, options.side, options.side)
    blurred, sharp = (torch.rand(shape, device=device).to(memory_format=layout) for _ in range(2))
    loop = by_hand(model, [(blurred, sharp)], clip_norm=None, take=keep)
    with precision(variant, device):
        times = [seconds_for(lambda: next(loop), 1, device) for _ in range(options.steps + 1)][1:]
    return Seconds(width, variant, statistics.median(times) * 1e6 / (options.batch * options.side**2))


def main(arguments: Sequence[str] | None = None) -> list[Seconds]:
    """Measure, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", device="cpu", threads=1)
    parser.add_argument("--widths", type=int, nargs="+", default=[76, 1024, 2048])
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    rows = []
    for width, variant in product(options.widths, options.variants):
        torch.compiler.reset()
        rows.append(measure(width, variant, options))
    cells = [[str(row.width), row.variant, f"{row.seconds:.2f}", f"{row.seconds * IMAGES / 3600:.1f}"] for row in rows]
    header = ["width", "variant", "seconds for a million pixels", "report D's training, hours"]
    report(header, cells, rows, machine(options.device), options.json)
    return rows
