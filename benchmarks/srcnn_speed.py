"""What SRCNN's width costs: seconds for a million pixels of training, by precision, memory layout and compilation.

python -m benchmarks.srcnn_speed [--device cpu] [--widths 76 1024 2048] [--side 64] [--batch 2] [--compile]

A step is forward, backward and Adam. Report D tells 383 minutes for 3 epochs of 72,000 images at width 1024; the last
column says how long that many images of 256x256 pixels (it does not tell their size) would take.
"""

import argparse
import contextlib
import time
from collections.abc import Sequence

import torch
from torch.nn import functional as F

from deblur_lightning.networks.srcnn import SRCNN

IMAGES = 3 * 72_000 * 256**2 / 1e6
"""Report D's training in millions of pixels."""


def main(arguments: Sequence[str] | None = None) -> list[float]:
    """Print the table; returns the seconds of each row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--widths", type=int, nargs="+", default=[76, 1024, 2048])
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args(arguments)
    print("| width | precision | layout | seconds for a million pixels | report D's training, hours |")
    print("|---|---|---|---|---|")
    found = []
    for width in options.widths:
        for bf16 in (False, True):
            for layout in (torch.contiguous_format, torch.channels_last):
                seconds = seconds_for_a_million(width, bf16, layout, options)
                words = f"{'bf16' if bf16 else 'float32'} | {str(layout).removeprefix('torch.')}"
                print(f"| {width} | {words} | {seconds:.2f} | {seconds * IMAGES / 3600:.1f} |", flush=True)
                found.append(seconds)
    return found


def seconds_for_a_million(width: int, bf16: bool, layout: torch.memory_format, options: argparse.Namespace) -> float:
    """The least of some steps, after one that does not count."""
    device = torch.device(options.device)
    network = SRCNN(widths=(width, width), paddings=(2, 2, 2)).to(device, memory_format=layout)
    step = torch.compile(network) if options.compile else network
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    shape = (options.batch, 3, options.side, options.side)
    blurred, sharp = (torch.rand(shape, device=device).to(memory_format=layout) for _ in range(2))
    times = []
    for _ in range(options.steps + 1):
        begun = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16) if bf16 else contextlib.nullcontext():
            loss = F.mse_loss(step(blurred), sharp)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - begun)
    return min(times[1:]) * 1e6 / (options.batch * options.side**2)


if __name__ == "__main__":
    main()
