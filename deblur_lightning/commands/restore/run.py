"""Restores photos one after the other; each is written whole or not at all."""

import os
from collections import Counter
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from deblur_lightning.commands.restore.options import REPORT, Job, Options
from deblur_lightning.commands.restore.provenance import Provenance
from deblur_lightning.errors import UserError
from deblur_lightning.files.camera_files import FRAMES, VIDEO_SUFFIXES
from deblur_lightning.files.images import refuse_irregular
from deblur_lightning.files.temporary import clear_partials
from deblur_lightning.files.writing import check_room, make_folder, write_atomically
from deblur_lightning.restoring.conversion import fitting
from deblur_lightning.restoring.encoding import encode_file, join_pages
from deblur_lightning.restoring.model import Model, load_model
from deblur_lightning.restoring.photos import Photo, read_photo
from deblur_lightning.restoring.report import Report
from deblur_lightning.restoring.restorer import LEFT, PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels, Tell


def restore_photos(options: Options) -> list[str]:
    """Restore the photos that are not there yet, and say where they are.

    Returns:
        Lines about what was left out, each with its reason.

    Raises:
        UserError: there is no model to restore with, or nothing can be written to ``options.out``.
    """
    model = load_model(options.ckpt, options.trust)
    memory = None if options.single else Provenance(options.out)
    waiting, left_out = select_jobs(options, memory)
    skipped = len(options.jobs) - len(waiting) - len(left_out)
    prepare(options)
    if model.origin:
        print(f"model     {model.origin}", flush=True)
    batch = BatchRestorer(options, model, memory)
    left_out += batch.work(waiting)
    count = len(options.jobs) - skipped - len(left_out)
    where = options.jobs[0].target if options.single else options.out
    unchanged = f", {batch.unchanged} of them left as they were" if batch.unchanged else ""
    print(f"restored  {where}: {count} photos by {model.name}{unchanged}")
    if skipped:
        print(f"skipped   {skipped} that were there already, made from the same photos")
    if options.others:
        print(f"skipped   {len(options.others)} that are no photos ({', '.join(_kinds(options.others))})")
    if set(options.others) & set(VIDEO_SUFFIXES):
        print(f"videos    {FRAMES}")
    heading = [f"photos left out: {len(left_out)}"] if left_out else []
    return [*heading, *left_out, *batch.finish()]


def select_jobs(options: Options, memory: Provenance | None) -> tuple[list[Job], list[str]]:
    """The jobs that are to be done, and for each that cannot be a line that says why; others are done already."""
    waiting, left_out = [], []
    for job in options.jobs:
        try:
            refuse_irregular(job.source)
            obstacle = _obstacle(job)
            is_new = memory is None or options.overwrite or not os.path.lexists(job.target)
            if not obstacle and is_new:
                waiting.append(job)
            elif complaint := obstacle or (memory.complaint(job) if memory else ""):
                left_out.append(complaint)
        except UserError as error:
            left_out.append(str(error))
        except OSError as error:
            left_out.append(f"cannot read {job.source}: {error.strerror}; check who may read it")
    return waiting, left_out


def prepare(options: Options) -> None:
    """Make the folder, find out whether it can be written to, and remove what killed processes have left in it.

    Raises:
        CannotWrite: there is no room, or no right to.
    """
    make_folder(options.out)
    check_room(options.out / options.jobs[0].target.name, 1)
    for folder in {job.target.parent for job in options.jobs}:
        clear_partials(folder)


