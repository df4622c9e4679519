"""One run of ``deblur reproduce``: fitted, continued where it had stopped, tested, and described."""

import json
import math
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from deblur_lightning.errors import UserError
from deblur_lightning.imagefiles import write_atomically
from deblur_lightning.ledger.plan import NOTE, Run
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.records import read_scores
from deblur_lightning.restoring.model import load

QUIET = ("--trainer.enable_progress_bar=false",)
PLAN, SECONDS, FITTED = "arguments.json", "seconds.txt", "fitted"
STOPPED = 130
"""Exit code of a subcommand after Ctrl-C."""
running: "set[subprocess.Popen[bytes]]" = set()
"""The processes under way."""


def make(run: Run, data: Path | None) -> bool:
    """Fit, test and describe ``run``; whether all went well.

    Raises:
        KeyboardInterrupt: it was interrupted, and its process has saved where it is.
    """
    _prepare(run)
    last = run.attempts()[-1:]
    if not (last and (last[0] / FITTED).exists()):
        attempt = run.folder / str(int(last[0].name) + 1 if last else 1)
        if not _deblur(run, _fit(run, last, data), f"--run={attempt}"):
            return False
        (attempt / FITTED).touch()
        last = [attempt]
    (run.folder / "scores.csv").unlink(missing_ok=True)
    checkpoint = last[0] / "checkpoints" / "last.ckpt"
    if not _deblur(
        run, ("test", f"--config={last[0]}/config.yaml", f"--ckpt_path={checkpoint}"), f"--run={run.folder}"
    ):
        return False
    note = {"arguments": list(run.arguments), **_facts(run, checkpoint), **_circumstances(run)}
    write_atomically(run.folder / NOTE, (json.dumps(note, indent=1) + "\n").encode())
    return True


def _prepare(run: Run) -> None:
    """Clear away what was made by other arguments, and attempts that left nothing to go on from."""
    arguments = json.dumps(run.arguments)
    place = run.folder / PLAN
    if run.folder.exists() and not (place.is_file() and place.read_text(encoding="utf-8") == arguments):
        shutil.rmtree(run.folder)
    run.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(place, arguments.encode())
    for attempt in run.attempts():
        if not (attempt / "checkpoints" / "last.ckpt").is_file() or not (attempt / "config.yaml").is_file():
            shutil.rmtree(attempt)


def _fit(run: Run, last: Sequence[Path], data: Path | None) -> tuple[str, ...]:
    if last:
        return ("fit", f"--config={last[0]}/config.yaml", f"--ckpt_path={last[0]}/checkpoints/last.ckpt")
    return ("fit", *(argument.replace("{data}", str(data)) for argument in run.arguments))


def _deblur(run: Run, arguments: Sequence[str], where: str) -> bool:
    """Run the command line in a process of its own, its output in ``log.txt``; whether it went well."""
    command = [sys.executable, "-m", "deblur_lightning", *arguments, where, *QUIET]
    begun = time.monotonic()
    with (run.folder / "log.txt").open("a", encoding="utf-8") as log:
        print(shlex.join(["deblur", *arguments, where, *QUIET]), file=log, flush=True)
        # of a session of its own, so that Ctrl-C reaches it once, through us
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        running.add(process)
        code = process.wait()
        running.discard(process)
    with (run.folder / SECONDS).open("a", encoding="utf-8") as file:
        print(f"{time.monotonic() - begun:.1f}", file=file)
    if code in (STOPPED, -2):
        raise KeyboardInterrupt
    return code == 0


def interrupt() -> None:
    """Tell every run that is under way to save where it is and to stop; told again, to stop at once."""
    for process in tuple(running):
        process.send_signal(signal.SIGINT)


def _facts(run: Run, checkpoint: Path) -> dict[str, Any]:
    """Size and arithmetic of the network, and how far its taps are from those of the blur it inverts."""
    facts: dict[str, Any] = {}
    try:
        network = load(checkpoint).network
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
