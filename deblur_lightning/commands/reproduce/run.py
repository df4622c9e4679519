"""Runs ``deblur reproduce``: plans, estimates the time, makes the runs and writes the ledger."""

import os
import time
from argparse import Namespace
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import suppress
from pathlib import Path

import torch
from torch import nn

from deblur_lightning.commands.reproduce.one_run import cores, interrupt, make, stopping, useless
from deblur_lightning.commands.reproduce.run_folders import check_own, lock_run
from deblur_lightning.errors import UserError
from deblur_lightning.ledger.claims import BUDGETS, Claim, ClaimSet, read_book
from deblur_lightning.ledger.plan import Run, all_runs, measurable, plan, shard
from deblur_lightning.ledger.rows import counts, rows_of
from deblur_lightning.ledger.tables import check_ledger, write_ledger

PROBE_SECONDS = 1.1
"""What ``probe`` takes on the CPU core that the seconds in claims.yaml are of."""


def reproduce(given: Namespace) -> list[str]:
    """Make the runs and write the ledger; returns the folders of the runs that failed.

    Raises:
        UserError: something is missing, or does not fit.
    """
    _check(given)
    book = read_book(Path(given.claims))
    root, data = Path(given.runs), None if given.data is None else Path(given.data).expanduser().resolve()
    claims = _claims(given, book)
    if data is not None and not data.is_dir():
        raise UserError(f"--data={given.data} is no folder: give one that holds sets, such as MNIST/raw.")
    if data is not None:
        _say_what_is_there(claims, given.budget, book, data)
    wanted = shard(plan(claims, given.budget, book, root, data), given.shard)
    missing = [run for run in wanted if run.state() != "done"]
    if given.jobs > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // given.jobs)))
    factor = probe() / PROBE_SECONDS if missing else 1.0
    _announce(wanted, missing, factor, given.jobs)
    if given.list:
        return []
    _check_whose(missing, Path(given.out))
    failed = _run_all(missing, data, given.jobs)
    _write(book, root, Path(given.out), {claim.id for claim in claims})
    return failed


def _check_whose(missing: Sequence[Run], out: Path) -> None:
    check_ledger(out)
    for run in missing:
        for folder in useless(run):
            check_own(run.folder, folder)


def _write(book: ClaimSet, root: Path, out: Path, shown: Collection[str]) -> None:
    with lock_run(root / "ledger", stopping):  # whoever comes last has seen all runs
        rows = rows_of(book, root)
        write_ledger(rows, all_runs(book, root), out)
    for row in rows:
        if row.id in shown:
            print(f"{row.id:<18}{row.claimed:<28}{row.measured:<12}{row.verdict}")
    print(f"ledger    {out}/ledger.md: {counts(rows)}")


def _check(given: Namespace) -> None:
    if given.budget not in BUDGETS:
        raise UserError(f"--budget={given.budget}: choose from quick, full.")
    if given.jobs < 1:
        raise UserError(f"--jobs={given.jobs}: give 1 or more.")
    if bool(given.names) == given.all:
        raise UserError("name claims, or give --all for all of them: experiments/claims.yaml has them.")


def _claims(given: Namespace, book: ClaimSet) -> tuple[Claim, ...]:
    return book.claims if given.all else book.chosen(tuple(given.names))


def _say_what_is_there(claims: Sequence[Claim], budget: str, book: ClaimSet, data: Path) -> None:
    run = [claim for claim in claims if measurable(claim, budget, book)]
    wanted = {book.trainings[name].data for claim in run for name in claim.trainings} - {""}
    for name in sorted(wanted):
        there = (data / book.data[name].needs).exists()
        print(f"data      {book.data[name].words}: {'from ' + str(data) if there else 'absent, built-in data instead'}")


def _announce(wanted: Sequence[Run], missing: Sequence[Run], factor: float, jobs: int) -> None:
    for run in missing:
        print(f"  {_name(run):<44}{run.state():<9}about {_duration(run.seconds * factor)}")
    whole = sum(run.seconds for run in missing) * factor / jobs
    there = len(wanted) - len(missing)
    print(f"{len(missing)} runs to make, about {_duration(whole)} here; {there} are there.", flush=True)


def _run_all(missing: Sequence[Run], data: Path | None, jobs: int) -> list[str]:
    """Make the runs, ``jobs`` at a time; those that another process makes come last, and are waited for.

    Ctrl-C is passed on to those under way, and they are waited for.
    """
    stopping.clear()
    futures: dict[Future[bool | None], Run] = {}
    failed: list[str] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for wait_for_others in (False, True):
                futures = {pool.submit(make, run, data, wait_for_others): run for run in missing}
                failures, missing = _watched(futures)
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


def _watched(futures: Mapping[Future[bool | None], Run]) -> tuple[list[str], list[Run]]:
    """Tell of each run as it ends and what is left, by what those before took.

    Returns:
        The folders of those that failed, and the runs that another process is making.
    """
    failed: list[str] = []
    elsewhere: list[Run] = []
    begun, rest = time.monotonic(), sum(run.seconds for run in futures.values())
    whole = rest
    for number, future in enumerate(as_completed(futures), start=1):
        run = futures[future]
        rest -= run.seconds
        if (well := _outcome(future, run)) is None:
            elsewhere.append(run)
            continue
        seconds = (time.monotonic() - begun) * rest / (whole - rest)
        print(f"[{number}/{len(futures)}] {_name(run)}, {_duration(seconds)} to go", flush=True)
        if not well:
            print(f"      failed: see {run.folder}/log.txt", flush=True)
            failed.append(str(run.folder))
    return failed, elsewhere


def _outcome(future: Future[bool | None], run: Run) -> bool | None:
    try:
        return future.result()
    except UserError as error:  # those beside it go on
        print(f"      {_name(run)}: {error}", flush=True)
        return False


def _name(run: Run) -> str:
    return f"{run.training.name}, {run.data}, seed {run.seed}"


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def probe(steps: int = 20) -> float:
    """Seconds that a small training takes here."""
    network = nn.Sequential(nn.Conv2d(3, 64, 9, padding=4), nn.ReLU(), nn.Conv2d(64, 3, 5, padding=2))
    if torch.cuda.is_available():
        network = network.cuda()
    images = torch.rand(8, 3, 64, 64, device=next(network.parameters()).device)
    for step in range(steps + 2):
        if step == 2:  # the first ones allocate
            begun = time.perf_counter()
        network(images).square().mean().backward()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun
