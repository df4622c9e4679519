"""Converts a photo for a file of another format, where that can hold it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import eight_bits
from deblur_lightning.restoring.photos import Photo

FORMATS = {
    ".avif": "AVIF",
    ".bmp": "BMP",
    ".jfif": "JPEG",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".pgm": "PPM",
    ".png": "PNG",
}
FORMATS |= {".ppm": "PPM", ".tga": "TGA", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP"}
"""By what a name ends in, in lower case, what such a file is written as, in Pillow's names."""


def fitting(photo: Photo, path: Path) -> Photo:
    """What the format of ``photo`` holds of it: 16 bits are rounded to 8 where they must be.

    Args:
        photo: of any kind, its format perhaps another than that of its file.
        path: of its file, for messages.

    Raises:
        UserError: inks or transparency would be lost.
    """
    pixels, alpha, name = photo.pixels, photo.alpha, photo.format
    if pixels.shape[2] == 4 and name not in ("JPEG", "TIFF"):
        raise UserError(f"{path} is in inks (CMYK), which {name} files do not hold: give --out=NAME.jpg or NAME.tif.")
    if alpha is not None and name in ("JPEG", "PPM"):
        raise UserError(f"{path} has transparency, which {name} files do not hold: give --out=NAME.png.")
    if pixels.dtype == np.uint16 and name not in ("PNG", "TIFF") and (name, pixels.shape[2]) != ("PPM", 1):
        pixels, alpha = eight_bits(pixels), None if alpha is None else eight_bits(alpha)
    if alpha is not None and pixels.shape[2] == 1 and name in ("BMP", "WEBP"):
        pixels = np.repeat(pixels, 3, axis=2)
    return replace(photo, pixels=pixels, alpha=alpha)
