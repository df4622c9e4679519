"""What restoring a photo costs: memory, time, and what tiles change.

python -m benchmarks restoring [--ckpt FILE] [--megapixels 24] [--whole 4 12 24] [--tiles N ...] [--threads N]
                               [--json FILE]

Writes a photograph of so many megapixels as a JPEG, restores it with ``deblur restore``'s own code in a process of its
own, and prints as Markdown: the peak memory above that after the imports, the processor time per megapixel (both with
tiles of --tiles pixels a side too), the most that tiles differ from the whole (as ``--check`` measures it), and the
throughput with tiles over that without, on photographs of --whole megapixels (which without tiles take about a gigabyte
each six megapixels). Ten minutes on one core.
"""

import os
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.reporting import machine, report, script_parser
from benchmarks.timing import in_fresh_process, peak_rss
from deblur_lightning.restoring.encoding import encode
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.photos import Photo, read_photo
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels, Tiling
from deblur_lightning.sources.photos import Photos


def photograph(megapixels: float) -> Pixels:
    """A photograph of 3 : 2 and so many megapixels, enlarged and slightly blurred as a large blurred photo is."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    pixels = Photos().split("test").pixels(3).permute(1, 2, 0).numpy()
    return np.asarray(Image.fromarray(pixels).resize((round(1.5 * height), height), Image.Resampling.BICUBIC))


def restore_file(source: Path, ckpt: Path | None, threads: int, tile: int | None = None) -> dict[str, float]:
    """Restore one file as the command does; returns processor seconds, and the peak memory in MiB above the imports."""
    torch.set_num_threads(threads)
    before = peak_rss()
    start = time.process_time()
    restorer = PhotoRestorer(load_model(ckpt), torch.device("cpu"), tile)
    photo = read_photo(source)
    pixels = restorer.restore(photo.pixels)
    source.with_name("restored.jpg").write_bytes(encode(Photo(pixels, photo.alpha, photo.format, photo.settings)))
    return {"seconds": time.process_time() - start, "MiB": peak_rss() - before, "imports": before}


def ratio(ckpt: Path | None, pixels: Pixels, rounds: int = 2) -> float:
    """Throughput with tiles over that of the whole image: the fastest of interleaved rounds."""
    tiled, whole = (PhotoRestorer(load_model(ckpt), torch.device("cpu")) for _ in range(2))
    whole.tiling = Tiling(tile=0)
    times: dict[PhotoRestorer, list[float]] = {whole: [], tiled: []}
    for _ in range(rounds):
        for restorer, taken in times.items():
            start = time.process_time()
            restorer.restore(pixels)
            taken.append(time.process_time() - start)
    return min(times[whole]) / min(times[tiled])


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Print what was measured; returns it."""
    parser = script_parser(__doc__, "--json", threads=len(os.sched_getaffinity(0)))
    parser.add_argument("--ckpt", type=Path, help="a checkpoint or .safetensors file; the shipped model without it")
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--whole", type=float, nargs="*", default=[4, 12, 24], help="megapixels, also without tiles")
    parser.add_argument("--tiles", type=int, nargs="+", default=[], help="sides of tiles, beside the model's own")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    found = costs(given)
    found["difference"] = PhotoRestorer(load_model(given.ckpt), torch.device("cpu")).difference(
        photograph(given.megapixels)
    )
    for megapixels in given.whole:
        found[f"ratio of {megapixels:g}"] = ratio(given.ckpt, photograph(megapixels))
    header = [f"{given.megapixels:g} megapixels, {given.threads} threads", ""]
    report(header, cells(found, given), [Costs(found)], machine(), given.json)
    return found


def costs(given: Namespace) -> dict[str, float]:
    """Of restoring a file, by the model's own tiles and by the given ones."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photo.jpg"
        Image.fromarray(photograph(given.megapixels)).save(source, quality=92)
        found = in_fresh_process(restore_file, source, given.ckpt, given.threads)
        for tile in given.tiles:
            tiled = in_fresh_process(restore_file, source, given.ckpt, given.threads, tile)
            found |= {f"MiB by {tile}": tiled["MiB"], f"seconds by {tile}": tiled["seconds"]}
    return found


@dataclass(frozen=True)
class Costs:
    """What was measured, by name."""

    figures: dict[str, float]


def cells(found: dict[str, float], given: Namespace) -> Iterator[list[str]]:
    """The rows of the printed table."""
    yield [f"memory above the imports' {found['imports']:.0f} MiB", f"{found['MiB']:.0f} MiB"]
    yield ["processor time per megapixel", f"{found['seconds'] / given.megapixels:.2f} s"]
    for tile in given.tiles:
        seconds = found[f"seconds by {tile}"] / given.megapixels
        yield [f"the two by tiles of {tile}x{tile}", f"{found[f'MiB by {tile}']:.0f} MiB, {seconds:.2f} s"]
    yield ["tiles against the whole", f"{found['difference']:.3f}/255 at most"]
    for megapixels in given.whole:
        ratio_there = f"{found[f'ratio of {megapixels:g}']:.2f}"
        yield [f"throughput with tiles over without, {megapixels:g} megapixels", ratio_there]
