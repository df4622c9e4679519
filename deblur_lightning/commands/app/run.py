"""Serves the page of ``deblur app`` until it is stopped."""

import os
import signal
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from deblur_lightning.commands.devices import chosen_device
from deblur_lightning.errors import UserError
from deblur_lightning.files.temporary import temporary_folder
from deblur_lightning.restoring.app_state import UPLOADS, AppState
from deblur_lightning.restoring.model import Model, load_model

FOLDER = "deblur-app-"
"""What the name of the page's temporary folder begins with."""

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def serve_page(given: Namespace) -> None:
    """Serve the page until Ctrl-C, SIGTERM or SIGHUP; the first page to start removes what killed ones have left.

    Raises:
        UserError: an option does not fit, or a model cannot be loaded.
    """
    port, device = _port(given.port), chosen_device(given.device)
    if os.sep in given.suffix:
        raise UserError(f"--suffix={given.suffix}: give an end of a file's name, such as -restored.")
    models = load_models([Path(ckpt).expanduser() for ckpt in given.ckpt], given.trust)
    with ending_by_signals(), temporary_folder(FOLDER) as folder:
        # Gradio reads both as it is imported; the first is where it keeps what is uploaded.
        os.environ |= {"GRADIO_TEMP_DIR": str(folder / UPLOADS), "GRADIO_ANALYTICS_ENABLED": "False"}
        from deblur_lightning.restoring.app import page
        from deblur_lightning.restoring.serving import serve

        state = AppState(models, device, folder, given.suffix)
        with serve(page(state), port) as address:
            print(f"serving   {address}: Ctrl-C ends it", flush=True)
            try:
                Event().wait()
            except KeyboardInterrupt:
                return
            finally:
                state.close()  # first: the server waits for what is being restored


def _port(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= 65535:
        raise UserError(f"--port={given}: give a number from 1 to 65535.")
    return int(given)


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """Let the end of a job and of a terminal end the process as Ctrl-C does, unless ``nohup`` has it ignored."""

    def end(number: int, frame: object) -> None:
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)  # a terminal sends both; the second would disturb the clearing up
        raise KeyboardInterrupt

    former = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number in SIGNALS:
            if former[number] is not signal.SIG_IGN:
                signal.signal(number, end)
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def load_models(paths: Sequence[Path], trust: Sequence[str] = ()) -> dict[str, Model]:
    """The shipped model and those of ``paths``, by the names to choose them by; ``trust`` is for ``load``.

    Raises:
        UserError: a file is given twice, or is no model.
    """
    shipped = load_model()
    models = {shipped.name: shipped}
    for path in paths:
        if str(path) in models:
            raise UserError(f"--ckpt={path} is given twice: leave one out.")
        models[str(path)] = load_model(path, trust)
    return models
