"""A page for restoring photos: drop one, slide between before and after, download the result."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from fastapi.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deblur_lightning.errors import UserError
from deblur_lightning.imagefiles import write_atomically
from deblur_lightning.restoring.encoding import encoded
from deblur_lightning.restoring.estimates import estimated
from deblur_lightning.restoring.model import Model
from deblur_lightning.restoring.photos import Photo, read_photo, restored_name
from deblur_lightning.restoring.report import learned, middle, warning_of
from deblur_lightning.restoring.restorer import LEFT, PhotoRestorer
from deblur_lightning.restoring.tiles import Planes

SHOWN = 1600
"""Pixels a side, at most, of the part of a photo that the slider shows."""

POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:"
"""What the browser may load: nothing from elsewhere, whatever a version of Gradio may ask for."""

TITLE = "Restore a blurred photo"
Shown = tuple[Any, str, str | None]
"""The slider's two pictures, a text, and the restored file's path."""


def page(models: Mapping[str, Model], device: torch.device, folder: Path) -> gr.Blocks:
    """The page.

    Args:
        models: to choose from, by name; the first is chosen.
        device: where they restore.
        folder: where restored files are put for the download.
    """
    desk = Desk(models, device, folder)
    blocks = gr.Blocks(title=TITLE, analytics_enabled=False)
    with blocks:
        gr.Markdown(f"# {TITLE}\nNothing leaves this computer. Of animated files the first frame is taken.")
        with gr.Row():
            photo = gr.File(label="Photo: JPEG, PNG, WebP, TIFF, BMP and others", type="filepath", elem_id="photo")
            model = gr.Dropdown(list(models), value=next(iter(models)), label="Model", elem_id="model")
        told = gr.Markdown(elem_id="told")
        slider = gr.ImageSlider(label="Before, after", format="png", buttons=["fullscreen"], elem_id="slider")
        result = gr.File(label="Restored photo", interactive=False, elem_id="result")
        gr.on(
            [photo.change, model.change], desk.restore, [photo, model], [slider, told, result], api_visibility="private"
        )
    return blocks


def launched(blocks: gr.Blocks, port: int) -> str:
    """Serve the page on this computer alone and return its address; it goes on in the background.

    Raises:
        UserError: the port is taken.
    """
    try:
        _, address, _ = blocks.launch(
            server_name="127.0.0.1",
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            footer_links=[],
            ssr_mode=False,
            app_kwargs={"middleware": [Middleware(OwnOnly)]},
        )
    except OSError as error:
        raise UserError(f"--port={port} is taken: give another.") from error
    return str(address)


class Desk:
    """Restores what is laid on it."""

    def __init__(self, models: Mapping[str, Model], device: torch.device, folder: Path) -> None:
        self._models = models
        self._restorers = {name: PhotoRestorer(model, device) for name, model in models.items()}
        self._folder = folder

    def restore(self, path: str | None, name: str, progress: gr.Progress = gr.Progress()) -> Shown:  # noqa: B008
        """Restore the photo ``path`` with the model ``name``; a file that cannot be restored gets a line."""
        if path is None:
            return None, "", None
        source = Path(path)
        done = 0

        def tick(pixels: int) -> None:
            nonlocal done
            done += pixels
            progress(done / (photo.planes.shape[0] * photo.planes.shape[1]), desc="restoring")

        try:
            photo = read_photo(source, first_frame=True)
            planes = self._restorers[name].restore(photo.planes, tick)
            target = Path(tempfile.mkdtemp(dir=self._folder)) / restored_name(source)
            write_atomically(target, encoded(Photo(planes, photo.alpha, photo.format, photo.settings)))
        except UserError as error:
            return None, f"**{str(error).replace(str(source), source.name)}**", None
        pictures = (middle(photo.planes, SHOWN), middle(planes, SHOWN))
        told = self._told(photo.planes, self._models[name].card.get("estimates", {}))
        return pictures, f"{told} **It was {LEFT}.**" if planes is photo.planes else told, str(target)

    def _told(self, planes: Planes, ranges: dict[str, list[float]]) -> str:
        found = estimated(planes)
        warning = warning_of(found, ranges)
        numbers = "" if found is None else f"Estimated blur {found.blur:.2f} pixels, noise {found.noise:.2f}/255; "
        part = f" Shown is the middle, {SHOWN} pixels." if max(planes.shape[:2]) > SHOWN else ""
        return f"{numbers}{learned(ranges)}.{f' **Careful: {warning}.**' if warning else ''}{part}"


class OwnOnly:
    """Tells the browser with every answer that nothing may be fetched from elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        await self._app(scope, receive, tell)
