"""Runs of the real command line that are made once, and what is read from them."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from deblur_lightning.commands.reproduce.run_folders import clear, lock_run
from deblur_lightning.intervals import half_width
from deblur_lightning.records import ScoreRecord, read_scores

QUIET = ("--trainer.enable_progress_bar=false", "--data.num_workers=0")
"""Unless they are given otherwise."""
SETTINGS = "settings.json"
ONE_SEED = "One seed: the intervals hold no variance of training."
"""Printed below tables of images alone."""


@dataclass(frozen=True)
class Run:
    """One training and its test.

    Attributes:
        folder: where it lies.
        fit: arguments of ``deblur fit``, the experiment first.
        test: further arguments of ``deblur test``.
    """

    folder: Path
    fit: Sequence[str]
    test: Sequence[str] = ()

    @property
    def done(self) -> bool:
        """Whether there are scores; ends the process where they are of other settings."""
        if not (self.folder / "scores.csv").exists():
            return False
        note = self.folder / SETTINGS
        if not note.exists() or json.loads(note.read_text()) != [*self.fit, *self.test]:
            raise SystemExit(f"{self.folder} is of other settings: give another folder as --runs, or delete it.")
        return True

    def make(self) -> None:
        """Fit and test, unless there are scores already; a half-done run is begun anew, by one process at a time."""
        with lock_run(self.folder, Event()):
            if self.done:
                return
            clear(self.folder, self.folder)
            deblur("fit", *self.fit, f"--run={self.folder}")
            last = (f"--config={self.folder}/config.yaml", f"--ckpt_path={self.folder}/checkpoints/last.ckpt")
            self.note()
            deblur("test", *last, *self.test)

    def note(self) -> None:
        """Keep the settings beside what was made with them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / SETTINGS).write_text(json.dumps([*self.fit, *self.test]))

    def values(self, metric: str, copy: str = "") -> list[float]:
        """Of each test image, sorted by name."""
        records = sorted(self._records(), key=lambda record: record.image)
        return [record.value for record in records if record.metric == metric and record.image.startswith(copy)]

    def _records(self) -> list[ScoreRecord]:
        return read_scores(self.folder / "scores.csv")

    def minutes(self) -> float:
        """From the configuration's writing to the last checkpoint's."""
        begun, ended = (os.stat(self.folder / name).st_mtime for name in ("config.yaml", "checkpoints/last.ckpt"))
        return (ended - begun) / 60

    def curve(self, column: str = "train/loss") -> list[tuple[int, float]]:
        """Step and value of what was logged."""
        with open(self.folder / "metrics.csv", newline="", encoding="utf-8") as file:
            return [(int(row["step"]), float(row[column])) for row in csv.DictReader(file) if row.get(column)]


def deblur(*arguments: str) -> None:
    """Run the command line in a process of its own."""
    quiet = [setting for setting in QUIET if not any(given.startswith(setting.split("=")[0]) for given in arguments)]
    print("deblur", *arguments, *quiet, file=sys.stderr)
    subprocess.run([sys.executable, "-m", "deblur_lightning", *arguments, *quiet], check=True, stdout=sys.stderr)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return sum(values) / len(values)


def difference(ours: Sequence[float], reference: Sequence[float]) -> str:
    """Mean of the pairs' differences and its 95 % interval, by Student's t."""
    differences = [a - b for a, b in zip(ours, reference, strict=True)]
    middle, half = mean(differences), half_width(differences)
    return f"{middle:+.2f} ({middle - half:+.2f} to {middle + half:+.2f})"


def gain(run: Run, copy: str = "") -> str:
    """Markdown cells: blurred, restored, and gain in PSNR with its interval over images."""
    blurred, restored, gains = (run.values(f"psnr{part}", copy) for part in ("_blurred", "", "_gain"))
    return f"{mean(blurred):.2f} | {mean(restored):.2f} | {mean(gains):+.2f} ± {half_width(gains):.2f}"


def missing(runs: Sequence[Run], only: str) -> None:
    """Make those that are not there, of those with ``only`` in their folder's name."""
    for run in runs:
        if only in run.folder.name:
            run.make()
