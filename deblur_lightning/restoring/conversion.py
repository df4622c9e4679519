"""Converts a photo for a file of another format, where that can hold it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from deblur_lightning.errors import UserError
from deblur_lightning.restoring.photos import Photo

FORMATS = {".bmp": "BMP", ".jfif": "JPEG", ".jpeg": "JPEG", ".jpg": "JPEG", ".pgm": "PPM", ".png": "PNG"}
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
    planes, alpha, name = photo.planes, photo.alpha, photo.format
    if planes.shape[2] == 4 and name not in ("JPEG", "TIFF"):
        raise UserError(f"{path} is in inks (CMYK), which {name} files do not hold: give --out=NAME.jpg or NAME.tif.")
    if alpha is not None and name in ("JPEG", "PPM"):
        raise UserError(f"{path} has transparency, which {name} files do not hold: give --out=NAME.png.")
    if planes.dtype == np.uint16 and name not in ("PNG", "TIFF") and (name, planes.shape[2]) != ("PPM", 1):
        planes, alpha = eight_bits(planes), None if alpha is None else eight_bits(alpha)
    if alpha is not None and planes.shape[2] == 1 and name in ("BMP", "WEBP"):
        planes = np.repeat(planes, 3, axis=2)
    return replace(photo, planes=planes, alpha=alpha)


def eight_bits(values: np.ndarray) -> np.ndarray:
    """16-bit values rounded to 8 bits."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
