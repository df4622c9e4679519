"""The command line in processes of their own, which start at once and can be killed."""

import multiprocessing
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import IO

import yaml

from tests.conftest import EXPERIMENTS, REPOSITORY, TINY

SRCNN = ["--config", "experiments/srcnn_915.yaml", "--config", "tiny.yaml", "--model.network.widths=[4,4]"]
GAN = ["--config", "experiments/deblurgan.yaml", "--config", "tiny.yaml"]
GAN += ["--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]"]
CLASSIFIER = ["--config", "experiments/mnist_mlp.yaml", "--config", "tiny_labels.yaml", "--model.network.widths=[8]"]
CLASSIFIER += ["--data.source.length=40"]
TWO_BLURS = """--data.degradation={class_path: InTurn, init_args: {members: [
    {class_path: MotionBlur}, {class_path: CameraShake}]}}"""
FEW = ["--data.batch_size=4", "--data.epoch_length=8", "--data.eval_batch_size=10", "--trainer.log_every_n_steps=1"]
FEW += ["--trainer.max_epochs=1", "--trainer.accelerator=cpu"]

_starter = multiprocessing.get_context("forkserver")
_starter.set_forkserver_preload(["deblur_lightning.commands.experiment.run"])


def write_tiny_labels(workplace: Path) -> None:
    """Write the budget that ``CLASSIFIER`` is laid under."""
    data = {"batch_size": 2, "epoch_length": 6, "eval_batch_size": 4, "num_workers": 0}
    (workplace / "tiny_labels.yaml").write_text(yaml.safe_dump({**TINY, "data": {"init_args": data}}))


def photographs_of(folder: Path) -> list[str]:
    """What makes an experiment read its images in ``folder``."""
    return ["--data.source=Folder", f"--data.source.root={folder}"]


def start(arguments: Sequence[object], workplace: Path, temporary: Path | None = None) -> BaseProcess:
    """Start ``deblur ARGUMENTS`` in ``workplace``; what it prints goes to output.txt there."""
    process = _starter.Process(target=_run, args=([str(one) for one in arguments], workplace, temporary or workplace))
    process.start()
    return process


class Terminal:
    """``deblur ARGUMENTS`` as a shell runs it in the foreground of a terminal of its own.

    Attributes:
        process: the leader of a session and a process group, in which its loader processes are too.
    """

    def __init__(self, arguments: Sequence[object], workplace: Path) -> None:
        self._master, slave = pty.openpty()
        name = os.ttyname(slave)
        self.process = _starter.Process(target=_run_in_terminal, args=(list(map(str, arguments)), workplace, name))
        self.process.start()
        self._output: list[bytes] = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self._slave = slave  # open until the end: a terminal that nobody has open is gone

    def press(self, key: bytes) -> None:
        """Type a key, such as Ctrl-C."""
        os.write(self._master, key)

    def end(self) -> tuple[int, str]:
        """Wait for the end; returns the exit code and what could be read on the terminal."""
        self.process.join(120)
        if self.process.exitcode is None:
            os.killpg(self.process.pid or 0, signal.SIGKILL)
            self.process.join()
        os.close(self._slave)
        self._reader.join(10)
        return self.process.exitcode or 0, b"".join(self._output).decode()

    def _read(self) -> None:
        with suppress(OSError):  # the other side is closed
            while part := os.read(self._master, 1 << 16):
                self._output.append(part)


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


def _run_in_terminal(arguments: list[str], workplace: Path, name: str) -> None:
    os.setsid()
    _main(arguments, workplace, os.open(name, os.O_RDWR))  # the first that a session's leader opens becomes its own


def _run(arguments: list[str], workplace: Path, temporary: Path) -> None:
    os.chdir(workplace)
    os.environ["TMPDIR"] = str(temporary)
    _main(arguments, workplace, os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC))


def _main(arguments: list[str], workplace: Path, output: int) -> None:
    import torch

    from deblur_lightning.cli import main

    os.chdir(workplace)
    os.dup2(output, 1)
    os.dup2(output, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    multiprocessing.set_start_method("fork", force=True)  # of loaders, as it is where a shell starts a run
    torch.set_num_threads(1)
    if not Path("experiments").exists():
        Path("experiments").symlink_to(EXPERIMENTS)
    main(arguments)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
