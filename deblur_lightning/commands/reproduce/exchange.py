"""Exchanges finished runs between machines: their scores and notes, without weights."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from deblur_lightning.commands.reproduce.run_folders import lock_run
from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import make_folder, write_atomically
from deblur_lightning.ledger.runs import NOTE, Run, Runs, finished_runs

PARTS = ("scores.csv", NOTE)
"""The files of a run that a ledger is made from; the note comes last, since a run with a note counts as finished."""


def check_export(given: str | None) -> None:
    """Check that runs can be exported to ``given``.

    Raises:
        UserError: it is a file.
    """
    if given is not None and Path(given).is_file():
        raise UserError(f"--export={given} is a file: give a folder.")


def export_runs(runs: Runs, root: Path, given: str) -> None:
    """Copy the scores and notes of all finished runs below ``root`` into the folder ``given``, and print how many.

    Raises:
        UserError: the disk is full.
    """
    found = finished_runs(runs)
    for run in found:
        _copy(run.folder, Path(given) / run.folder.relative_to(root))
    print(f"exported  {len(found)} runs to {given}")


def import_runs(runs: Runs, root: Path, given: str) -> None:
    """Copy runs that another machine exported into the folder ``given`` to ``root``, where they are not finished here.

    Prints how many; and a line about each run that is left out, since it is damaged or of other arguments.

    Raises:
        UserError: there is no such folder, or no run in it, or the disk is full.
    """
    folder = Path(given)
    if not folder.is_dir():
        raise UserError(f"--import={given} is no folder: give one that --export has written.")
    places = [(run, folder / run.folder.relative_to(root)) for run in _distinct(runs)]
    there = [(run, place) for run, place in places if (place / NOTE).is_file()]
    if not there:
        raise UserError(f"--import={given} has no run that belongs here: give one that --export has written.")
    print(f"imported  {sum(_import(run, place) for run, place in there)} runs from {given}")


def _import(run: Run, place: Path) -> bool:
    """Copy one run, unless it is here or is being made here; returns whether it was copied."""
    try:
        dataclasses.replace(run, folder=place).result()
    except UserError as error:
        print(f"left out  {error}")
        return False
    with lock_run(run.folder, None) as lock:
        is_wanted = lock is not None and not run.is_done()
        if is_wanted:
            _copy(place, run.folder)
    return is_wanted


def _distinct(runs: Runs) -> Iterable[Run]:
    return {run.folder: run for group in runs.values() for run in group}.values()


def _copy(source: Path, target: Path) -> None:
    make_folder(target)
    for name in PARTS:
        write_atomically(target / name, (source / name).read_bytes())
