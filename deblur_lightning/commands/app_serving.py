"""What ``deblur app`` is asked for, and the page's life."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from deblur_lightning.commands.devices import chosen_device
from deblur_lightning.commands.strict_parser import StrictParser
from deblur_lightning.errors import UserError
from deblur_lightning.restoring.model import Model, load


def serve(argv: Sequence[str]) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        UserError: an option does not fit, a model cannot be loaded, or Gradio is not installed.
    """
    parser = StrictParser(prog="deblur app")
    parser.add_argument("--ckpt", action="append", default=[])
    parser.add_argument("--trust", action="append", default=[])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--port", default="7860")
    given = parser.parsed(argv)
    if not given.port.isdecimal() or not 1 <= int(given.port) <= 65535:
        raise UserError(f"--port={given.port}: give a number from 1 to 65535.")
    device = chosen_device(given.device)
    models = named([Path(ckpt).expanduser() for ckpt in given.ckpt], given.trust)
    with tempfile.TemporaryDirectory(prefix="deblur-") as folder:
        # Gradio reads both as it is imported; the first is where it keeps what is uploaded.
        os.environ |= {"GRADIO_TEMP_DIR": folder, "GRADIO_ANALYTICS_ENABLED": "False"}
        try:
            from deblur_lightning.restoring.app import launched, page
        except ImportError as error:
            raise UserError("the page needs one package more: pip install 'deblur_lightning[app]'.") from error
        blocks = page(models, device, Path(folder))
        try:
            print(f"serving   {launched(blocks, int(given.port))}: Ctrl-C ends it", flush=True)
            Event().wait()
        except KeyboardInterrupt:
            blocks.close(verbose=False)


def named(paths: Sequence[Path], trust: Sequence[str] = ()) -> dict[str, Model]:
    """The shipped model and those of ``paths``, by the names to choose them by; ``trust`` is for ``load``.

    Raises:
        UserError: a file is given twice, or is no model.
    """
    shipped = load()
    models = {shipped.name: shipped}
    for path in paths:
        if str(path) in models:
            raise UserError(f"--ckpt={path} is given twice: leave one out.")
        models[str(path)] = load(path, trust)
    return models
