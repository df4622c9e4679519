"""The processes of one run: which is the first, and how those that it started are ended."""

import os

from lightning.pytorch import Trainer

PLACES = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "NODE_RANK")
"""Where launchers tell a process its place among those of its run; the first one's is 0 in all that are set."""


def is_first() -> bool:
    """Whether this process is the only or the first one of its run, as its launcher tells it."""
    return all(os.environ.get(name, "0") in ("", "0") for name in PLACES)


def end_started(trainer: Trainer) -> None:
    """End the processes that Lightning has started beside this one, which has failed.

    Those that wait to meet it would wait for half an hour.
    """
    for process in getattr(trainer.strategy.launcher, "procs", ()):
        process.kill()
        process.wait()
