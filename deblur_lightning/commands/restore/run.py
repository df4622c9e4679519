"""Restores photos one after the other; each is written whole or not at all."""

import os
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from deblur_lightning.commands.restore.options import REPORT, Job, Options
from deblur_lightning.commands.restore.provenance import Provenance
from deblur_lightning.errors import UserError
from deblur_lightning.files.images import image_size, refuse_irregular
from deblur_lightning.files.temporary import clear_partials
from deblur_lightning.files.writing import check_room, make_folder
from deblur_lightning.restoring.conversion import fitting
from deblur_lightning.restoring.encoding import write_photo
from deblur_lightning.restoring.model import Model, load_model
from deblur_lightning.restoring.photos import Photo, read_photo
from deblur_lightning.restoring.report import Report
from deblur_lightning.restoring.restorer import LEFT, PhotoRestorer
from deblur_lightning.restoring.tiles import Planes


def restore_photos(order: Options) -> list[str]:
    """Restore the photos that are not there yet, and say where they are.

    Returns:
        Lines about what was left out, each with its reason.

    Raises:
        UserError: there is no model to restore with, or nothing can be written to ``order.out``.
    """
    model = load_model(order.ckpt, order.trust)
    memory = None if order.single else Provenance(order.out)
    waiting, left_out = select_jobs(order, memory)
    skipped = len(order.tasks) - len(waiting) - len(left_out)
    prepare(order)
    room = BatchRestorer(order, model, memory)
    left_out += room.work(waiting)
    count = len(order.tasks) - skipped - len(left_out)
    print(f"restored  {order.tasks[0].target if order.single else order.out}: {count} photos by {model.name}")
    if skipped:
        print(f"skipped   {skipped} that were there already, made from the same photos")
    heading = [f"photos left out: {len(left_out)}"] if left_out else []
    return [*heading, *left_out, *room.finish()]


def select_jobs(order: Options, memory: Provenance | None) -> tuple[list[Job], list[str]]:
    """The tasks that are to be done, and for each that cannot be a line that says why; others are done already."""
    waiting, left_out = [], []
    for task in order.tasks:
        try:
            refuse_irregular(task.source)
            obstacle = _obstacle(task)
            is_new = memory is None or order.overwrite or not os.path.lexists(task.target)
            if not obstacle and is_new:
                waiting.append(task)
            elif complaint := obstacle or (memory.complaint(task) if memory else ""):
                left_out.append(complaint)
        except UserError as error:
            left_out.append(str(error))
        except OSError as error:
            left_out.append(f"cannot read {task.source}: {error.strerror}; check who may read it")
    return waiting, left_out


def prepare(order: Options) -> None:
    """Make the folder, find out whether it can be written to, and remove what killed processes have left in it.

    Raises:
        CannotWrite: there is no room, or no right to.
    """
    make_folder(order.out)
    check_room(order.out / order.tasks[0].target.name, 1)
    for folder in {task.target.parent for task in order.tasks}:
        clear_partials(folder)


class BatchRestorer:
    """Reads, restores and writes photos, and tells how far it has got."""

    def __init__(self, order: Options, model: Model, memory: Provenance | None) -> None:
        self._order = order
        self._memory = memory
        self._restorer = PhotoRestorer(model, order.device, order.tile, order.tta)
        self._report = Report(order.out / REPORT, model.card) if order.report else None
        self._unreported: list[str] = []
        columns = (TextColumn("restoring"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True))

    def work(self, tasks: list[Job]) -> list[str]:
        """Restore ``tasks``; returns why some were left out."""
        left_out = []
        pixels = {task.target: _pixels(task) for task in tasks}
        with self._progress:
            bar = self._progress.add_task("", total=sum(pixels.values()))
            done = 0
            for task in tasks:
                self._progress.update(bar, description=task.source.name.replace("[", r"\["))
                try:
                    self._restore(task, lambda count: self._progress.advance(bar, count))
                except UserError as error:
                    left_out.append(str(error))
                except Exception as error:  # whatever is wrong with one photo, the others are not to pay for it
                    left_out.append(f"cannot restore {task.source}: {_reason(error)}")
                done += pixels[task.target]
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

    def _restore(self, task: Job, tick: Callable[[int], None]) -> None:
        photo = read_photo(task.source, self._order.first_frame, task.format)
        if task.format is not None:
            photo = fitting(photo, task.source)
        make_folder(task.target.parent)
        check_room(task.target, task.source.stat().st_size)
        planes = self._restorer.restore(photo.planes, tick)
        name = task.target.relative_to(self._order.out).as_posix()
        if planes is photo.planes:
            self._progress.console.print(f"{name}: {LEFT}")
        self._write(task, Photo(planes, photo.alpha, photo.format, photo.settings))
        if self._order.check:
            difference = self._restorer.difference(photo.planes)
            self._progress.console.print(f"{name}: tiles differ from the whole by {difference:.2f}/255 at most")
        if self._report is not None:
            self._add_to_report(self._report, name, photo.planes, planes)

    def _write(self, task: Job, photo: Photo) -> None:
        """Write the photo, and what it was made from: that first, unless it would be said of an older file."""
        fresh = not os.path.lexists(task.target)
        if self._memory and fresh:
            self._memory.note(task)
        write_photo(task.target, photo)
        if self._memory and not fresh:
            self._memory.note(task)

    def _add_to_report(self, report: Report, name: str, before: Planes, after: Planes) -> None:
        try:
            warning = report.add(name, before, after)
        except UserError as error:  # the photo is there all the same
            self._unreported.append(str(error))
            return
        if warning:
            self._progress.console.print(f"{name}: {warning}")


def _obstacle(task: Job) -> str:
    """What stands where the task's target is to be, and is not to be replaced by any photo."""
    if os.path.isdir(task.target):
        return f"{task.target} is a folder: move it away, or give another --out"
    parents = [folder for folder in task.target.parents if os.path.lexists(folder)]
    if parents and not parents[0].is_dir():
        return f"{parents[0]} is a file where a folder is needed for {task.source}: move it away, or give another --out"
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "the memory does not hold it; close other programs, or scale it down"
    return (str(error).splitlines() or [""])[0].strip() or type(error).__name__


def _pixels(task: Job) -> int:
    """How much work a photo is; nothing where its header cannot be read, since it will be refused."""
    try:
        height, width = image_size(task.source)
    except UserError:
        return 0
    return height * width
