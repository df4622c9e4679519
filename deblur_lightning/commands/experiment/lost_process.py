"""Tells whether a run ended because another of its processes did, on this or another machine."""

import re

from torch.distributed import DistError

LOST = r"gloo/transport|Connection (closed|reset) by peer|ncclRemoteError|NCCL communicator was aborted"


def lost_process(error: BaseException) -> bool:
    """Whether the connection to another process broke; torch says so in a class or in words of each transport."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DistError) or (isinstance(cause, RuntimeError) and re.search(LOST, str(cause))):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
