"""Scores every test image: a table on the screen, and records in ``scores.csv``."""

import hashlib
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deblur_lightning import __version__
from deblur_lightning.batch import RestorationBatch
from deblur_lightning.degradations.base import Conditions
from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import make_folder
from deblur_lightning.fingerprints import fingerprint
from deblur_lightning.intervals import half_width
from deblur_lightning.records import ScoreRecord, add_scores, mean_score
from deblur_lightning.sources.base import SharpImages

T = TypeVar("T")

FIGURES, LEAST_ROOM = 65, 15
"""Characters of the columns of figures, and of the names of images at least."""

MOST_ROWS = 30
"""A test of more images prints their mean alone; each is in ``scores.csv``."""


class ScoredData(Protocol):
    """What this callback asks of a data module."""

    images: Mapping[str, SharpImages]

    @property
    def conditions(self) -> Conditions: ...


@dataclass(frozen=True)
class Scored:
    """One image's figures, by metric; ``inputs`` is the fingerprint of what was scored."""

    index: int
    inputs: str
    protocol: str
    figures: dict[str, float]


def check_restores(outputs: Mapping[str, object], callback: Callback) -> None:
    """Raise ``UserError`` where the outputs of a test step hold no restored images, which ``callback`` is about."""
    if "restored" not in outputs:
        name = type(callback).__name__
        raise UserError(f"{name} scores restored images, and this model restores none: leave {name} out.")


class ScoreWriter(Callback):
    """Records the scores of each test image in ``scores.csv`` of the run, and prints them as a table."""

    def __init__(self) -> None:
        self._scores: list[Scored] = []

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, *_: Any
    ) -> None:
        columns = {name: values.tolist() for name, values in outputs["scores"].items()}
        for row, index in enumerate(batch["index"].tolist()):
            inputs = fingerprint(batch["blurred"][row], batch["sharp"][row])
            figures = {name: values[row] for name, values in columns.items()}
            self._scores.append(Scored(index, inputs, outputs["protocol"], figures))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        parts = gather(trainer, self._scores)
        self._scores = []
        if trainer.is_global_zero:
            # ranks that were given the same images agree on them
            scores = {scored.index: scored for part in parts for scored in part}
            folder = Path(trainer.default_root_dir)
            make_folder(folder)
            records = score_records(trainer, pl_module, folder, [scores[index] for index in sorted(scores)])
            add_scores(folder / "scores.csv", records)
            print_scores(records)


def gather(trainer: Trainer, own: T) -> list[T]:
    """What each rank has of the same thing."""
    if trainer.world_size == 1:
        return [own]
    parts: list[T] = [own] * trainer.world_size
    torch.distributed.all_gather_object(parts, own)
    return parts


def score_records(trainer: Trainer, pl_module: LightningModule, run: Path, scores: list[Scored]) -> list[ScoreRecord]:
    """``scores`` of the test split with all that decides what they may be compared with."""
    data: ScoredData = trainer.datamodule  # type: ignore[attr-defined]
    checkpoint = Path(str(getattr(pl_module, "weights_file", None) or trainer.ckpt_path))
    common = {
        "run": run.as_posix(),
        "split": "test",
        **data.conditions._asdict(),
        "features": str(getattr(pl_module, "features", "none")),
        "commit": package_commit(),
        "checkpoint": hashlib.sha256(checkpoint.read_bytes()).hexdigest()[:16] if checkpoint.is_file() else "none",
    }
    return [
        ScoreRecord(
            image=data.images["test"].name(scored.index),
            metric=name,
            value=value,
            inputs=scored.inputs,
            protocol=scored.protocol,
            **common,
        )
        for scored in scores
        for name, value in scored.figures.items()
    ]