class BatchRestorer:
    """Reads, restores and writes photos, and tells how far it has got."""

    def __init__(self, options: Options, model: Model, memory: Provenance | None) -> None:
        self._options = options
        self._memory = memory
        self._restorer = PhotoRestorer(model, options.device, options.tile, options.tta, options.fast)
        self._report = Report(options.out / REPORT, model.card) if options.report else None
        self.unchanged = 0
        self._unreported: list[str] = []
        columns = (TextColumn("restoring"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True))

    def work(self, jobs: list[Job]) -> list[str]:
        """Restore ``jobs``; returns why some were left out."""
        left_out = []
        with self._progress:
            bar = self._progress.add_task("", total=sum(job.pixels for job in jobs))
            done = 0
            for job in jobs:
                self._progress.update(bar, description=job.source.name.replace("[", r"\["))
                try:
                    self._restore(job, lambda count: self._progress.advance(bar, count))
                except UserError as error:
                    left_out.append(str(error))
                except Exception as error:  # whatever is wrong with one photo, the others are not to pay for it
                    left_out.append(f"cannot restore {job.source}: {_reason(error)}")
                done += job.pixels
                self._progress.update(bar, completed=done)
        return left_out

    def finish(self) -> list[str]:
        """Write the report's table, where there is one; returns lines about what is missing in it."""
        if self._report is not None:
            try:
                print(self._report.finish())
            except UserError as error:
                self._unreported.append(str(error))
        return self._unreported

    def _restore(self, job: Job, tell: Tell) -> None:
        several = job.pages > 1 and not self._options.first_frame
        if several and job.format not in (None, "TIFF"):
            cure = "give --frames=first for the first page, or a TIFF for all"
            raise UserError(f"{job.source} has {job.pages} pages, which {job.format} files do not hold: {cure}.")
        name = job.target.relative_to(self._options.out).as_posix()
        frames: list[int | None] = [*range(job.pages)] if several else [0 if self._options.first_frame else None]
        names = [f"{name}, page {number}" for number in range(1, job.pages + 1)] if several else [name]
        pages, unchanged = [], []
        reported: list[tuple[str, Pixels, Pixels, float]] = []
        for page, frame in zip(names, frames, strict=True):
            photo = self._read(job, frame)
            pixels = self._restorer.restore(photo.pixels, tell)
            unchanged.append(self._tell(page, photo.pixels, pixels))
            if self._report is not None:
                reported.append((page, photo.pixels, pixels, self._restorer.psf_share))
            pages.append(encode_file(job.target, replace(photo, pixels=pixels)))
        self._write(job, join_pages(pages))
        self.unchanged += all(unchanged)
        if self._report is not None:
            for photo_of_page in reported:
                self._add_to_report(self._report, *photo_of_page)

    def _read(self, job: Job, frame: int | None) -> Photo:
        photo = read_photo(job.source, frame, job.format)
        if job.format is not None:
            photo = fitting(photo, job.source)
        make_folder(job.target.parent)
        check_room(job.target, job.source.stat().st_size)
        return photo

    def _tell(self, name: str, before: Pixels, after: Pixels) -> bool:
        """Say what is to be said of a restored photo; returns whether it was left as it was."""
        if before is after:
            self._progress.console.print(f"{name}: {LEFT}")
        if self._options.check:
            difference = self._restorer.difference(before)
            self._progress.console.print(f"{name}: tiles differ from the whole by {difference:.2f}/255 at most")
        return before is after

    def _write(self, job: Job, data: bytes) -> None:
        """Write the photo, and what it was made from: that first, unless it would be said of an older file."""
        fresh = not os.path.lexists(job.target)
        if self._memory and fresh:
            self._memory.note(job)
        write_atomically(job.target, data)
        if self._memory and not fresh:
            self._memory.note(job)

    def _add_to_report(self, report: Report, name: str, before: Pixels, after: Pixels, psf_share: float) -> None:
        try:
            warning = report.add(name, before, after, psf_share)
        except UserError as error:  # the photo is there all the same
            self._unreported.append(str(error))
            return
        if warning:
            self._progress.console.print(f"{name}: {warning}")


def _obstacle(job: Job) -> str:
    """What stands where the job's target is to be, and is not to be replaced by any photo."""
    if os.path.isdir(job.target):
        return f"{job.target} is a folder: move it away, or give another --out"
    parents = [folder for folder in job.target.parents if os.path.lexists(folder)]
    if parents and not parents[0].is_dir():
        return f"{parents[0]} is a file where a folder is needed for {job.source}: move it away, or give another --out"
    return ""


def _kinds(suffixes: list[str]) -> list[str]:
    """Each once, the most frequent first."""
    return [suffix or "without a suffix" for suffix, _ in Counter(suffixes).most_common()]


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "the memory does not hold it; close other programs, or scale it down"
    return (str(error).splitlines() or [""])[0].strip() or type(error).__name__
