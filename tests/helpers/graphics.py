"""Pictures that no camera took: flat colours, patterns, writing, stars."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from deblur_lightning.restoring.tiles import Pixels

SIDE = 96


def psnr(preds: Pixels, target: Pixels) -> float:
    """In dB, capped at 100, over all levels of uint8."""
    error = float(((preds.astype(np.float64) - target) ** 2).mean())
    return min(100.0, 10 * np.log10(255**2 / error)) if error else 100.0


def soft(pixels: Pixels, sigma: float) -> Pixels:
    """Blurred by a Gaussian and rounded."""
    return np.rint(ndimage.gaussian_filter(pixels.astype(np.float64), (sigma, sigma, 0))).astype(np.uint8)


def flat(*colour: int) -> Pixels:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def checkerboard(cell: int = 8) -> Pixels:
    odd = (np.indices((SIDE, SIDE)) // cell).sum(axis=0) % 2
    return np.repeat((odd * 255).astype(np.uint8)[..., None], 3, axis=2)


def stripes() -> Pixels:
    return np.repeat((np.indices((SIDE, SIDE))[1] % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def pixel_grid() -> Pixels:
    pixels = flat(255, 255, 255)
    pixels[::8] = pixels[:, ::8] = 0
    return pixels


def coloured_cells() -> Pixels:
    cells = np.random.default_rng(0).integers(0, 256, (SIDE // 4, SIDE // 4, 3))
    return np.kron(cells, np.ones((4, 4, 1), int)).astype(np.uint8)


def writing(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> Pixels:
    image = Image.new("RGB", (2 * SIDE, SIDE), ground)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(18)
    for line in range(4):
        draw.text((5, 2 + 21 * line), "The quick brown fox", fill=ink, font=font)
    return np.asarray(image)


def stars(sigma: float) -> Pixels:
    """Points of light up to thirty times as bright as white, blurred, then cut off at white."""
    rng = np.random.default_rng(1)
    light = np.zeros((SIDE, SIDE))
    light[rng.integers(4, SIDE - 4, 40), rng.integers(4, SIDE - 4, 40)] = rng.uniform(1, 30, 40)
    seen = np.rint(ndimage.gaussian_filter(light, sigma).clip(0, 1) * 255).astype(np.uint8)
    return np.repeat(seen[..., None], 3, axis=2)
