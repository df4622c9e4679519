"""Report D's riddle in one picture: coloured patches, and 35.7 dB of validation error that became 25.9 dB of images.

python -m benchmarks srcnn_wrapping [--steps 600] [--out docs/srcnn/wrapping.png]
python -m benchmarks srcnn_wrapping --run RUN --data PHOTOS

Trains the report's network of 30,099 parameters twice on its 7x7 Gaussian, with and without a ReLU after the last
layer, and turns each output into bytes twice: clamped and rounded, and cast as it is, by which values above 1 wrap to
black and values below 0 to white. A few minutes on one CPU core. With --run, its network is taken as it is, with and
without a ReLU behind it, and tested on the images in PHOTOS; no picture is drawn.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import Trainer
from torch import Tensor, nn

from benchmarks.reporting import mean, script_parser, table
from benchmarks.studies.blur_families import Family, blur_images, photographs
from deblur_lightning.batch import RestorationBatch, to_8bit
from deblur_lightning.callbacks.pictures import comparison_row
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.methods.srcnn import SRCNNRestorer
from deblur_lightning.metrics import psnr
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.restoring.model import load_model
from deblur_lightning.sources.photos import Photos

BLUR = Family("7x7, sigma 1", GaussianBlur((1.0, 1.0), (7, 7)), noise=0.0)
SIDE = 192


def main(arguments: Sequence[str] | None = None) -> dict[str, list[float]]:
    """Train both, print the table, draw the picture; returns the PSNR of each test image by way."""
    parser = script_parser(__doc__, "--data", out=Path("docs/srcnn/wrapping.png"))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--run", type=Path, help="a finished run of a network for the 7x7 Gaussian")
    options = parser.parse_args(arguments)
    ends = {"without a ReLU at the end": nn.Identity(), "with a ReLU at the end": nn.ReLU()}
    if options.run:
        last = load_model(options.run / "checkpoints" / "last.ckpt").network
        networks: dict[str, nn.Module] = {words: nn.Sequential(last, end) for words, end in ends.items()}
    else:
        networks = {words: train(end, options.steps) for words, end in ends.items()}
    images = list(blur_images(BLUR, photographs("test", side=10**6, folder=options.data), "test"))
    outputs = {words: [restore(network, image) for image in images] for words, network in networks.items()}
    scores = scores_of(images, outputs)
    rows = [[words, f"{mean(values):.2f}", f"{min(values):.2f}"] for words, values in scores.items()]
    print(table(["output", f"PSNR, mean of {len(images)} photographs", "least"], rows))
    if not options.run:
        draw(images, outputs, options.out)
    return scores


def scores_of(images: list[RestorationBatch], outputs: dict[str, list[Tensor]]) -> dict[str, list[float]]:
    """The PSNR of each image, of each network's outputs in both ways and of the blurred images."""
    ways = {"clamped and rounded": to_8bit, "cast as it is": cast}
    scores = {
        f"{words}, {way}": [
            float(psnr(turn(output), image["sharp"])) for output, image in zip(raw, images, strict=True)
        ]
        for words, raw in outputs.items()
        for way, turn in ways.items()
    }
    return scores | {"blurred": [float(psnr(image["blurred"], image["sharp"])) for image in images]}


def train(end: nn.Module, steps: int) -> nn.Module:
    """The report's network, ``end`` behind it, after so many steps."""
    torch.manual_seed(0)
    network = nn.Sequential(SRCNN(widths=(76, 76), paddings=(2, 2, 2)), end)
    data = SyntheticBlur(Photos(), BLUR.blur, crop_size=64, batch_size=8, epoch_length=8 * steps, num_workers=0)
    with tempfile.TemporaryDirectory() as folder:
        quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_model_summary", "enable_progress_bar"), False)
        trainer = Trainer(max_epochs=1, limit_val_batches=0, default_root_dir=folder, accelerator="cpu", **quiet)
        trainer.fit(SRCNNRestorer(network, lr=1e-3), data)
    return network.eval()


@torch.no_grad()
def restore(network: nn.Module, image: RestorationBatch) -> Tensor:
    """The raw output."""
    output: Tensor = network(image["blurred"])
    return output


def cast(output: Tensor) -> Tensor:
    """What ``(255 * output).astype(uint8)`` makes of it: whole numbers modulo 256."""
    return torch.from_numpy((255 * output).numpy().astype(np.int64).astype(np.uint8)) / 255


def draw(images: list[RestorationBatch], outputs: dict[str, list[Tensor]], path: Path) -> None:
    """A row of the photograph that loses most."""
    plain, rectified = outputs.values()
    losses = [float(psnr(cast(raw), image["sharp"])) for raw, image in zip(plain, images, strict=True)]
    worst = losses.index(min(losses))
    sharp = images[worst]["sharp"][0]
    top, left = _brightest(plain[worst][0])
    shown = {
        "blurred": images[worst]["blurred"][0],
        "clamped, rounded": to_8bit(plain[worst])[0],
        "cast": cast(plain[worst])[0],
        "ReLU, clamped": to_8bit(rectified[worst])[0],
        "ReLU, cast": cast(rectified[worst])[0],
        "sharp": sharp,
    }
    row = comparison_row({name: image[:, top : top + SIDE, left : left + SIDE] for name, image in shown.items()}, SIDE)
    path.parent.mkdir(parents=True, exist_ok=True)
    row.save(path, optimize=True)


def _brightest(output: Tensor) -> tuple[int, int]:
    """Where the square with most values above 1 begins."""
    above = (output > 1).any(dim=0).float()[None]
    counts = nn.functional.avg_pool2d(above, SIDE, stride=16)[0]
    row, column = divmod(int(counts.argmax()), counts.shape[1])
    return 16 * row, 16 * column
