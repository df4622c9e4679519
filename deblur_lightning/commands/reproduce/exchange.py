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


def export_runs(runs: Runs, root: Path, folder: Path) -> int:
    """Copy the scores and notes of all finished runs below ``root`` into ``folder``; returns how many runs these are.

    Raises:
        UserError: the disk is full.
    """
    found = finished_runs(runs)
    for run in found:
        _copy(run.folder, folder / run.folder.relative_to(root))
    return len(found)


def import_runs(runs: Runs, root: Path, folder: Path) -> tuple[int, list[str]]:
    """Copy runs that another machine exported into ``folder`` to ``root``, where they are not finished here.

    Returns:
        The number of runs that were copied; and lines about runs in ``folder`` that are of other arguments, or damaged.

    Raises:
        UserError: there is no such folder, or no run in it, or the disk is full.
    """
    if not folder.is_dir():
        raise UserError(f"--import={folder} is no folder: give one that deblur reproduce --export has written.")
    copied, faults, seen = 0, [], 0
    for run in _distinct(runs):
        there = folder / run.folder.relative_to(root)
        if not (there / NOTE).is_file():
            continue
        seen += 1
        try:
            dataclasses.replace(run, folder=there).result()
        except UserError as error:
            faults.append(str(error))
            continue
        with lock_run(run.folder, None) as lock:  # a run that is being made here is left to itself
            if lock is not None and not run.is_done():
                _copy(there, run.folder)
                copied += 1
    if not seen:
        raise UserError(f"--import={folder} has no run of these claims: give one that --export has written.")
    return copied, faults


def _distinct(runs: Runs) -> Iterable[Run]:
    return {run.folder: run for group in runs.values() for run in group}.values()


def _copy(source: Path, target: Path) -> None:
    make_folder(target)
    for name in PARTS:
        write_atomically(target / name, (source / name).read_bytes())
