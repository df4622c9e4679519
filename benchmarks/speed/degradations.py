"""Images per second of our degradations against kornia, albumentations and deepinv, at the same kernel size.

python -m benchmarks degradations [--quick] [--threads 2] [--json FILE] [--device cpu|cuda]
"""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import torch

from benchmarks.reporting import machine, report, script_parser
from benchmarks.speed.blur_comparisons import Line, lines
from benchmarks.speed.blur_implementations import Images
from benchmarks.timing import Ratio, Rounds, peak_gpu_memory, ratio, time_in_turns

SHAPES = ((64, 3, 96, 96), (16, 3, 256, 256))
SIZES, LARGER = (15, 21), (31,)
COLUMNS = ("ours", "kornia", "albumentations", "deepinv", "bare convolution")
NOTES = """\
Images per second, medians over rounds; "ours / kornia" is the median (and quartiles) of the ratio within a round.
Counted everywhere: the draws, one PSF for each sample, the blur, clamping and rounding to 8 bits; from a float32
batch to a float32 batch. Motions are K pixels long, as kornia's are.
  kornia            its motion has one length, its box one width for the whole batch (ours: one for each sample);
                    it draws no defocus, shake or mixture: there its filter2d convolves with our PSFs
  albumentations    as one loader process runs it, image by image, from decoded uint8 arrays (making them is not
                    counted) to the float32 batch on the device (counted)
  deepinv           GaussianBlurGenerator, and MotionBlurGenerator (a random trajectory), with its conv2d
  bare convolution  torch's grouped conv2d with K x K taps, alone: nothing drawn, extended or rounded"""


@dataclass(frozen=True)
class Row:
    """The figures of one line of the table.

    Attributes:
        line: the degradation.
        images: shape of the batch.
        size: K, taps on each side.
        rates: images per second, median over rounds; None where a work cannot run here.
        ratio: ours over kornia's.
        memory: peak MiB of the device above what was there before; empty on a CPU.
    """

    line: str
    images: tuple[int, ...]
    size: int
    rates: dict[str, float | None]
    ratio: Ratio
    memory: dict[str, float]


def measure(line: Line, size: int, images: Images, turns: Rounds) -> Row:
    """The row of one degradation at one size of batch and PSF."""
    device = images.sharp.device
    works = {name: build(size, images) for name, build in line.builds.items() if build}
    seconds = time_in_turns(works, turns, device)
    count = len(images.sharp)
    medians = {name: count / sorted(times)[len(times) // 2] for name, times in seconds.items()}
    return Row(
        line=line.name,
        images=tuple(images.sharp.shape),
        size=size,
        rates={name: medians.get(name) for name in line.builds},
        ratio=ratio(seconds["ours"], seconds["kornia"]),
        memory={name: peak_gpu_memory(work, device) for name, work in works.items()} if device.type == "cuda" else {},
    )


def measure_all(options: Namespace) -> Iterator[Row]:
    """Measure everything, a row at a time."""
    turns = Rounds(rounds=1, least_seconds=0) if options.quick else Rounds(rounds=options.rounds)
    sizes, larger = ((9,), (11,)) if options.quick else (SIZES, LARGER)
    shapes = ((4, 3, 32, 32),) if options.quick else SHAPES
    for shape, line in product(shapes, lines(sizes, larger)):
        images = Images.noise(shape, torch.device(options.device))
        for size in line.sizes:
            yield measure(line, size, images, turns)


def cells(row: Row) -> list[str]:
    """A row of the printed table; a dash stands for what a package does not offer."""
    rates = []
    for name in COLUMNS:
        rate = row.rates.get(name)
        rates.append(f"{rate:,.0f}" if rate else "not installed" if name in row.rates else "-")
    memory = [f"{row.memory[name]:.0f}" for name in ("ours", "kornia") if row.memory]
    return [row.line, "x".join(map(str, row.images)), str(row.size), *rates, str(row.ratio), *memory]


def aims(rows: Sequence[Row]) -> list[str]:
    """What we hold ourselves to, and where it is missed."""
    wanted = [
        ("never slower than kornia", 1.0, rows),
        ("1.3 times kornia in motion at 256", 1.3, [r for r in rows if r.line == "motion" and r.images[-1] >= 256]),
        ("3 times kornia in box", 3.0, [row for row in rows if row.line == "box"]),
    ]
    results = []
    for name, least, chosen in wanted:
        missed = [f"{r.line} {r.images[-1]} K={r.size}: {r.ratio}" for r in chosen if r.ratio.median < least]
        results.append(
            f"{name}: " + (f"missed in {'; '.join(missed)}" if missed else "met" if chosen else "not measured")
        )
    return results


def main(arguments: Sequence[str] | None = None) -> list[Row]:
    """Measure, print and, if asked to, write."""
    options = script_parser(__doc__, "--json", "--quick", threads=2, rounds=15, device="cpu").parse_args(arguments)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    with torch.no_grad():
        rows = list(measure_all(options))
    memory = ["MiB, ours", "MiB, kornia"] if options.device == "cuda" else []
    header = ["degradation", "images", "K", *COLUMNS, "ours / kornia", *memory]
    conditions = machine(options.device, ("kornia", "albumentations", "deepinv"))
    report(header, map(cells, rows), rows, conditions, options.json)
    print(f"\n{NOTES}\n\n" + "\n".join(aims(rows)))
    return rows
