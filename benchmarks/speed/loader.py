"""Images per second that the loader gives, by source and loader processes, beside what the fastest network takes.

python -m benchmarks loader [--batches 12] [--rounds 3] [--workers 0 2] [--json FILE] [--quick]

Crops of 96x96 with the margin of report E's motion blur, in batches of 64. Sources: the bundled photographs (decoded
once and kept), dead leaves, a folder of JPEG photographs, a folder of PNG files of 96x96, and the same packed in one
file that is mapped into memory. Network: a training step of SRCNN 9-1-5 in colour, on as many threads.
"""

import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch.nn import functional as F
from torch.utils.data import DataLoader

from benchmarks.reporting import machine, report, script_parser
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.files.images import write_png
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.sources.base import Source
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.photos import Photos
from deblur_lightning.sources.stl10 import STL10


@dataclass(frozen=True)
class Rate:
    """Images per second, the median over rounds, and how many times what the network takes that is."""

    source: str
    workers: int
    rate: float
    over_network: float


def sources(folder: Path, count: int) -> Mapping[str, Source]:
    """By name; image files are written to ``folder``."""
    photo = Image.fromarray(Photos().split("test").pixels(3).permute(1, 2, 0).numpy())
    leaves = DeadLeaves(count, size=96).split("train")
    for part in ("photos/train", "small/train", "packed"):
        (folder / part).mkdir(parents=True)
    for number in range(count):
        photo.rotate(number).save(folder / "photos" / "train" / f"{number:03d}.jpg", quality=92)
        write_png(folder / "small" / "train" / f"{number:03d}.png", leaves.pixels(number))
    pixels = torch.stack([leaves.pixels(number) for number in range(count)])
    (folder / "packed" / "train_X.bin").write_bytes(pixels.transpose(2, 3).contiguous().numpy().tobytes())
    return {
        "bundled photographs, kept": Photos(),
        "dead leaves of 160x160": DeadLeaves(count),
        "folder, JPEG of 600x400": Folder(folder / "photos"),
        "folder, PNG of 96x96": Folder(folder / "small"),
        "packed, 96x96": STL10(folder / "packed"),
    }


def batches(source: Source, workers: int, crop: int, size: int) -> Iterator[object]:
    """Without an end; the processes are started before the first is given."""
    data = SyntheticBlur(source, MotionBlur(), crop, size, epoch_length=10**8, num_workers=workers)
    data.setup("fit")
    loader: DataLoader[object] = data.train_dataloader()
    return iter(loader)


def rate_of(stream: Iterator[object], count: int, size: int) -> float:
    """Images per second over some batches."""
    start = time.perf_counter()
    for _ in itertools.islice(stream, count):
        pass
    return count * size / (time.perf_counter() - start)


def network_rate(crop: int, size: int) -> float:
    """Images per second of a training step, the best of three."""
    network, image = SRCNN(), torch.rand(size, 3, crop, crop)
    optimizer = torch.optim.Adam(network.parameters())
    times = []
    for _ in range(4):
        start = time.perf_counter()
        optimizer.zero_grad()
        F.mse_loss(network(image), image).backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    return size / min(times[1:])


def main(arguments: Sequence[str] | None = None) -> list[Rate]:
    """Measure, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", "--quick", rounds=3, threads=1)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    crop, size, count = (16, 4, 4) if options.quick else (96, 64, 40)
    rates: dict[tuple[str, int], list[float]] = {}
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        given = sources(Path(folder), count)
        for _ in range(options.rounds):
            taken.append(network_rate(crop, size))
            for name, workers in itertools.product(given, options.workers):
                stream = batches(given[name], workers, crop, size)
                rate_of(stream, 1 + 2 * workers, size)  # so many are made in advance
                rates.setdefault((name, workers), []).append(rate_of(stream, options.batches, size))
                del stream  # and with it the processes, which would go on
    network = statistics.median(taken)
    rows = [Rate(*key, statistics.median(found), statistics.median(found) / network) for key, found in rates.items()]
    cells = [[row.source, str(row.workers), f"{row.rate:,.0f}", f"{row.over_network:.1f}"] for row in rows]
    header = ["source", "processes", "images/s", f"/ SRCNN 9-1-5's {network:,.0f}"]
    report(header, cells, rows, machine(), options.json)
    return rows
