"""A training step through the whole package against the same loop written by hand over ready tensors.

python -m benchmarks overhead [--only NAME ...] [--rounds 9] [--threads 1] [--workers 0] [--json FILE] [-- SETTING...]

`deblur fit` runs the experiment as a user would: source, loader, transfer, degradation, Lightning, logging, callbacks,
progress bar; validation and checkpoints are left out. After every few batches it is halted, and the hand-written loop,
and deepinv's Trainer where it is installed, take as many steps on the same machine. With no loader processes, the
default here, all that the package does is counted; with more of them only what the training waits for is, once the
batches are used up that they made in advance.
All run under the package's setting of the allocator (commands/experiment/allocator.py;
`python -m benchmarks allocator` tells what it is worth).
"""

import contextlib
import io
import logging
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn

from benchmarks.reporting import machine, report, script_parser
from benchmarks.speed.deepinv_trainer import by_deepinv
from benchmarks.speed.plain_torch import by_hand
from benchmarks.timing import Ratio, ratio, synchronise
from deblur_lightning.batch import RestorationBatch
from deblur_lightning.commands.experiment.allocator import keep_freed_memory
from deblur_lightning.commands.experiment.cli import ExperimentCLI
from deblur_lightning.commands.experiment.run import PACKAGES, import_all
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.methods.adversarial import AdversarialRestorer
from deblur_lightning.methods.base import Restorer
from deblur_lightning.methods.regression import RegressionRestorer

CASES = {
    "deblurgan": (0.95, ()),
    "nafnet_blind": (0.95, ()),
    "srcnn_915": (0.85, ("--data.batch_size=32",)),
}
"""By experiment: the share of the hand-written loop's throughput that is aimed at, and settings."""

PARTS = {
    "loader": "[_TrainingEpochLoop].train_dataloader_next",
    "degradation": "[LightningDataModule]SyntheticBlur.on_after_batch_transfer",
    "step": "run_training_batch",
}
"""Lightning's names of what a batch's time is spent on; the rest is its own and its callbacks'."""

KEPT, WARM_UP = 3, 3
PREFETCHED = 2  # batches that a loader process makes in advance


class Turns(Callback):
    """Halts a run after every few batches, and lets its rivals take as many steps.

    Args:
        rounds: how often.
        steps: batches in a turn; a multiple of a GAN's cycle.
        skipped: batches before each turn that do not count, since the loader had made them while the run was halted.
    """

    def __init__(self, rounds: int, steps: int, skipped: int) -> None:
        self.rounds = rounds
        self.steps = steps
        self.skipped = skipped
        self.seconds: dict[str, list[float]] = {"package": [], "hand": [], "deepinv": []}
        self.parts: list[dict[str, float]] = []
        self.batch_size = 0
        self._kept: list[RestorationBatch] = []
        self._rivals: dict[str, Iterator[Any]] = {}
        self._resumed = 0.0
        self._before: dict[str, int] = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: RestorationBatch, batch_idx: int
    ) -> None:
        done = batch_idx + 1 - WARM_UP
        place = done % (self.skipped + self.steps)
        if len(self._kept) < KEPT:
            self._kept.append({name: value.clone() for name, value in batch.items()})  # type: ignore[misc, attr-defined]
        if done == 0:
            self._set_up(trainer, pl_module)
        elif done > 0 and place == 0:
            synchronise(pl_module.device)
            self.seconds["package"].append(time.perf_counter() - self._resumed)
            self.parts.append(self._durations(trainer))
            if self.skipped:
                _seconds(self._rivals["hand"], self.steps, pl_module.device)  # while the loader fills up
            for name, rival in self._rivals.items():
                self.seconds[name].append(_seconds(rival, self.steps, pl_module.device))
        if done >= 0 and place == self.skipped:
            self._before = {name: len(trainer.profiler.recorded_durations[key]) for name, key in PARTS.items()}  # type: ignore[attr-defined]
            self._resumed = time.perf_counter()

    def _set_up(self, trainer: Trainer, model: LightningModule) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(model, Restorer)
        assert isinstance(data, SyntheticBlur)
        self.batch_size = data.batch_size
        pairs = [(batch["blurred"], batch["sharp"]) for batch in self._kept]
        self._rivals["hand"] = by_hand(model, pairs, trainer.gradient_clip_val)  # type: ignore[arg-type]
        if not isinstance(model, AdversarialRestorer):
            loss = model.loss if isinstance(model, RegressionRestorer) else nn.MSELoss(reduction="mean")
            deepinv = by_deepinv(model, data, self._kept[0]["psf"][:, None], loss)
            self._rivals |= {} if deepinv is None else {"deepinv": deepinv}
        for rival in self._rivals.values():
            _seconds(rival, self.steps, model.device)

    def _durations(self, trainer: Trainer) -> dict[str, float]:
        recorded: dict[str, list[float]] = trainer.profiler.recorded_durations  # type: ignore[attr-defined]
        spent = {name: sum(recorded[key][self._before[name] :]) for name, key in PARTS.items()}
        return spent | {"rest": self.seconds["package"][-1] - sum(spent.values())}


