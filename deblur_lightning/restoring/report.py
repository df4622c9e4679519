"""The report of ``deblur restore --report``: estimates beside the model's training range, and pictures."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deblur_lightning.errors import UserError
from deblur_lightning.files.csv_tables import write_csv
from deblur_lightning.files.writing import write_atomically
from deblur_lightning.restoring.blur_shape import SHARP, BlurShape, removed_psf, shape_of
from deblur_lightning.restoring.estimates import Estimate, estimate
from deblur_lightning.restoring.restorer import LEFT
from deblur_lightning.restoring.tiles import Pixels

COLUMNS = ("photo", "blur_px", "noise_255", "psf_length_px", "psf_direction_deg", "verdict", "warning")
TAP = 8  # pixels a side of a tap in a picture
SIDE = 480  # pixels a side, at most, of each half of a picture


class Report:
    """Collects a row for each photo.

    Args:
        folder: where the table and the pictures go.
        card: the model's; its ``estimates`` say what blur and noise it has learned from.
    """

    def __init__(self, folder: Path, card: dict[str, Any]) -> None:
        self._folder = folder
        self._ranges: dict[str, list[float]] = card.get("estimates", {})
        self._rows: list[list[str]] = []

    def add(self, name: str, before: Pixels, after: Pixels, psf_share: float = 0.0) -> str:
        """Take a photo's estimates and draw its picture; returns a warning, or nothing. See ``verdict``."""
        found, psf = estimate(before), removed_psf(before, after)
        warning = warning_of(found, self._ranges)
        numbers = ["", ""] if found is None else [f"{value:.2f}" for value in found]
        shape = None if psf is None else shape_of(psf)
        removed = ["", ""] if shape is None else [f"{shape.length:.1f}", _degrees(shape)]
        self._rows.append([name, *numbers, *removed, verdict(before, after, shape, psf_share), warning])
        path = self._folder / f"{name}.png"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the folder {path.parent} ({error.strerror}): give another --out.") from error
        write_atomically(path, picture(before, after, psf))
        return warning

    def finish(self) -> str:
        """Write the table; returns a line that says where it is."""
        if not self._rows:
            return "report    nothing to report on"
        write_csv(self._folder / "report.csv", COLUMNS, self._rows)
        return f"report    {self._folder}/report.csv; {training_ranges(self._ranges)}"


def training_ranges(ranges: dict[str, list[float]]) -> str:
    """In words, what the model has learned from."""
    known = [f"{name} {low:.2f} to {high:.2f}" for name, (low, high) in ranges.items()]
    return f"the model has learned from {', '.join(known)}" if known else "the model's card gives no ranges"


def warning_of(found: Estimate | None, ranges: dict[str, list[float]]) -> str:
    """In words, what the model has not learned from; empty where all is well."""
    if found is None:
        return "too small, or without edges: its blur cannot be estimated"
    if not ranges:
        return ""
    (least, most), (_, noisiest) = ranges["blur"], ranges["noise"]
    excess = [
        words
        for words, is_so in (
            ("sharper", found.blur < least),
            ("more blurred", found.blur > most),
            ("noisier", found.noise > noisiest),
        )
        if is_so
    ]
    return f"this photo is {' and '.join(excess)} than anything this model has learned from" if excess else ""


def verdict(before: Pixels, after: Pixels, shape: BlurShape | None, psf_share: float = 0.0) -> str:
    """In words, what was done to a photo.

    Args:
        before: the photo.
        after: its restored version, ``before`` itself if it was left as it is.
        shape: of the blur that was taken out; None if there was none.
        psf_share: how much of what it has become is due to one PSF for the whole photo; see ``PhotoRestorer``.
    """
    if before is after:
        return LEFT
    if shape is None:
        return SHARP
    percent = round(100 * psf_share)
    if not percent:
        return f"{shape}: restored by the network"
    believed = "" if percent == 100 else f", believed to {percent} %"
    return f"{shape}: restored by one PSF for the whole photo{believed}"


def picture(before: Pixels, after: Pixels, psf: NDArray[np.float64] | None = None) -> bytes:
    """The middle of a photo before and after, side by side, and the PSF that was taken out, as a PNG."""
    parts = [middle(pixels, SIDE) for pixels in (before, after)]
    if psf is not None:
        parts.append(_enlarged(psf))
    sheet = np.full((max(map(len, parts)), sum(part.shape[1] + 8 for part in parts) - 8, 3), 255, np.uint8)
    left = 0
    for part in parts:
        sheet[: part.shape[0], left : left + part.shape[1]] = part
        left += part.shape[1] + 8
    return _png(sheet)


def psf_picture(psf: NDArray[np.float64]) -> bytes:
    """A PSF (K, K), 8 pixels a tap, as a PNG."""
    return _png(_enlarged(psf))


def _enlarged(psf: NDArray[np.float64]) -> NDArray[np.uint8]:
    levels = np.rint(psf / psf.max() * 255).astype(np.uint8)
    return np.kron(levels, np.ones((TAP, TAP), np.uint8))[..., None].repeat(3, axis=2)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def _degrees(shape: BlurShape) -> str:
    return "" if shape.direction is None else f"{shape.direction:.0f}"


def middle(pixels: Pixels, side: int) -> NDArray[np.uint8]:
    """The middle of (H, W, C) uint8 or uint16, at most ``side`` pixels a side, as (h, w, 3) RGB to look at."""
    height, width = (min(side, length) for length in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    part = pixels[top : top + height, left : left + width]
    pixels = np.ascontiguousarray(part if part.dtype == np.uint8 else part // 257, dtype=np.uint8)
    if pixels.shape[2] == 4:
        return np.asarray(Image.fromarray(pixels, mode="CMYK").convert("RGB"))
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
