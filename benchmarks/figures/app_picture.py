"""The picture of ``deblur app`` in docs/restoring.md: a test photograph, blurred and dropped on the page.

python -m benchmarks app_picture [--chromium PATH] [--out docs/restoring/app.png]

Half a minute; needs the extras [app] and [dev], and Chromium.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.reporting import script_parser
from benchmarks.studies.blind import to_pixels
from benchmarks.studies.blur_families import Family, blur_images, photographs
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.restoring.app import page
from deblur_lightning.restoring.app_state import UPLOADS, AppState
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.serving import serve

PHOTOGRAPH, PORT = 3, 7890
BLUR = Family("Gaussian, sigma 1.6", GaussianBlur((1.6, 1.6)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw it."""
    parser = script_parser(__doc__, out=Path("docs/restoring/app.png"))
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="its path")
    given = parser.parse_args(arguments)
    model = load_model()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        photo = Path(folder) / "photo.jpg"
        batch = next(blur_images(BLUR, photographs("test", 600)[PHOTOGRAPH:], "test"))
        Image.fromarray(to_pixels(batch["blurred"])).save(photo, quality=95)
        os.environ["GRADIO_TEMP_DIR"] = str(Path(folder) / UPLOADS)
        state = AppState({model.name: model}, torch.device("cpu"), Path(folder))
        browser = driver.chromium.launch(executable_path=given.chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1000, "height": 900})
        with closing(state), serve(page(state), PORT) as address:
            tab.goto(address)
            tab.set_input_files("#photos input[type=file]", photo)
            tab.wait_for_selector("#result a", timeout=120_000)
            tab.wait_for_selector("#slider img >> nth=1")
            tab.wait_for_function("[...document.querySelectorAll('#slider img')].every(each => each.complete)")
            given.out.parent.mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=given.out, full_page=True)
            browser.close()
