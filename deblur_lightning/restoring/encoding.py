"""Encodes a restored photo as a file like the one that it came from."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

from deblur_lightning.errors import UserError
from deblur_lightning.restoring.photos import Photo
from deblur_lightning.restoring.tiles import Pixels

METRE = 0.0254  # of an inch
TEXT_TAGS = (270, 271, 272, 305, 306, 315, 33432)
"""What a 16-bit colour TIFF keeps of its EXIF: description, make, model, software, time, artist, copyright."""


def encode_file(path: Path, photo: Photo) -> bytes:
    """The whole content of the file ``path``.

    Raises:
        UserError: its format cannot hold the photo.
    """
    try:
        return encode(photo)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"cannot write {path}: {' '.join(str(error).split())}") from error


def join_pages(pages: list[bytes]) -> bytes:
    """One TIFF file of several; a single one of any format stays as it is."""
    if len(pages) == 1:
        return pages[0]
    file = BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(file) as writer:
        for page in pages:
            writer.write(page)
            writer.newFrame()
    return file.getvalue()


def encode(photo: Photo) -> bytes:
    """The whole content of a file for ``photo``."""
    pixels = photo.pixels
    if photo.alpha is not None:
        pixels = np.concatenate([pixels, photo.alpha[..., None]], axis=2)
    if pixels.dtype == np.uint16 and pixels.shape[2] > 1:
        return _tiff_16(pixels, photo.settings) if photo.format == "TIFF" else _png_16(pixels, photo.settings)
    if photo.format == "BMP" and photo.alpha is not None:
        return _bmp_with_alpha(pixels, photo.settings)
    file = BytesIO()
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "CMYK" if photo.alpha is None else "RGBA"}[pixels.shape[2]]
    plain = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    image = Image.fromarray(np.ascontiguousarray(plain))
    if image.mode != mode and pixels.dtype == np.uint8:
        image = Image.frombytes(mode, image.size, np.ascontiguousarray(pixels).tobytes())
    image.save(file, format=photo.format, **photo.settings)
    return file.getvalue()


def _bmp_with_alpha(pixels: Pixels, settings: dict[str, Any]) -> bytes:
    """A BMP file of 32-bit pixels whose header says which bits are alpha, as Pillow's does not."""
    height, width = pixels.shape[:2]
    rows = pixels[::-1, :, [2, 1, 0, 3]].tobytes()
    dots = [round(value / METRE) for value in settings.get("dpi", (0, 0))]
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(rows), *dots, 0, 0)
    header += struct.pack("<IIII4s48x", *masks, b"BGRs")
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(rows), 0, 0, 14 + len(header)) + header + rows


def _png_16(pixels: Pixels, settings: dict[str, Any]) -> bytes:
    """A PNG file of 16-bit colours, which Pillow cannot write."""
    height, width, channels = pixels.shape
    rows = pixels.astype(">u2").view(np.uint8).reshape(height, -1)
    filtered = np.full((height, rows.shape[1] + 1), 2, np.uint8)  # 2: less the row above
    filtered[:1, 1:], filtered[1:, 1:] = rows[:1], rows[1:] - rows[:-1]
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = [(b"IHDR", header)]
    if "icc_profile" in settings:
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(settings["icc_profile"])))
    if "dpi" in settings:
        dots = [round(value / METRE) for value in settings["dpi"]]
        chunks.append((b"pHYs", struct.pack(">IIB", *dots, 1)))
    if "exif" in settings:
        chunks.append((b"eXIf", settings["exif"].removeprefix(b"Exif\0\0")))
    chunks += [(b"IDAT", zlib.compress(filtered.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _tiff_16(pixels: Pixels, settings: dict[str, Any]) -> bytes:
    """A TIFF file of 16-bit colours, which Pillow cannot write."""
    file = BytesIO()
    exif = Image.Exif()
    exif.load(settings.get("exif", b""))
    texts = {tag: str(value) for tag, value in exif.items() if tag in TEXT_TAGS}
    tifffile.imwrite(
        file,
        pixels,
        photometric="rgb",
        compression=None if settings.get("compression") == "raw" else "zlib",
        extrasamples=["unassalpha"] if pixels.shape[2] == 4 else None,
        resolution=settings.get("dpi", (1, 1)),
        resolutionunit="INCH" if "dpi" in settings else "NONE",
        iccprofile=settings.get("icc_profile"),
        extratags=[(tag, "s", 0, text, True) for tag, text in texts.items()],
        metadata=None,
        software=False,
    )
    return file.getvalue()
