"""Restores uploaded photos one after the other, and keeps only the files of the tabs that are open."""

import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import torch
from PIL import Image

from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import write_atomically
from deblur_lightning.restoring.blur_shape import removed_psf, shape_of
from deblur_lightning.restoring.encoding import encode_file
from deblur_lightning.restoring.estimates import estimate
from deblur_lightning.restoring.model import Model
from deblur_lightning.restoring.photos import read_header, read_photo
from deblur_lightning.restoring.report import middle, psf_picture, training_ranges, verdict, warning_of
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels

SHOWN = 8192
"""Pixels a side, at most, of the part of a photo that the slider shows: browsers show no larger pictures."""

UPLOADS = "uploads"
"""Name of the folder, in the one that is worked in, where Gradio puts what is uploaded."""

STALE = 600
"""Seconds after which an upload that nobody asked to restore is removed."""

MOST = 0.99
"""Share that is told until the restored file is there."""

PHOTO = "the photo"
"""What a restored version can be compared with, beside those of other models."""


@dataclass
class Answer:
    """What one model makes of one photo.

    Attributes:
        share: of the work that is done, from 0 to 1.
        file: the restored photo; None as long as there is none.
        verdict: what was done, or why nothing was, in a line.
        details: measured figures, in a sentence or two.
        psf: a PNG of the blur that was taken out, enlarged; None where there is none.
    """

    share: float = 0.0
    file: Path | None = None
    verdict: str = ""
    details: str = ""
    psf: bytes | None = None


@dataclass
class Item:
    """An uploaded photo, and its answers by model."""

    name: str
    upload: Path
    answers: dict[str, Answer] = field(default_factory=dict)


@dataclass
class Tab:
    """The photos of one tab in the order of their upload, and the models that are to restore them."""

    folder: Path
    models: tuple[str, ...]
    items: list[Item] = field(default_factory=list)


class AppState:
    """Restores the photos of all tabs, one at a time, each tab in its turn.

    Uploads and restored files stay on disk until their tab removes them or is closed.

    Args:
        models: to choose from, by name.
        device: where they restore.
        folder: to work in.
        suffix: what a restored file's name has after the photo's.

    Attributes:
        uploads: where each upload lies in a folder of its own, which is removed with it.
        answers: where each tab has a folder.
    """

    def __init__(
        self, models: Mapping[str, Model], device: torch.device, folder: Path, suffix: str = "-restored"
    ) -> None:
        self.models = models
        self.uploads, self.answers = folder / UPLOADS, folder / "answers"
        for place in (self.uploads, self.answers):
            place.mkdir(exist_ok=True)
        self._suffix = suffix
        self._restorers = {name: PhotoRestorer(model, device) for name, model in models.items()}
        self._tabs: dict[str, Tab] = {}
        self._changed = threading.Condition(threading.RLock())
        self._closed = False
        self._numbers = count()
        self._worker = threading.Thread(target=self._work, daemon=True, name="restoring")
        self._worker.start()

    def add(self, paths: Sequence[str], models: Sequence[str], tab: str) -> None:
        """Take uploads, and restore all the tab's photos with ``models``.

        Args:
            paths: of the files, each in a folder of its own below ``uploads``; others are refused.
            models: names, of which ``PHOTO`` is none.
            tab: whose photos they are.
        """
        with self._changed:
            chosen = tuple(name for name in dict.fromkeys(models) if name in self.models)
            if tab not in self._tabs:
                self._tabs[tab] = Tab(Path(tempfile.mkdtemp(dir=self.answers)), chosen)
            here = self._tabs[tab]
            here.models = chosen
            for path in paths:
                self._take(Path(path), here)
            kept = {item.upload.parent for each in self._tabs.values() for item in each.items}
            _remove_stale(self.uploads, kept)
            self._changed.notify_all()

    def items(self, tab: str) -> list[Item]:
        """The tab's photos."""
        with self._changed:
            return list(self._tabs[tab].items) if tab in self._tabs else []

    def finished(self, tab: str) -> bool:
        """Whether none of the tab's photos waits or is being restored."""
        with self._changed:
            here = self._tabs.get(tab)
            shares = [answer.share for item in here.items for answer in item.answers.values()] if here else []
            return here is None or (not _waiting(here) and all(share == 1 for share in shares))

    def pictures(self, tab: str, item: Item, sides: tuple[str, str]) -> tuple[str, str] | None:
        """The paths of pictures of a photo by two models, or ``PHOTO``; None where one is not there."""
        with self._changed:
            if tab not in self._tabs:
                return None
            here = self._tabs[tab]
            files = [item.upload if side == PHOTO else item.answers.get(side, Answer()).file for side in sides]
        shown = here.folder / "shown"
        shutil.rmtree(shown, ignore_errors=True)
        made = []
        try:
            for file in files:
                if file is None:
                    return None
                place = shown / str(next(self._numbers)) / "shown.png"
                place.parent.mkdir(parents=True)
                Image.fromarray(middle(read_photo(file, frame=0).pixels, SHOWN)).save(place, compress_level=1)
                made.append(str(place))
        except (UserError, OSError):
            return None
        with self._changed:
            if self._tabs.get(tab) is not here:
                shutil.rmtree(here.folder, ignore_errors=True)
                return None
        return made[0], made[1]

    def bundle(self, tab: str) -> str | None:
        """The path of an archive of all restored photos, a folder for each model if they are several; None for one."""
        with self._changed:
            files = [(n, answer.file) for item in self.items(tab) for n, answer in item.answers.items() if answer.file]
            if len(files) < 2:
                return None
            several = len({model for model, _ in files}) > 1
            path = self._tabs[tab].folder / "restored.zip"
            with zipfile.ZipFile(path, "w") as archive:
                for model, file in files:
                    archive.write(file, f"{Path(model).stem}/{file.name}" if several else file.name)
            return str(path)

    def clear(self, tab: str) -> None:
        """Remove a tab's photos and their restored versions; what is being restored ends at its next layer."""
        with self._changed:
            here = self._tabs.pop(tab, None)
            if here is not None:
                for folder in (here.folder, *(item.upload.parent for item in here.items)):
                    shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Write nothing more, end what is being restored at its next layer, and wait for that."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._worker.join()

    def _take(self, upload: Path, here: Tab) -> None:
        """Add an upload; nothing else is ever read or removed."""
        if upload.resolve().parent.parent != self.uploads.resolve():
            return
        taken, name = {item.name for item in here.items}, upload.name
        numbers = count(2)
        while name in taken:
            name = f"{upload.stem} ({next(numbers)}){upload.suffix}"
        here.items.append(Item(name, upload))

    def _work(self) -> None:
        """Restore what waits, until the page is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or any(map(_waiting, self._tabs.values())))
                if self._closed:
                    return
                tab = next(name for name, each in self._tabs.items() if _waiting(each))
                here = self._tabs[tab]
                item, model = _waiting(here)[0]
                answer = item.answers[model] = Answer()
            try:
                self._restore(here, item, model, answer)
            except UserError as error:
                answer.verdict = str(error).replace(str(item.upload), item.name)
            except Exception as error:  # whatever is wrong with one photo, the others are not to pay for it
                answer.verdict = f"cannot be restored: {next(iter(str(error).splitlines()), type(error).__name__)}"
            with self._changed:
                answer.share = 1.0
                if self._tabs.get(tab) is here:
                    self._tabs[tab] = self._tabs.pop(tab)  # to the end: the others come first now

    def _restore(self, here: Tab, item: Item, model: str, answer: Answer) -> None:
        def check_wanted() -> None:
            if self._closed or here not in self._tabs.values():
                raise UserError("the photo was taken away.")

        def tell(pixels: float) -> None:
            check_wanted()
            answer.share = min(MOST, answer.share + pixels / (before.shape[0] * before.shape[1]))

        photo, header = read_photo(item.upload, frame=0), read_header(item.upload)
        before = photo.pixels
        restorer = self._restorers[model]
        after = restorer.restore(before, tell)
        psf_share = restorer.psf_share
        name = f"{Path(item.name).stem}{self._suffix}{header.name.removeprefix(item.upload.stem)}"
        data = encode_file(Path(name), replace(photo, pixels=after))
        psf = removed_psf(before, after)
        answer.details = _details(before, self.models[model].card.get("estimates", {}))
        answer.psf = None if psf is None else psf_picture(psf)
        with self._changed:
            check_wanted()
            folder = Path(tempfile.mkdtemp(dir=here.folder))
            write_atomically(folder / name, data)
            answer.verdict = verdict(before, after, None if psf is None else shape_of(psf), psf_share)
            answer.file = folder / name


def _waiting(tab: Tab) -> list[tuple[Item, str]]:
    return [(item, model) for item in tab.items for model in tab.models if model not in item.answers]


def _details(before: Pixels, ranges: dict[str, list[float]]) -> str:
    found = estimate(before)
    numbers = ""
    if found is not None:
        numbers = f"Edges are as soft as from a Gaussian of {found.blur:.2f} pixels, noise {found.noise:.2f}/255; "
    careful = warning_of(found, ranges)
    part = f" Shown is the middle, {SHOWN} pixels." if max(before.shape[:2]) > SHOWN else ""
    return f"{numbers}{training_ranges(ranges)}.{f' Careful: {careful}.' if careful else ''}{part}"


def _remove_stale(uploads: Path, kept: set[Path]) -> None:
    """Remove what was uploaded and never asked for: the tab was closed, or the upload broke off."""
    for entry in uploads.iterdir():
        try:
            if entry not in kept and time.time() - entry.stat().st_mtime > STALE:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        except OSError:  # gone already
            continue
