"""The processes of one run: which is the first, and how those that it started are ended."""

import os

PLACES = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "NODE_RANK")
"""Where launchers tell a process its place among those of its run; the first one's is 0 in all that are set."""


def is_first() -> bool:
    """Whether this process is the only or the first one of its run, as its launcher tells it."""
    return all(os.environ.get(name, "0") in ("", "0") for name in PLACES)
