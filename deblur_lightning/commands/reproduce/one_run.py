"""Makes one run of ``deblur reproduce``: fits it, continues it where it stopped, tests and describes it."""

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
from deblur_lightning.ledger.plan import NOTE, Run
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.records import read_scores
from deblur_lightning.restoring.model import read_model

QUIET = ("--trainer.enable_progress_bar=false",)
PLAN, SECONDS, FITTED = "arguments.json", "seconds.txt", "fitted"
STOPPED = 130
"""Exit code of a subcommand after Ctrl-C."""
running: "set[subprocess.Popen[bytes]]" = set()
"""The processes under way."""
stopping = Event()
"""Set where nothing is to be begun or waited for any more."""


def make(run: Run, data: Path | None, wait: bool) -> bool | None:
    """Fit, test and describe ``run``, unless that is done.

    Args:
        run: what to make.
        data: the folder of all sets.
        wait: whether to wait where another process makes it.

    Returns:
        Whether all went well; None where another process makes it.

    Raises:
        KeyboardInterrupt: it was interrupted, and its process has saved where it is.
        UserError: something in the run's folder is not the run's own, or the disk is full.
    """
    with lock_run(run.folder, stopping if wait else None) as lock:
        if lock is None:
            return None
        return run.state() == "done" or _made(run, data, lock)


def _made(run: Run, data: Path | None, lock: int) -> bool:
    _prepare(run)
    last = run.attempts()[-1:]
    if not (last and (last[0] / FITTED).exists()):
        attempt = run.folder / str(int(last[0].name) + 1 if last else 1)
        if not _deblur(run, _fit(run, last, data), f"--run={attempt}", lock):
            return False
        (attempt / FITTED).touch()
        last = [attempt]
    for name in (NOTE, "scores.csv"):  # in this order: with a note, scores are taken for done
        (run.folder / name).unlink(missing_ok=True)
    checkpoint = last[0] / "checkpoints" / "last.ckpt"
    test = ("test", f"--config={last[0]}/config.yaml", f"--ckpt_path={checkpoint}")
    if not _deblur(run, test, f"--run={run.folder}", lock):
        return False
    note = {"arguments": list(run.arguments), **_facts(run, checkpoint), **_circumstances(run)}
    write_atomically(run.folder / NOTE, (json.dumps(note, indent=1) + "\n").encode())
    return True


def useless(run: Run) -> list[Path]:
    """Folders that must be cleared before ``run`` is made: its own, where that was made by other arguments, or attempts
    that left nothing to go on from."""
    place = run.folder / PLAN
    if not (place.is_file() and place.read_bytes() == json.dumps(run.arguments).encode()):
        return [run.folder]
    kept = ("checkpoints/last.ckpt", "config.yaml")
    return [attempt for attempt in run.attempts() if not all((attempt / name).is_file() for name in kept)]


def _prepare(run: Run) -> None:
    for folder in useless(run):
        clear(run.folder, folder)
    make_folder(run.folder)
    write_atomically(run.folder / PLAN, json.dumps(run.arguments).encode())


def _fit(run: Run, last: Sequence[Path], data: Path | None) -> tuple[str, ...]:
    if last:
        return ("fit", f"--config={last[0]}/config.yaml", f"--ckpt_path={last[0]}/checkpoints/last.ckpt")
    return ("fit", *(argument.replace("{data}", str(data)) for argument in run.arguments))


def _deblur(run: Run, arguments: Sequence[str], where: str, lock: int) -> bool:
    """Run the command line in a process of its own, its output in ``log.txt``; whether it went well."""
    if stopping.is_set():
        raise KeyboardInterrupt
    command = [sys.executable, "-m", "deblur_lightning", *arguments, where, *QUIET]
    begun = time.monotonic()
    with (run.folder / "log.txt").open("a", encoding="utf-8") as log:
        print(shlex.join(["deblur", *arguments, where, *QUIET]), file=log, flush=True)
        # of a session of its own, so that Ctrl-C reaches it once, through us
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, pass_fds=(lock,)
        )
        running.add(process)
        if stopping.is_set():  # since it was looked at
            process.send_signal(signal.SIGINT)
        code = process.wait()
        running.discard(process)
    with (run.folder / SECONDS).open("a", encoding="utf-8") as file:
        print(f"{time.monotonic() - begun:.1f}", file=file)
    if code in (STOPPED, -2):
        raise KeyboardInterrupt
    return code == 0


def interrupt() -> None:
    """Tell every run that is under way to save where it is and to stop."""
    stopping.set()
    for process in tuple(running):
        process.send_signal(signal.SIGINT)


def _facts(run: Run, checkpoint: Path) -> dict[str, Any]:
    """Size and arithmetic of the network, and how far its taps are from those of the blur it inverts."""
    facts: dict[str, Any] = {}
    try:
        network = read_model(checkpoint).network
    except UserError:  # a filter, or told the PSF: nothing is counted
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
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{processor()}, {cores()} cores"
    machine = f"{device}, torch {torch.__version__}, Python {platform.python_version()}"
    return {"seconds": seconds, "commit": read_scores(run.folder / "scores.csv")[0].commit, "machine": machine}


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Its name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "CPU")
