"""Image files as tensors: read as they are meant to be seen, and written as PNG."""

import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.camera_files import FRAMES, VIDEO_SUFFIXES, let_pillow_read
from deblur_lightning.files.writing import write_atomically

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""In lower case, what the names of image files end in where a folder is searched."""

MAX_PIXELS = 120_000_000
"""More than any phone's 108 megapixels, fewer than what a bomb would unpack to: 360 MB as 8-bit RGB."""

# Sizes are checked here, and damaged metadata is no news where the pixels are sound. For good: catch_warnings around
# a file would, where several threads read, leave every warning of the process switched off.
warnings.filterwarnings("ignore", module=r"PIL\.")

_SIDEWAYS = (5, 6, 7, 8)  # the EXIF orientations that exchange height and width


def read_rgb(path: str | Path) -> Tensor:
    """Read an image file as it is meant to be seen.

    EXIF rotation is applied, transparent parts are laid over white, 16-bit grey is scaled to 8 bits, and of
    several frames the first is taken.

    Args:
        path: a file in any format that Pillow knows.

    Returns:
        (3, H, W) uint8, red, green, blue.

    Raises:
        UserError: the file is missing, damaged, no image, over ``MAX_PIXELS``, or of values of unknown range.
    """
    with open_image(path) as image:
        upright = ImageOps.exif_transpose(image)
        pixels = np.array(_to_rgb(upright))
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def image_size(path: str | Path) -> tuple[int, int]:
    """Height and width in pixels of what ``read_rgb`` would return, from the file's header alone.

    An orientation stored behind a PNG's pixels, where hardly any program puts it, is not seen.

    Raises:
        UserError: the header cannot be read, or promises more than ``MAX_PIXELS``.
    """
    with open_image(path) as image:
        width, height = image.size
        if image.format == "TIFF":  # Pillow has exchanged the two already
            return height, width
        # Image's own method, since that of its PNG subclass decodes the pixels first.
        orientation = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
        return (width, height) if orientation in _SIDEWAYS else (height, width)


def write_png(path: str | Path, image: Tensor) -> None:
    """Write ``image`` as a PNG file, whole or not at all.

    Args:
        path: where to; an existing file is replaced.
        image: (C, H, W) uint8 on any device, C = 1 (grey) or 3 (RGB).

    Raises:
        ValueError: another shape or dtype.
        CannotWrite: there is no room, or no right to.
    """
    if image.dtype != torch.uint8 or image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"write_png wants (1 or 3, H, W) uint8, not {tuple(image.shape)} {image.dtype}")
    pixels = image.detach().cpu().permute(1, 2, 0).contiguous().numpy()
    encoded = BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(encoded, format="PNG")
    write_atomically(path, encoded.getvalue())


@contextmanager
def open_image(path: str | Path) -> Iterator[Image.Image]:
    """Open ``path`` with Pillow, turning whatever goes wrong with the file into one line."""
    refuse_irregular(path)
    let_pillow_read(path)
    try:
        # Not by its name: Pillow would map a grey TIFF into memory and garble one that lies on its side.
        with Path(path).open("rb") as file, Image.open(file) as image:
            _check_pixels(path, image)
            yield image
    except UserError:
        raise
    except Exception as error:  # a damaged file makes Pillow's decoders raise nearly anything
        raise _unreadable(path, error) from error


def refuse_irregular(path: str | Path) -> None:
    """Refuse a pipe, a device or a socket without opening it: one that nobody writes to waits for ever.

    Raises:
        UserError: it is one.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return  # told where it is opened
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        kind = "named pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
        raise UserError(f"{path} is a {kind}, which is not read; give an image file")


def _check_pixels(path: str | Path, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        limit = f"the limit is {MAX_PIXELS // 1_000_000} million pixels"
        raise UserError(f"{path} has {width} x {height} pixels and {limit}; scale it down or cut it up")


def _unreadable(path: str | Path, error: Exception) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path} does not exist; check its path")
    if isinstance(error, OSError) and error.errno is not None:
        return UserError(f"cannot read {path}: {error.strerror}; check what it is and who may read it")
    if isinstance(error, MemoryError):
        return UserError(f"the memory does not hold {path}; close other programs, or scale it down")
    if isinstance(error, UnidentifiedImageError) and Path(path).suffix.lower() in VIDEO_SUFFIXES:
        return UserError(f"{path} is a video, and only images are read: {FRAMES}")
    if isinstance(error, UnidentifiedImageError):
        return UserError(f"{path} is not an image that Pillow knows; convert it to PNG or JPEG, or remove it")
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(f"cannot decode {path} ({reason}); get a sound copy, convert it to PNG, or remove it")


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode of Pillow's to RGB."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(white, coloured).convert("RGB")
    return image.convert("RGB")


def _eight_bits(grey: np.ndarray) -> np.ndarray:
    """Scale 16-bit grey to 8 bits; Pillow itself would cut off all above 255."""
    if grey.dtype.kind == "f" or grey.min() < 0 or grey.max() > 65535:
        raise ValueError("its values are neither 8-bit nor 16-bit")
    return eight_bits(grey)


def eight_bits(values: np.ndarray) -> np.ndarray:
    """16-bit values rounded to 8 bits, as uint8."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
