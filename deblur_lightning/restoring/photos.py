"""Reads a photo: pixels at their own depth, transparency, and metadata to keep."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, JpegImagePlugin

from deblur_lightning.errors import UserError
from deblur_lightning.files.camera_files import is_raw, raw_size, read_raw
from deblur_lightning.files.images import open_image, refuse_irregular
from deblur_lightning.restoring.tiles import Pixels

OUTPUT_FORMATS = {name: name for name in ("AVIF", "BMP", "JPEG", "PNG", "PPM", "TGA", "TIFF", "WEBP")} | {"MPO": "JPEG"}
"""What a photo is written as, by what it was read as; of any other format it becomes a PNG."""

LOW_BYTES = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B"}
"""Pillow reads the high byte of each 16-bit colour. Told the opposite byte order, it reads the low one."""

KEPT_COMPRESSIONS = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate")
MANY_COLOURS = ("P", "PA", "RGBX", "YCbCr", "HSV")
STRUCTURE = {254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296, 301, 317, 320, 322}
STRUCTURE |= {323, 324, 325, 338, 339, 347, 530, 531, 532, 700, 34675}
"""TIFF tags that say how pixels are stored, or that are kept apart: an older file's must not get into a new one."""


@dataclass(frozen=True)
class Photo:
    """What was in a file.

    Attributes:
        pixels: (H, W, C) uint8 or uint16, upright: C = 1 grey, 3 RGB, 4 CMYK.
        alpha: (H, W) of the same type, None without transparency.
        format: what it is to be written as, in Pillow's names.
        settings: how, as Pillow's ``save`` takes it: profile, EXIF, resolution, compression.
    """

    pixels: Pixels
    alpha: NDArray[np.unsignedinteger[Any]] | None
    format: str
    settings: dict[str, Any] = field(default_factory=dict)


def read_photo(path: Path, frame: int | None = None, output: str | None = None) -> Photo:
    """Read a photo of any size, mode and format that Pillow knows; its EXIF orientation is applied.

    Palettes become RGB, since a restored photo has more colours than they hold. 16 bits stay 16 in grey, and in the
    colours of PNG and TIFF.

    Args:
        path: the file.
        frame: which one of an animated file, or which page of a TIFF, from 0; None refuses a file that has several.
        output: what it is to be written as, in Pillow's names; None as what it was read as.

    Raises:
        UserError: as ``files.images.read_rgb``; or several frames.
    """
    if is_raw(path):
        refuse_irregular(path)
        return Photo(read_raw(path), None, output or "TIFF", _settings_of_new(output or "TIFF"))
    with open_image(path) as image:
        if _frames(image) > 1 and frame is None:
            raise UserError(f"{path} has {_frames(image)} frames: --frames=first restores the first.")
        if frame:
            image.info.clear()  # Pillow adds a page's resolution and profile to what those before it have
            image.seek(frame)
        output = output or OUTPUT_FORMATS.get(str(image.format), "PNG")
        settings = _encoding(path, image, output)
        low_mode = LOW_BYTES.get(_raw_mode(image))
        upright = ImageOps.exif_transpose(image)
        settings |= _metadata(image, output)
        pixels: Pixels = _pixels(upright)
    if low_mode is not None:
        pixels = np.add(pixels.astype(np.uint16) << 8, _low_bytes(path, frame or 0, low_mode), dtype=np.uint16)
    return Photo(*_split(pixels, upright.mode), output, settings)


