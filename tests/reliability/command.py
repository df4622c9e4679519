"""The command line in processes of their own, which start at once and can be killed."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO

from tests.conftest import EXPERIMENTS, REPOSITORY

SRCNN = ["--config", "experiments/srcnn_915.yaml", "--config", "tiny.yaml", "--model.network.widths=[4,4]"]
GAN = ["--config", "experiments/deblurgan.yaml", "--config", "tiny.yaml"]
GAN += ["--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]"]

_starter = multiprocessing.get_context("forkserver")
_starter.set_forkserver_preload(["deblur_lightning.commands.experiment"])


def photographs_of(folder: Path) -> list[str]:
    """What makes an experiment read its images in ``folder``."""
    return ["--data.source=Folder", f"--data.source.root={folder}"]


def start(arguments: Sequence[object], workplace: Path, temporary: Path | None = None) -> BaseProcess:
    """Start ``deblur ARGUMENTS`` in ``workplace``; what it prints goes to output.txt there."""
    process = _starter.Process(target=_run, args=([str(one) for one in arguments], workplace, temporary or workplace))
    process.start()
    return process


@contextmanager
def fresh(
    arguments: Sequence[object], workplace: Path, output: IO[str], launcher: Sequence[str] = ("-m",), **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Start ``deblur ARGUMENTS`` as a shell does; whatever is left of it in the end is killed."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **variables}
    command = [sys.executable, *launcher, "deblur_lightning", *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=workplace, stdout=output, stderr=output, text=True, env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[str] | BaseProcess") -> None:
    """Wait until ``condition`` holds, while ``process`` lives, for two minutes at most."""
    until = time.monotonic() + 120
    while not condition():
        alive = process.poll() is None if isinstance(process, subprocess.Popen) else process.is_alive()
        assert alive, "it ended too early"
        assert time.monotonic() < until, "it never came"
        time.sleep(0.01)


def _run(arguments: list[str], workplace: Path, temporary: Path) -> None:
    import torch

    from deblur_lightning.cli import main

    os.chdir(workplace)
    os.environ["TMPDIR"] = str(temporary)
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    torch.set_num_threads(1)
    if not Path("experiments").exists():
        Path("experiments").symlink_to(EXPERIMENTS)
    main(arguments)
