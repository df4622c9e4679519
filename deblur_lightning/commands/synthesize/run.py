"""Makes the pairs of ``deblur synthesize``, several images at a time, each blurred by itself."""

import shlex
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from deblur_lightning.batch import to_uint8
from deblur_lightning.commands.synthesize.options import Options
from deblur_lightning.commands.synthesize.pair_folder import Pair, PairFolder, pairs_below
from deblur_lightning.degradations.base import Degradation, degrade
from deblur_lightning.draws import Draws
from deblur_lightning.errors import CannotWrite, UserError
from deblur_lightning.files.images import read_rgb, write_png
from deblur_lightning.sources.paired_folder import PairedFolder

SPLIT = "train"
LARGE = 2_500_000
"""Pixels above which one image is blurred at a time: a pixel takes up to 170 bytes."""

PORTION = 1000  # images for which work is queued at a time


def make_pairs(options: Options) -> list[str]:
    """Make the pairs that are missing and say where everything is.

    Returns:
        For each image that was left out a line that says why.

    Raises:
        UserError: the pairs cannot go where they should.
    """
    pairs = pairs_below(options.folder)
    folder = PairFolder(options.out, pairs, options.settings)
    folder.begin(list_draws(options.degradation, options.seed, pairs), options.seed)
    columns = (TextColumn("blurring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(folder.missing))
        left_out = PairWriter(options, folder).make(folder.missing, lambda: progress.advance(bar))
    written = len(folder.missing) - len(left_out)
    try:
        count = folder.finish()
    except CannotWrite as error:  # the list is not to be lost with it
        return [*left_out, str(error)]
    print(f"pairs     {options.out}/blurred and {options.out}/sharp: {count}, of them written now: {written}")
    print(f"manifest  {options.out}/manifest.csv")
    if not options.rounding:
        print("note      data.rounding=false has no effect here: PNG files hold 8 bits")
    if _trainable(options):
        print(f"train     {_training_command(options)}")
    return left_out


@torch.no_grad()
def list_draws(degradation: Degradation, seed: int, pairs: Sequence[Pair]) -> dict[str, dict[int, float]]:
    """Every parameter of the blurs, by stream and index: what is drawn does not depend on what is blurred."""
    record: dict[str, dict[int, float]] = {}
    side = degradation.smallest
    for start in range(0, len(pairs), 256):
        index = torch.tensor([pair.index for pair in pairs[start : start + 256]])
        draws = Draws(seed=seed, split=SPLIT, visit=torch.zeros_like(index), index=index, record=record)
        degradation(torch.zeros(len(index), 3, side, side), draws)
    return record


class PairWriter:
    """Reads, blurs and writes images, several at a time.

    Each is blurred alone: in a batch, the fastest way to blur depends on all its images, and a value may differ by
    1/255. Batches would gain little, since most of the time goes into writing the PNG files.
    """

    def __init__(self, options: Options, folder: PairFolder) -> None:
        self._options = options
        self._folder = folder
        self._degradation = options.degradation.to(options.device)
        self._for_large_ones = threading.Lock()

    def make(self, pairs: Sequence[Pair], tick: Callable[[], None]) -> list[str]:
        """Write the pairs, calling ``tick`` after each; returns why some were left out."""
        left_out: list[str] = []
        # one thread for each image, so that no sum depends on the number of cores
        with ThreadPoolExecutor(self._options.workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            try:
                for start in range(0, len(pairs), PORTION):
                    for refusal in pool.map(self._make_one, pairs[start : start + PORTION]):
                        left_out += refusal
                        tick()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return left_out

    def _make_one(self, pair: Pair) -> list[str]:
        """Write one pair, or say why not."""
        path = self._options.folder / pair.source
        try:
            return self._write_one(pair, path)
        except UserError as error:
            return [str(error)]
        except (MemoryError, RuntimeError) as error:  # the others are not to pay for it
            return [f"cannot blur {path}: {(str(error).splitlines() or ['the memory does not hold it'])[0]}"]

    def _write_one(self, pair: Pair, path: Path) -> list[str]:
        sharp = read_rgb(path)
        height, width = sharp.shape[-2:]
        smallest = self._degradation.smallest
        if min(height, width) < smallest:
            return [f"{path} has {height}x{width} pixels, and the blur needs {smallest}; leave it out, or blur less"]
        with self._for_large_ones if height * width > LARGE else nullcontext():
            blurred = self._blur(sharp, pair.index)
        for file, image in zip(self._folder.files(pair.name), (sharp, blurred), strict=True):
            write_png(file, image)
        return []

    def _blur(self, sharp: Tensor, index: int) -> Tensor:
        """Blur (3, H, W) uint8."""
        batch = degrade(
            self._degradation,
            {
                "sharp": sharp.to(self._options.device)[None],
                "index": torch.tensor([index]),
                "visit": torch.tensor([0]),
            },
            seed=self._options.seed,
            split=SPLIT,
            trim=0,
            rounding=True,
        )
        return to_uint8(batch["blurred"][0]).cpu()


def _trainable(options: Options) -> bool:
    """Whether the pairs split into some for training and for validation; those of one folder do not."""
    try:
        pairs = PairedFolder(options.out, blurred="blurred")
        return bool(len(pairs.split("train")) and len(pairs.split("val")))
    except UserError:
        return False


def _training_command(options: Options) -> str:
    words = ["deblur", "fit", *(word for path in options.configs for word in ("--config", path))]
    words += ["--data=RealPairs", "--data.source=PairedFolder"]
    return shlex.join([*words, f"--data.source.root={options.out}", "--data.source.blurred=blurred"])
