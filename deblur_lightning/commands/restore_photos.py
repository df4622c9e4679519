"""Carries ``deblur restore`` out: one photo after the other, each whole on disk or not at all."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from deblur_lightning.commands.restore_options import REPORT, Order, Task
from deblur_lightning.errors import UserError
from deblur_lightning.imagefiles import image_size, write_atomically
from deblur_lightning.restoring.encoding import encoded
from deblur_lightning.restoring.model import Model, load
from deblur_lightning.restoring.photos import Photo, read_photo
from deblur_lightning.restoring.report import Report
from deblur_lightning.restoring.restorer import LEFT, PhotoRestorer


def restore_photos(order: Order) -> list[str]:
    """Restore the photos that are not there yet, and say where they are.

    Returns:
        For each photo that was left out a line that says why.

    Raises:
        UserError: there is no model to restore with.
    """
    model = load(order.ckpt, order.trust)
    waiting = [task for task in order.tasks if order.overwrite or not task.target.exists()]
    left_out = Darkroom(order, model).work(waiting)
    print(f"restored  {order.out}: {len(waiting) - len(left_out)} photos by {model.name}")
    if len(waiting) < len(order.tasks):
        print(f"skipped   {len(order.tasks) - len(waiting)} that were there already")
    return left_out


class Darkroom:
    """Reads, restores and writes photos, and tells how far it has got."""

    def __init__(self, order: Order, model: Model) -> None:
        self._order = order
        self._restorer = PhotoRestorer(model, order.device, order.tile, order.tta)
        self._report = Report(order.out / REPORT, model.card) if order.report else None
        columns = (TextColumn("restoring"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True))

    def work(self, tasks: list[Task]) -> list[str]:
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
                done += pixels[task.target]
                self._progress.update(bar, completed=done)
        if self._report is not None:
            print(self._report.finish())
        return left_out

    def _restore(self, task: Task, tick: Callable[[int], None]) -> None:
        photo = read_photo(task.source, self._order.first_frame)
        planes = self._restorer.restore(photo.planes, tick)
        name = task.target.relative_to(self._order.out).as_posix()
        if planes is photo.planes:
            self._progress.console.print(f"{name}: {LEFT}")
        if self._order.check:
            difference = self._restorer.difference(photo.planes)
            self._progress.console.print(f"{name}: tiles differ from the whole by {difference:.2f}/255 at most")
        if self._report is not None:
            warning = self._report.add(name, photo.planes, planes)
            if warning:
                self._progress.console.print(f"{name}: {warning}")
        _write(task, Photo(planes, photo.alpha, photo.format, photo.settings))


def _write(task: Task, photo: Photo) -> None:
    try:
        task.target.parent.mkdir(parents=True, exist_ok=True)
        data = encoded(photo)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"cannot write {task.target}: {' '.join(str(error).split())}") from error
    write_atomically(task.target, data)


def _pixels(task: Task) -> int:
    """How much work a photo is; nothing where its header cannot be read, since it will be refused."""
    try:
        height, width = image_size(task.source)
    except UserError:
        return 0
    return height * width