@dataclass(frozen=True)
class Figures:
    """The figures of one experiment.

    Attributes:
        experiment: its name.
        batch: images in each step.
        seconds: of a step, medians over rounds: "package", "hand", and "deepinv" where it was run.
        shares: the package's throughput over each rival's.
        aim: for the share of "hand".
        parts: of a step through the package, in seconds, medians over rounds.
    """

    experiment: str
    batch: int
    seconds: dict[str, float]
    shares: dict[str, Ratio]
    aim: float
    parts: dict[str, float]


def measure(experiment: str, options: Namespace) -> Figures:
    """Run one experiment and its rivals, in turns."""
    aim, settings = CASES[experiment]
    skipped = PREFETCHED * options.workers
    turns = Turns(options.rounds, options.steps, skipped)
    batches = WARM_UP + options.rounds * (skipped + options.steps)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        arguments = [
            f"--config={options.experiments}/{experiment}.yaml",
            f"--run={folder}/run",
            "--trainer.max_epochs=1",
            f"--trainer.limit_train_batches={batches}",
            "--trainer.limit_val_batches=0",
            "--trainer.profiler=simple",
            f"--trainer.accelerator={'gpu' if options.device == 'cuda' else options.device}",
            "--trainer.devices=1",
            "--data.epoch_length=1000000",
            f"--data.num_workers={options.workers}",
            *settings,
            *options.settings,
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            run_with(turns, arguments)
    seconds = turns.seconds
    return Figures(
        experiment,
        turns.batch_size,
        {name: _median(times) / options.steps for name, times in seconds.items() if times},
        {name: ratio(seconds["package"], times) for name, times in seconds.items() if times and name != "package"},
        aim,
        {name: _median([parts[name] for parts in turns.parts]) / options.steps for name in turns.parts[0]},
    )


def run_with(callback: Callback, arguments: Sequence[str]) -> None:
    """``deblur fit`` in this process, with one callback more, after all others."""

    class WithOneMore(ExperimentCLI):
        def instantiate_trainer(self, **kwargs: Any) -> Trainer:
            trainer = super().instantiate_trainer(**kwargs)
            trainer.callbacks.append(callback)  # type: ignore[attr-defined]
            return trainer

    for room in PACKAGES:
        import_all(room)
    keep_freed_memory()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # the profiler's own report, among others
    WithOneMore(["fit", *arguments])


def _seconds(rival: Iterator[Tensor], steps: int, device: torch.device) -> float:
    synchronise(device)
    start = time.perf_counter()
    for _ in range(steps):
        next(rival)
    synchronise(device)
    return time.perf_counter() - start


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def cells(row: Figures) -> list[str]:
    """A row of the printed table."""
    parts = [f"{1000 * seconds:.1f}" for seconds in row.parts.values()]
    shares = [str(row.shares.get(name, "-")) for name in ("hand", "deepinv")]
    rate = f"{row.batch / row.seconds['package']:.1f}"
    return [row.experiment, str(row.batch), rate, shares[0], f"{row.aim:.2f}", *shares[1:], *parts]


def main(arguments: Sequence[str] | None = None) -> list[Figures]:
    """Measure, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", "settings", rounds=9, threads=1, device="cpu")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--steps", type=int, default=3, help="batches in a turn; a multiple of 3, the GAN's cycle")
    parser.add_argument("--workers", type=int, default=0, help="loader processes")
    parser.add_argument("--experiments", type=Path, default=Path("experiments"), help="folder of the experiments")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    rows = []
    for name in options.only:
        rows.append(measure(name, options))
        print(asdict(rows[-1]), flush=True)
    header = ["experiment", "batch", "images/s", "package / hand", "aim", "package / deepinv"]
    header += [f"{name}, ms" for name in rows[0].parts]
    conditions = machine(options.device, ("deepinv",)) | {"workers": str(options.workers)}
    report(header, map(cells, rows), rows, conditions, options.json)
    return rows
