"""Makes one run of ``deblur reproduce``: trains it or continues its training, tests it, and writes its note."""

import json
import math
import os
import platform
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from deblur_lightning.commands.reproduce.run_folders import clear, lock_run
from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import make_folder, write_atomically
from deblur_lightning.ledger.run_files import late_change
from deblur_lightning.ledger.runs import NOTE, Run
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.records import read_scores
from deblur_lightning.restoring.model import read_model

QUIET = ("--trainer.enable_progress_bar=false",)
PLAN, SECONDS, FITTED = "arguments.json", "seconds.txt", "fitted"
STOPPED = 130
"""Exit code of a subcommand after Ctrl-C."""
running: "set[subprocess.Popen[bytes]]" = set()
"""The processes that are running."""
stopping = Event()
"""Set after Ctrl-C: no run is started or waited for any more."""


def make_run(run: Run, data: Path | None, wait: bool) -> bool | None:
    """Train and test ``run`` and write its note, unless it is done.

    Args:
        run: the run.
        data: folder of all data sets.
        wait: whether to wait while another process makes the run.

    Returns:
        Whether it succeeded; None where another process is making the run.

    Raises:
        KeyboardInterrupt: after Ctrl-C; the training has saved its state.
        UserError: the run's folder has a file that no run writes, or the disk is full.
    """
    with lock_run(run.folder, stopping if wait else None) as lock:
        if lock is None:
            return None
        return run.is_done() or _make_parts(run, data, lock)


def _make_parts(run: Run, data: Path | None, lock: int) -> bool:
    _prepare(run)
    last = run.attempts()[-1:]
    if not (last and (last[0] / FITTED).exists()):
        attempt = run.folder / str(int(last[0].name) + 1 if last else 1)
        if not _deblur(run, _fit(run, last, data), f"--run={attempt}", lock):
            return False
        (attempt / FITTED).touch()
        last = [attempt]
    for name in (NOTE, "scores.csv"):  # in this order: scores beside a note count as a finished run
        (run.folder / name).unlink(missing_ok=True)
    checkpoint = last[0] / "checkpoints" / "last.ckpt"
    test = ("test", f"--config={last[0]}/config.yaml", f"--ckpt_path={checkpoint}", *run.training.test)
    if not _deblur(run, test, f"--run={run.folder}", lock):
        return False
    note: dict[str, Any] = {"arguments": list(run.arguments), "test": list(run.training.test)}
    note |= {**_facts(run, checkpoint), **_circumstances(run)}
    if (change := late_change([attempt / "metrics.csv" for attempt in run.attempts()])) is not None:
        note["late_change"] = change
    write_atomically(run.folder / NOTE, (json.dumps(note, indent=1) + "\n").encode())
    return True


def stale_folders(run: Run) -> list[Path]:
    """Folders to clear before ``run`` is made: its own, if it was made with other arguments; else attempts that left no
    checkpoint."""
    path = run.folder / PLAN
    if not (path.is_file() and path.read_bytes() == json.dumps(run.arguments).encode()):
        return [run.folder]
    needed = ("checkpoints/last.ckpt", "config.yaml")
    return [attempt for attempt in run.attempts() if not all((attempt / name).is_file() for name in needed)]


def _prepare(run: Run) -> None:
    for folder in stale_folders(run):
        clear(run.folder, folder)
    make_folder(run.folder)
    write_atomically(run.folder / PLAN, json.dumps(run.arguments).encode())


def _fit(run: Run, last: Sequence[Path], data: Path | None) -> tuple[str, ...]:
    if last:
        return ("fit", f"--config={last[0]}/config.yaml", f"--ckpt_path={last[0]}/checkpoints/last.ckpt")
    return ("fit", *(argument.replace("{data}", str(data)) for argument in run.arguments))


def _deblur(run: Run, arguments: Sequence[str], folder: str, lock: int) -> bool:
    """Run ``deblur`` in a process of its own, with its output in ``log.txt``; returns whether it succeeded."""
    if stopping.is_set():
        raise KeyboardInterrupt
    command = [sys.executable, "-m", "deblur_lightning", *arguments, folder, *QUIET]
    begun = time.monotonic()
    with (run.folder / "log.txt").open("a", encoding="utf-8") as log:
        print(shlex.join(["deblur", *arguments, folder, *QUIET]), file=log, flush=True)
        # in a session of its own, so that Ctrl-C reaches it once, by ``interrupt``
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, pass_fds=(lock,)
        )
        running.add(process)
        if stopping.is_set():  # it may have been set since the check above
            process.send_signal(signal.SIGINT)
        code = process.wait()
        running.discard(process)
    with (run.folder / SECONDS).open("a", encoding="utf-8") as file:
        print(f"{time.monotonic() - begun:.1f}", file=file)
    if code in (STOPPED, -2):
        raise KeyboardInterrupt
    return code == 0


def interrupt() -> None:
    """Make every running process save its state and stop."""
    stopping.set()
    for process in tuple(running):
        process.send_signal(signal.SIGINT)


def _facts(run: Run, checkpoint: Path) -> dict[str, Any]:
    """The network's parameters and multiplications, and the error of the taps of a layer that inverts a known blur."""
    facts: dict[str, Any] = {}
    try:
        network = read_model(checkpoint).network
    except UserError:  # a filter, or a network that takes the PSF: nothing is counted
        return facts
    facts["parameters"] = sum(weights.numel() for weights in network.parameters())
    if run.training.input:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(1, *run.training.input))
        facts["macs"] = counter.get_total_flops() // 2 // math.prod(run.training.input[1:])
    blur = yaml.safe_load((checkpoint.parents[1] / "config.yaml").read_text(encoding="utf-8"))["data"]["init_args"]
    taps = blur.get("degradation", {}).get("init_args", {}).get("taps")
    if taps is not None and isinstance(network, FourierDeconv2d):
        facts["taps_error"] = float((network.kernel[0, 0] - torch.tensor(taps)).abs().max())
    return facts


def _circumstances(run: Run) -> dict[str, Any]:
    seconds = sum(map(float, (run.folder / SECONDS).read_text(encoding="utf-8").split()))
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{processor_name()}, {count_cores()} cores"
    machine = f"{device}, torch {torch.__version__}, Python {platform.python_version()}"
    return {"seconds": seconds, "commit": read_scores(run.folder / "scores.csv")[0].commit, "machine": machine}


def count_cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name() -> str:
    """Name of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "CPU")