def print_scores(records: list[ScoreRecord]) -> None:
    """Print a row for each image (up to ``MOST_ROWS``), the mean, and a line that says under which protocol.

    Below the mean stands half of its 95 % interval over the images. Where each image comes in several copies, blurred
    in several ways, there is a mean for each way.
    """
    console = Console(highlight=False)
    room = max(LEAST_ROOM, console.width - FIGURES)
    columns = {"psnr_blurred": "blurred", "psnr": "restored", "psnr_gain": "gain"}
    columns |= {"ssim_blurred": "blurred", "ssim": "restored", "ssim_gain": "gain"}
    table = Table("image", *columns.values(), title="PSNR in dB (left) and SSIM (right)", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    by_image: dict[str, dict[str, float]] = {}
    for record in records:
        by_image.setdefault(record.image, {})[record.metric] = record.value
    labels = _shorten_all(list(by_image), room)
    for label, values in zip(labels, by_image.values(), strict=True) if len(by_image) <= MOST_ROWS else ():
        table.add_row(escape(label), *(_figure(name, values[name]) for name in columns))
    table.add_section()
    for group, chosen in _by_copy(records).items():
        table.add_row(
            escape(f"mean{group}"), *(_figure(name, mean_score(chosen, name)) for name in columns), style="bold"
        )
        if (count := len({record.image for record in chosen})) > 1:
            halves = {name: half_width([r.value for r in chosen if r.metric == name]) for name in columns}
            table.add_row(f"± 95 %, n = {count}", *(_figure(name, halves[name]).lstrip("+") for name in columns))
    first = records[0]
    console.print(table)
    console.print(
        f"n = {len(by_image)} images of split {first.split}; protocol {first.protocol}; border {first.border}; "
        f"noise {first.noise}; rounding {first.rounding}; pretrained features {first.features}"
    )
    if first.inverse_crime:
        console.print(
            "inverse crime: the blur is exactly the model that the filter inverts (circular border, no noise, no "
            "rounding); no photograph is blurred so",
            soft_wrap=True,
        )


def _shorten_all(names: list[str], room: int) -> list[str]:
    """``names`` without the beginning that all share, and if need be their shared end, where one is too long."""
    before = _shared(names) if len(names) > 1 else 0
    if before < 2 or max(map(len, names)) <= room:
        return [_shorten(name, room) for name in names]
    names = [f"…{name[before:]}" for name in names]
    after = _shared([name[::-1] for name in names])
    if max(map(len, names)) > room and after > 1:
        names = [f"{name[:-after]}…" for name in names]
    return [_shorten(name, room) for name in names]


def _shared(names: list[str]) -> int:
    """The number of characters that all names begin with, to the end of a word or number."""
    length = sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False)))
    while length and names[0][length - 1].isalnum():
        length -= 1
    return length


def _shorten(name: str, room: int) -> str:
    """``name`` with its middle left out where it is longer than ``room``."""
    half = (room - 1) // 2
    return name if len(name) <= room else f"{name[: room - 1 - half]}…{name[len(name) - half :]}"


def _by_copy(records: list[ScoreRecord]) -> dict[str, list[ScoreRecord]]:
    """The records of each copy that ``Repeated`` makes, or all where it made none."""
    groups: dict[str, list[ScoreRecord]] = {}
    for record in records:
        copy = re.match(r"copy\d+(?=/)", record.image)
        groups.setdefault(f" of {copy[0]}" if copy else "", []).append(record)
    return groups


def package_commit() -> str:
    """The commit of the checkout this package runs from, marked where it was changed; else the version."""
    here = Path(__file__)
    try:
        # an installation below somebody else's checkout is not of their commit
        _git("ls-files", "--error-unmatch", here.name, folder=here.parent)
        return _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*", folder=here.parent)
    except (OSError, subprocess.CalledProcessError):
        return f"v{__version__}"


def _git(*arguments: str, folder: Path) -> str:
    answer = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


def _figure(name: str, value: float) -> str:
    digits = 2 if name.startswith("psnr") else 3
    return f"{value:+.{digits}f}" if name.endswith("gain") else f"{value:.{digits}f}"