def pixels_of(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """The pixels of an image, (H, W, C) with C = 1 grey, 3 RGB or 4 CMYK, and its transparency, (H, W) or None.

    Raises:
        ValueError: it holds values of unknown range.
    """
    return _split(_pixels(image), image.mode)


@dataclass(frozen=True)
class PhotoHeader:
    """What is known of a photo before it is decoded.

    Attributes:
        name: of its restored version: the photo's own, and .png (of raw ones .tif) after it if its format cannot be
            written.
        pixels: their number, in all pages; 0 if the header cannot be read, since the photo will be refused when it is.
        pages: how many a TIFF has; 1 of any other format.
    """

    name: str
    pixels: int
    pages: int = 1


def read_header(path: Path) -> PhotoHeader:
    """Read a photo's header; nothing is refused."""
    try:
        refuse_irregular(path)
        if is_raw(path):
            height, width = raw_size(path)
            return PhotoHeader(f"{path.name}.tif", height * width)
        with open_image(path) as image:
            name = path.name if image.format in OUTPUT_FORMATS else f"{path.name}.png"
            pages = _frames(image) if image.format == "TIFF" else 1
            return PhotoHeader(name, sum(_pixels_of_page(image, page) for page in range(pages)), pages)
    except UserError:
        return PhotoHeader(path.name, 0)


def _frames(image: Image.Image) -> int:
    """How many frames or pages are to be restored; the second picture in phones' JPEG files is a copy of the first."""
    return 1 if image.format == "MPO" else getattr(image, "n_frames", 1)


def _pixels_of_page(image: Image.Image, page: int) -> int:
    image.seek(page)
    return image.width * image.height


def _split(pixels: Pixels, mode: str) -> tuple[Pixels, Pixels | None]:
    if pixels.shape[2] in (2, 4) and not mode.startswith("CMYK"):
        return pixels[..., :-1], pixels[..., -1]
    return pixels, None


def _pixels(image: Image.Image) -> Pixels:
    """(H, W, C), C = 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha or CMYK."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        grey = np.asarray(image)
        if grey.min() < 0 or grey.max() > 65535:
            raise ValueError("its values are neither 8-bit nor 16-bit")
        return grey.astype(np.uint16)[..., None]
    if image.mode == "F":
        raise ValueError("its values are real numbers, of which nobody knows what is white")
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")
    elif image.mode in MANY_COLOURS:
        image = image.convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    pixels = np.array(image)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _raw_mode(image: Image.Image) -> str:
    """How the decoder of ``image``, not yet loaded, is told to read colours."""
    tiles = getattr(image, "tile", [])
    arguments = tiles[0].args if tiles else ""
    raw = arguments if isinstance(arguments, str) else arguments[0] if arguments else ""
    return str(raw).replace(";16N", ";16L")


def _low_bytes(path: Path, frame: int, mode: str) -> Pixels:
    with open_image(path) as image:
        image.seek(frame)
        image.tile = [  # type: ignore[attr-defined]
            tile._replace(args=mode if isinstance(tile.args, str) else (mode, *tile.args[1:]))
            for tile in image.tile  # type: ignore[attr-defined]
        ]
        return np.array(ImageOps.exif_transpose(image))


def _encoding(path: Path, image: Image.Image, output: str) -> dict[str, Any]:
    """How the file's pixels were compressed, as far as its format tells; well, where it is to be of another."""
    if image.format != output and (image.format, output) != ("MPO", "JPEG"):
        return _settings_of_new(output)
    if output == "JPEG":
        found: dict[str, Any] = {"qtables": image.quantization, "progressive": "progressive" in image.info}  # type: ignore[attr-defined]
        sampling = JpegImagePlugin.get_sampling(image)
        return found if sampling < 0 else found | {"subsampling": sampling}
    if output == "WEBP":
        return {"exact": True} | ({"lossless": True} if _is_lossless(path) else {"quality": 90})
    if output == "TIFF":
        compression = image.info.get("compression")
        return {"compression": compression if compression in KEPT_COMPRESSIONS else "tiff_adobe_deflate"}
    return _settings_of_new(output)


def _settings_of_new(output: str) -> dict[str, Any]:
    """How pixels are compressed that were not in a file of this format before."""
    well: dict[str, dict[str, Any]] = {
        "AVIF": {"quality": 90},
        "JPEG": {"quality": 95},
        "TIFF": {"compression": "tiff_adobe_deflate"},
        "WEBP": {"exact": True, "quality": 90},
    }
    return well.get(output, {})


def _metadata(image: Image.Image, output: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if image.info.get("icc_profile"):
        kept["icc_profile"] = image.info["icc_profile"]
    if "dpi" in image.info and all(value > 0 for value in image.info["dpi"]):
        kept["dpi"] = tuple(float(value) for value in image.info["dpi"])
    if image.info.get("xmp") and output in ("JPEG", "WEBP"):
        kept["xmp"] = image.info["xmp"]
    exif = image.getexif()
    for part in {ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo} & set(exif):
        exif.get_ifd(part)  # what lies elsewhere in the file, and would be lost with it
    for tag in STRUCTURE & set(exif):
        del exif[tag]
    if len(exif) and output in ("AVIF", "JPEG", "PNG", "TIFF", "WEBP"):
        kept["exif"] = exif.tobytes()
    return kept


def _is_lossless(path: Path) -> bool:
    """Whether a WebP file's first picture is in the lossless coding."""
    data, place = path.read_bytes(), 12
    while place + 8 <= len(data):
        kind, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8L"
        place += 8 + (16 if kind == b"ANMF" else length + length % 2)
    return False
