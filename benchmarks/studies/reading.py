"""How much of a blurred page can be read again once it is restored.

python -m benchmarks reading [--ckpt FILE] [--pages 6]

Pages are words drawn from the licence in the font that Pillow brings, 15 pixels, black on white and the other way
round, with noise of 1/255. Tesseract (Debian's tesseract-ocr) reads each page sharp, blurred and restored. Counted
are the characters, without spaces, that it has in common with the page, in their order.
"""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from benchmarks.reporting import mean, script_parser, table
from benchmarks.studies.blind import to_pixels
from benchmarks.studies.blur_families import Family, blur_images
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.restoring.model import load_model
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels

WIDTH, SIZE, LINES, BORDER = 480, 15, 14, 20
"""Pixels, but for the number of lines."""
LICENCE = Path(__file__).parents[2] / "LICENSE"
FAMILIES = [
    Family("defocus, radius 2 px", DefocusBlur((2, 2))),
    Family("defocus, radius 3 px", DefocusBlur((3, 3))),
    Family("motion, 9 px", MotionBlur((9, 9))),
]


def page(number: int) -> tuple[str, Pixels]:
    """The words of a page and its picture, (H, W, 3) uint8; odd ones are white on black."""
    known = sorted(set(re.findall(r"[A-Za-z]{2,}", LICENCE.read_text())))
    words = np.random.default_rng(number).choice(known, 200).tolist()
    font, lines = ImageFont.load_default(SIZE), [""]
    for word in words:
        wider = f"{lines[-1]} {word}".strip()
        if font.getlength(wider) > WIDTH - 2 * BORDER:
            if len(lines) == LINES:
                break
            lines.append(word)
        else:
            lines[-1] = wider
    image = Image.new("L", (WIDTH, 3 * SIZE * LINES // 2 + 2 * BORDER), 255)
    ImageDraw.Draw(image).multiline_text((BORDER, BORDER), "\n".join(lines), fill=0, font=font, spacing=SIZE // 2)
    pixels = np.array(image.convert("RGB"))
    return " ".join(lines), 255 - pixels if number % 2 else pixels


def share_read(pixels: Pixels, text: str) -> float:
    """The share of the letters of ``text`` that Tesseract finds in an image."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.png"
        Image.fromarray(pixels).save(file)
        command = ["tesseract", str(file), "-", "--psm", "6"]
        read = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wanted, found = ("".join(words.split()) for words in (text, read))
    common = SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    return sum(block.size for block in common) / len(wanted)


def main(arguments: Sequence[str] | None = None) -> dict[str, tuple[float, float, float]]:
    """Print the table; returns the shares sharp, blurred and restored, by blur."""
    parser = script_parser(__doc__)
    parser.add_argument("--ckpt", type=Path, help="a checkpoint or .safetensors file; the shipped model without it")
    parser.add_argument("--pages", type=int, default=6)
    given = parser.parse_args(arguments)
    restorer = PhotoRestorer(load_model(given.ckpt), torch.device("cpu"))
    pages = [page(number) for number in range(given.pages)]
    images = [torch.from_numpy(pixels).permute(2, 0, 1) for _, pixels in pages]
    found, rows = {}, []
    for family in FAMILIES:
        shares = []
        for (text, _), batch in zip(pages, blur_images(family, images, "test"), strict=True):
            blurred = to_pixels(batch["blurred"])
            versions = to_pixels(batch["sharp"]), blurred, restorer.restore(blurred)
            shares.append([share_read(pixels, text) for pixels in versions])
        sharp, before, after = (mean(list(column)) for column in zip(*shares, strict=True))
        found[family.name] = (sharp, before, after)
        back = (after - before) / max(sharp - before, 1e-9)
        rows.append([family.name, f"{sharp:.1%}", f"{before:.1%}", f"{after:.1%}", f"{back:.0%}"])
    print(table(["blur", "sharp", "blurred", "restored", "of what the blur took"], rows))
    return found
