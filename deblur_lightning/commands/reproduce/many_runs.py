"""Makes many runs, several at a time, and says how long the rest takes."""

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import suppress
from pathlib import Path

from deblur_lightning.commands.reproduce.one_run import count_cores, interrupt, make_run, stale_folders, stopping
from deblur_lightning.commands.reproduce.run_folders import check_own
from deblur_lightning.errors import UserError
from deblur_lightning.ledger.runs import Run


def make_runs(missing: Sequence[Run], data: Path | None, jobs: int) -> list[str]:
    """Make the runs, ``jobs`` at a time; returns the folders of those that failed.

    Runs that another process is making come last, and are waited for. Ctrl-C is passed on to the running processes,
    which are waited for too.
    """
    for run in missing:
        for folder in stale_folders(run):
            check_own(run.folder, folder)
    if jobs > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, count_cores() // jobs)))
    stopping.clear()
    futures: dict[Future[bool | None], Run] = {}
    failed: list[str] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for wait_for_others in (False, True):
                futures = {pool.submit(make_run, run, data, wait_for_others): run for run in missing}
                failures, missing = _watch(futures)
                failed += failures
                if missing and not wait_for_others:
                    print(f"{len(missing)} are being made by another process: waiting for them.", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in futures):
                with suppress(KeyboardInterrupt):
                    interrupt()
                    wait([future for future in futures if not future.done()])
            raise
    return failed


def _watch(futures: Mapping[Future[bool | None], Run]) -> tuple[list[str], list[Run]]:
    """Print a line for each run that ends, with the time left.

    Returns:
        The folders of the runs that failed, and the runs that another process is making.
    """
    failed: list[str] = []
    elsewhere: list[Run] = []
    begun, rest = time.monotonic(), sum(run.seconds for run in futures.values())
    whole = rest
    for number, future in enumerate(as_completed(futures), start=1):
        run = futures[future]
        rest -= run.seconds
        if (succeeded := _outcome(future, run)) is None:
            elsewhere.append(run)
            continue
        seconds = (time.monotonic() - begun) * rest / (whole - rest)
        print(f"[{number}/{len(futures)}] {run_name(run)}, {duration(seconds)} to go", flush=True)
        if not succeeded:
            print(f"      failed: see {run.folder}/log.txt", flush=True)
            failed.append(str(run.folder))
    return failed, elsewhere


def _outcome(future: Future[bool | None], run: Run) -> bool | None:
    try:
        return future.result()
    except UserError as error:  # the other runs go on
        print(f"      {run_name(run)}: {error}", flush=True)
        return False


def run_name(run: Run) -> str:
    """The run in a line of the output."""
    return f"{run.training.name}, {run.data}, seed {run.seed}"


def duration(seconds: float) -> str:
    """A time in words, such as "5 min"."""
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )
