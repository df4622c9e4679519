"""Restores an uploaded photo, and keeps only the files that its tab shows."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from deblur_lightning.errors import UserError
from deblur_lightning.files.writing import write_atomically
from deblur_lightning.restoring.blur_shape import removed_psf, shape_of
from deblur_lightning.restoring.encoding import encode_file
from deblur_lightning.restoring.estimates import estimate
from deblur_lightning.restoring.model import Model
from deblur_lightning.restoring.photos import Photo, read_header, read_photo
from deblur_lightning.restoring.report import middle, training_ranges, verdict, warning_of
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels

SHOWN = 1600
"""Pixels a side, at most, of the part of a photo that the slider shows."""

UPLOADS = "uploads"
"""Name of the folder, in the one that is worked in, where Gradio puts what is uploaded."""

STALE = 600
"""Seconds after which an upload that nobody asked to restore is removed."""

Shown = tuple[tuple[str, str] | None, str, str | None]
"""The paths of the slider's two pictures, a text, and the restored file's path."""

NOTHING: Shown = (None, "", None)


class AppState:
    """Restores uploaded photos.

    An upload is removed as soon as it has been read. Its pixels stay in memory, so that another model can restore them.
    The restored file stays on disk for the download. Both are removed when the tab gets another photo, is cleared or is
    closed.

    Args:
        models: to choose from, by name.
        device: where they restore.
        folder: to work in.

    Attributes:
        uploads: where each upload lies in a folder of its own, which is removed with it.
        answers: where each answer does.
    """

    def __init__(self, models: Mapping[str, Model], device: torch.device, folder: Path) -> None:
        self.models = models
        self.uploads, self.answers = folder / UPLOADS, folder / "answers"
        for place in (self.uploads, self.answers):
            place.mkdir(exist_ok=True)
        self._restorers = {name: PhotoRestorer(model, device) for name, model in models.items()}
        self._photos: dict[str, tuple[str, Photo]] = {}
        self._folders: dict[str, Path] = {}
        self._writing = threading.Lock()
        self._closed = False

    def restore(self, path: str | None, name: str, tab: str, progress: Callable[..., Any]) -> Shown:
        """Restore the upload ``path`` with the model ``name``; a file that cannot be restored gets a line.

        Args:
            path: of the file, in a folder of its own; None removes the photo.
            name: of a model.
            tab: whose photo it is.
            progress: is told the share that is done.
        """
        self.clear(tab)
        if path is None:
            return NOTHING
        source = Path(path)
        if source.resolve().parent.parent != self.uploads.resolve():
            return None, _bold("this was not uploaded here."), None
        try:
            self._photos[tab] = read_header(source).name, read_photo(source, frame=0)
        except UserError as error:
            return None, _bold(str(error).replace(str(source), source.name)), None
        finally:
            shutil.rmtree(source.parent, ignore_errors=True)
            _remove_stale(self.uploads)
        return self.again(name, tab, progress)

    def again(self, name: str, tab: str, progress: Callable[..., Any]) -> Shown:
        """Restore the tab's photo with the model ``name``."""
        if tab not in self._photos:
            return NOTHING
        self._remove_answer(tab)
        file, photo = self._photos[tab]
        done = 0.0

        def tell(pixels: float) -> None:
            nonlocal done
            self._check_wanted(tab)
            done += pixels
            progress(done / (photo.pixels.shape[0] * photo.pixels.shape[1]), desc="restoring")

        try:
            pixels = self._restorers[name].restore(photo.pixels, tell)
            with self._writing:
                self._check_wanted(tab)
                pictures, result = self._write(file, tab, photo, pixels)
        except UserError as error:
            return None, _bold(str(error)), None
        return pictures, _explain(photo.pixels, pixels, self.models[name].card.get("estimates", {})), result

    def clear(self, tab: str) -> None:
        """Forget a tab's photo, and remove its answer."""
        with self._writing:
            self._photos.pop(tab, None)
            self._remove_answer(tab)

    def close(self) -> None:
        """Write nothing more, and end what is being restored at its next layer: the process waits for it."""
        with self._writing:
            self._closed = True

    def _check_wanted(self, tab: str) -> None:
        if self._closed:
            raise UserError("the page was closed.")
        if tab not in self._photos:
            raise UserError("the photo was taken away.")

    def _write(self, file: str, tab: str, photo: Photo, pixels: Pixels) -> tuple[tuple[str, str], str]:
        try:
            folder = Path(tempfile.mkdtemp(dir=self.answers))
            self._folders[tab] = folder
            pictures = [folder / side / "shown.png" for side in ("before", "after")]
            for place, shown in zip(pictures, (photo.pixels, pixels), strict=True):
                place.parent.mkdir()
                Image.fromarray(middle(shown, SHOWN)).save(place, compress_level=1)
        except OSError as error:
            raise UserError(f"cannot write the answer: {error.strerror or error}.") from error
        write_atomically(folder / file, encode_file(folder / file, replace(photo, pixels=pixels)))
        return (str(pictures[0]), str(pictures[1])), str(folder / file)

    def _remove_answer(self, tab: str) -> None:
        if tab in self._folders:
            shutil.rmtree(self._folders.pop(tab), ignore_errors=True)


def _explain(before: Pixels, after: Pixels, ranges: dict[str, list[float]]) -> str:
    psf = removed_psf(before, after)
    done = verdict(before, after, None if psf is None else shape_of(psf))
    found = estimate(before)
    numbers = ""
    if found is not None:
        numbers = f"Edges are as soft as from a Gaussian of {found.blur:.2f} pixels, noise {found.noise:.2f}/255; "
    careful = warning_of(found, ranges)
    warning = f" {_bold(f'Careful: {careful}.')}" if careful else ""
    part = f" Shown is the middle, {SHOWN} pixels." if max(before.shape[:2]) > SHOWN else ""
    return f"{_bold(f'{done.capitalize()}.')} {numbers}{training_ranges(ranges)}.{warning}{part}"


def _bold(text: str) -> str:
    return f"**{text}**"


def _remove_stale(uploads: Path) -> None:
    """Remove what was uploaded and never asked for: the tab was closed, or the upload broke off."""
    for entry in uploads.iterdir() if uploads.is_dir() else ():
        try:
            if time.time() - entry.stat().st_mtime > STALE:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        except OSError:  # gone already
            continue
