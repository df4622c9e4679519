"""A loader process outlives what a terminal or a job's end sends to all, and ends when its run tells it to."""

import multiprocessing
import os
import signal
import subprocess
from multiprocessing.connection import Connection

from deblur_lightning.datamodules.workers import ignore_signals


def answer(connection: Connection) -> None:
    ignore_signals(0)
    while True:
        connection.send(connection.recv())


def test_only_the_run_itself_ends_a_loader_process() -> None:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=answer, args=(there,), daemon=True)
    process.start()
    here.send("ready")
    assert here.recv() == "ready"
    for number in (signal.SIGINT, signal.SIGUSR1):
        os.kill(process.pid or 0, number)
    subprocess.run(["kill", "-TERM", str(process.pid)], check=True)
    here.send("still there")
    assert here.poll(10)
    assert here.recv() == "still there"
    for _ in range(100):  # of two that have not been answered yet the system keeps the first alone
        if process.exitcode is None:
            process.terminate()
            process.join(0.1)
    assert process.exitcode == 0
