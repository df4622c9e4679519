"""The picture of docs/restoring.md: test photographs, blurred and restored by the shipped model, with the PSF found.

python -m benchmarks restoring_picture [--out docs/restoring/restored.png]
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from benchmarks.reporting import script_parser
from benchmarks.studies.blind import to_pixels
from benchmarks.studies.blur_families import Family, blur_images, photographs
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.shake import CameraShake
from deblur_lightning.metrics import psnr
from deblur_lightning.restoring.data_consistency import fit_psf
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels

SIDE, CAPTION, GAP, PSF_SIDE = 300, 20, 6, 93
ROWS = [
    (4, Family("motion, 15 px", MotionBlur((15, 15), (30, 30)))),
    (2, Family("camera shake, 21 px", CameraShake((21, 21)))),
    (3, Family("out of focus, radius 3 px", DefocusBlur((3, 3)))),
]
"""Which test photograph, and its blur; noise of 1/255 beside."""


def row(place: int, family: Family, restorer: PhotoRestorer) -> Image.Image:
    """A photograph blurred, restored and sharp, with the PSF that leads from the second to the first."""
    batch = next(blur_images(family, photographs("test", SIDE)[place:], "test"))
    blurred, sharp = to_pixels(batch["blurred"]), to_pixels(batch["sharp"])
    restored = restorer.restore(blurred)
    picture = Image.new("RGB", (3 * (SIDE + GAP) - GAP, SIDE + CAPTION), "white")
    pen = ImageDraw.Draw(picture)
    titles = [
        f"{family.name}: {_score(blurred, sharp):.1f} dB",
        f"restored: {_score(restored, sharp):.1f} dB; the PSF found",
        "sharp",
    ]
    for column, (pixels, title) in enumerate(zip((blurred, restored, sharp), titles, strict=True)):
        picture.paste(Image.fromarray(pixels), (column * (SIDE + GAP), CAPTION))
        pen.text((column * (SIDE + GAP), 2), title, fill="black", font=ImageFont.load_default(12))
    psf = fit_psf(blurred, restored)
    shown = Image.fromarray((255 * psf / psf.max()).astype(np.uint8)).resize(
        (PSF_SIDE, PSF_SIDE), Image.Resampling.NEAREST
    )
    picture.paste(shown, (SIDE + GAP + SIDE - PSF_SIDE, CAPTION + SIDE - PSF_SIDE))
    return picture


def _score(pixels: Pixels, sharp: Pixels) -> float:
    first, second = (torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255 for image in (pixels, sharp))
    return psnr(first, second).item()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the picture."""
    given = script_parser(__doc__, out=Path("docs/restoring/restored.png")).parse_args(arguments)
    restorer = PhotoRestorer(load_model(), torch.device("cpu"))
    rows = [row(place, family, restorer) for place, family in ROWS]
    whole = Image.new("RGB", (rows[0].width, sum(part.height + GAP for part in rows) - GAP), "white")
    for number, part in enumerate(rows):
        whole.paste(part, (0, number * (part.height + GAP)))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    whole.quantize(256, method=Image.Quantize.MEDIANCUT).save(given.out, optimize=True)
    print(given.out.name, given.out.stat().st_size // 1024, "KiB")
