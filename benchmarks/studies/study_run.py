"""Runs of ``deblur fit`` and ``deblur test`` for a study: each is made once, and read from its folder."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event

from benchmarks.reporting import mean, with_half_width, with_interval
from deblur_lightning.commands.reproduce.run_folders import clear, lock_run
from deblur_lightning.records import ScoreRecord, read_scores

QUIET = ("--trainer.enable_progress_bar=false", "--data.num_workers=0")
"""Settings of all runs, unless they are given otherwise."""
SETTINGS = "settings.json"


@dataclass(frozen=True)
class StudyRun:
    """One training and its test, in one folder.

    The ledger's ``Run`` continues a stopped training in a further folder and belongs to a claim. A study wants curves,
    minutes and pictures of one uninterrupted training beside its scores, with any arguments of the test.

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
        """Fit and test, unless there are scores; a half-done run is made anew, by one process at a time."""
        with lock_run(self.folder, Event()):
            if self.done:
                return
            clear(self.folder, self.folder)
            deblur("fit", *self.fit, f"--run={self.folder}")
            last = (f"--config={self.folder}/config.yaml", f"--ckpt_path={self.folder}/checkpoints/last.ckpt")
            self.note()
            deblur("test", *last, *self.test)

    def note(self) -> None:
        """Write the settings into the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / SETTINGS).write_text(json.dumps([*self.fit, *self.test]))

    @cached_property
    def records(self) -> list[ScoreRecord]:
        """The scores, sorted by image."""
        return sorted(read_scores(self.folder / "scores.csv"), key=lambda record: record.image)

    def values(self, metric: str) -> list[float]:
        """``metric`` of each test image, sorted by name."""
        return [record.value for record in self.records if record.metric == metric]

    def minutes(self) -> float:
        """Time from the writing of the configuration to that of the last checkpoint."""
        begun, ended = (os.stat(self.folder / name).st_mtime for name in ("config.yaml", "checkpoints/last.ckpt"))
        return (ended - begun) / 60

    def curve(self, *columns: str) -> list[tuple[int, float]]:
        """Step and value of the first of ``columns`` that was logged then, such as "train/loss"."""
        with open(self.folder / "metrics.csv", newline="", encoding="utf-8") as file:
            rows = [(row["step"], next(filter(None, map(row.get, columns)), None)) for row in csv.DictReader(file)]
        return [(int(step), float(value)) for step, value in rows if value]


def deblur(*arguments: str) -> None:
    """Run the command line in a process of its own."""
    quiet = [setting for setting in QUIET if not any(given.startswith(setting.split("=")[0]) for given in arguments)]
    print("deblur", *arguments, *quiet, file=sys.stderr)
    subprocess.run([sys.executable, "-m", "deblur_lightning", *arguments, *quiet], check=True, stdout=sys.stderr)


def make_missing(runs: Iterable[StudyRun], only: str = "") -> None:
    """Make the runs that are not there, of those with ``only`` in their folder's name."""
    for run in runs:
        if only in run.folder.name:
            run.make()


def difference(values: Sequence[float], reference: Sequence[float]) -> str:
    """Mean of the pairs' differences and its 95 % interval."""
    return with_interval([a - b for a, b in zip(values, reference, strict=True)])


def gain_cells(run: StudyRun) -> list[str]:
    """Cells of a table: PSNR of the blurred and of the restored images, and the gain with its interval over images."""
    blurred, restored = (f"{mean(run.values(metric)):.2f}" for metric in ("psnr_blurred", "psnr"))
    return [blurred, restored, with_half_width(run.values("psnr_gain"))]
