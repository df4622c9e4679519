"""Describes in one line how a loader process ended; torch has many ways to say it."""

import re
import traceback

CURE = "as the system does where memory is short: set a smaller --data.num_workers or --data.batch_size"


def lost_loader(error: BaseException) -> str | None:
    """The line for ``error``, or None where it is of another kind."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    queue = bool(frames) and str(frames[-1].f_globals.get("__name__")).startswith("multiprocessing.")
    told, how = queue and isinstance(error, ConnectionError | EOFError), ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RuntimeError) and str(cause).startswith("DataLoader worker"):
            found = re.search(r"killed by signal: \w+", str(cause))
            told, how = True, f" ({found[0]})" if found else how
        cause = cause.__cause__ or cause.__context__
    return f"a loader process was ended from outside{how}, {CURE}." if told else None
