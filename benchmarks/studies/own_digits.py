"""One's own digits: photographs that nobody took, in several hands and thicknesses, and how many a classifier reads.

python -m benchmarks own_digits RUN [--hands 30]

RUN is a run of a classifier of digits. Ten digits by each hand are drawn on uneven paper, in pencil or chalk, and
labelled by `deblur predict`.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.reporting import script_parser
from benchmarks.studies.study_run import deblur
from deblur_lightning.files.csv_tables import read_csv
from deblur_lightning.sources.synthetic import SyntheticDraws
from deblur_lightning.sources.synthetic_digits import draw_digit


def write_photographs(folder: Path, hands: int) -> dict[str, int]:
    """Ten digits by each hand, 240x320 JPEG files; returns the digit of each file."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers, rng, truth = SyntheticDraws(1, "test", 10 * hands, "photographs"), np.random.default_rng(1), {}
    for index in range(10 * hands):
        ink = draw_digit(index % 10, partial(numbers.between, index), side=160)[0].numpy() / 255
        page = np.zeros((240, 320))
        top, left = rng.integers(0, 80), rng.integers(0, 160)
        page[top : top + 160, left : left + 160] = ink
        down, right = np.mgrid[-1:1:240j, -1:1:320j]
        light = 0.75 + 0.12 * (rng.uniform(-1, 1) * down + rng.uniform(-1, 1) * right)
        paper = light * (1 - 0.7 * page) if index // 10 % 3 < 2 else 0.2 + 0.1 * (light - 0.75) + 0.6 * page
        paper = paper + rng.normal(0, 0.02, paper.shape)
        colour = np.stack([paper, paper * 0.98, paper * 0.9], axis=-1)
        name = f"hand{index // 10}-{index % 10}.jpg"
        Image.fromarray((255 * colour.clip(0, 1)).astype(np.uint8)).save(folder / name, quality=85)
        truth[name] = index % 10
    return truth


def main(arguments: Sequence[str] | None = None) -> tuple[int, int]:
    """Print, and return, how many of how many were read."""
    parser = script_parser(__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--hands", type=int, default=30)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        truth = write_photographs(Path(folder) / "photos", options.hands)
        source = ("--data.source=PhotographedDigits", f"--data.source.root={folder}/photos")
        model = (f"--config={options.run}/config.yaml", f"--ckpt_path={options.run}/checkpoints/best.ckpt")
        deblur("predict", *model, *source, f"--run={folder}/run")
        _, rows = read_csv(Path(folder) / "run" / "predictions" / "labels.csv")
        right = sum(truth[row["file"]] == int(row["label"]) for row in rows)
    print(f"{right} of {len(truth)} digits by {options.hands} hands")
    return right, len(truth)
