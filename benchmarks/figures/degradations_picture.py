"""Draws docs/degradations.png: every degradation on one photograph, with its PSF.

python -m benchmarks degradations_picture
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from skimage import data
from torch import Tensor

from benchmarks.reporting import script_parser
from deblur_lightning.batch import SharpBatch
from deblur_lightning.degradations.base import Degradation, degrade
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.downsampling import Downsampling
from deblur_lightning.degradations.four_factor import FourFactorBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.identity import Identity
from deblur_lightning.degradations.jpeg import JPEGCompression
from deblur_lightning.degradations.linear_light import LinearLight
from deblur_lightning.degradations.measured import MeasuredBlur
from deblur_lightning.degradations.mixture import Mixture
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.moving_object import MovingObject
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.degradations.projective import ProjectiveShake
from deblur_lightning.degradations.shake import CameraShake
from deblur_lightning.degradations.varying import SpatiallyVarying
from deblur_lightning.draws import Draws

SIDE, CAPTION, GAP, COLUMNS = 240, 34, 8, 5
PSF_SIDE = 66
TARGET = Path(__file__).parents[2] / "docs" / "degradations.png"


def tiles(folder: Path) -> list[tuple[str, str, Degradation, int]]:
    """Title, settings, degradation, and the index that is drawn for, of each tile."""
    shake = CameraShake(extent=(15, 21))
    psf = CameraShake((11, 19)).psf(_draws(4))[0]
    np.save(folder / "psf.npy", psf.numpy())
    bright = MotionBlur((21, 21), (35, 35))
    stretched = GaussianBlur((4, 4), (25, 25), (0.3, 0.3), (30, 30))
    return [
        ("Identity", "", Identity(), 0),
        ("GaussianBlur", "sigma 2 px", GaussianBlur((2, 2), (13, 13)), 0),
        ("GaussianBlur, stretched", "sigma 4 px, ratio 0.3, axis 30 deg", stretched, 0),
        ("BoxBlur", "width 7 px", BoxBlur((7, 7)), 0),
        ("DefocusBlur", "radius 5 px", DefocusBlur((5, 5)), 0),
        ("MotionBlur", "length 15 px, angle 35 deg", MotionBlur((15, 15), (35, 35)), 0),
        ("MotionBlur, uneven", "the same, direction 1", MotionBlur((15, 15), (35, 35), (1, 1)), 0),
        ("CameraShake", "extent 15-21 px", shake, 3),
        ("MeasuredBlur", "a PSF from a file", MeasuredBlur([str(folder / "psf.npy")]), 0),
        ("FourFactorBlur", "taps [[1, .6], [.6, .3]]", FourFactorBlur([[1, 0.6], [0.6, 0.3]]), 0),
        ("ProjectiveShake", "extent 9 px, roll 5 degrees", ProjectiveShake((9, 9), (5, 5)), 1),
        ("MovingObject", "motion of 15 px", MovingObject(MotionBlur((15, 15)), BoxBlur((1, 1)), (0.4, 0.4)), 0),
        ("SpatiallyVarying", "camera shake, 3 x 3 PSFs", SpatiallyVarying(CameraShake((11, 21))), 2),
        ("Downsampling", "factor 4, as Pillow", Downsampling(4), 0),
        ("Downsampling, aliased", "factor 4, as OpenCV", Downsampling(4, antialias=False), 0),
        ("motion 21 px", "in the file's sRGB values", bright, 0),
        ("LinearLight", "the same motion, white up to 4", LinearLight(bright, (4, 4)), 0),
        ("SensorNoise", "read 6/255, shot 12/255", SensorNoise((6, 6), (12, 12)), 0),
        ("JPEGCompression", "quality 15", JPEGCompression((15, 15)), 0),
        ("Chain", "motion, noise, JPEG", Chain([MotionBlur(), SensorNoise((4, 4)), JPEGCompression((30, 30))]), 1),
        ("Mixture", "one sample of three blurs ...", _mixture(), 0),
        ("Mixture", "... and the next", _mixture(), 3),
    ]


def _mixture() -> Degradation:
    return Mixture([GaussianBlur((2, 3)), MotionBlur((11, 15)), DefocusBlur((3, 5))])


def _draws(index: int) -> Draws:
    return Draws(0, "test", torch.zeros(1, dtype=torch.int64), torch.tensor([index]))


def photograph() -> Tensor:
    """Part of a photograph with faces, edges, texture and highlights: (1, 3, H, W) uint8."""
    return torch.from_numpy(data.astronaut()[:SIDE, 110 : 110 + SIDE].copy()).permute(2, 0, 1)[None]


def tile(title: str, settings: str, degradation: Degradation, index: int) -> Image.Image:
    """One degraded photograph, its PSF in the corner, and what it is."""
    counters = {"index": torch.tensor([index]), "visit": torch.tensor([0])}
    batch: SharpBatch = {"sharp": photograph(), **counters}  # type: ignore[typeddict-item]
    pairs = degrade(degradation, batch, seed=0, split="test", trim=0, rounding=True)
    picture = Image.new("RGB", (SIDE, SIDE + CAPTION), "white")
    picture.paste(_image(pairs["blurred"][0]), (0, CAPTION))
    if pairs["psf"].shape[-1] > 1:
        picture.paste(_inset(pairs["psf"][0]), (SIDE - PSF_SIDE - 4, CAPTION + SIDE - PSF_SIDE - 4))
    pen = ImageDraw.Draw(picture)
    pen.text((0, 1), title, fill="black", font=ImageFont.load_default(14))
    pen.text((0, 18), settings, fill=(90, 90, 90), font=ImageFont.load_default(11))
    return picture


def _image(image: Tensor) -> Image.Image:
    return Image.fromarray((image * 255).round().byte().permute(1, 2, 0).numpy())


def _inset(psf: Tensor) -> Image.Image:
    """The PSF in a white frame, its square root so that faint taps show."""
    shown = F.pad((psf / psf.max()).sqrt(), (2, 2, 2, 2))
    inner = Image.fromarray((shown * 255).byte().numpy()).resize((PSF_SIDE - 2,) * 2, Image.Resampling.NEAREST)
    framed = Image.new("RGB", (PSF_SIDE, PSF_SIDE), "white")
    framed.paste(inner.convert("RGB"), (1, 1))
    return framed


def sheet() -> Image.Image:
    """All tiles in rows."""
    with TemporaryDirectory() as folder:
        pictures = [tile(*one) for one in tiles(Path(folder))]
    rows = -(-len(pictures) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * (SIDE + GAP) - GAP, rows * (SIDE + CAPTION + GAP) - GAP), "white")
    for place, picture in enumerate(pictures):
        row, column = divmod(place, COLUMNS)
        whole.paste(picture, (column * (SIDE + GAP), row * (SIDE + CAPTION + GAP)))
    return whole


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the picture."""
    target: Path = script_parser(__doc__, out=TARGET).parse_args(arguments).out
    sheet().quantize(256, method=Image.Quantize.MEDIANCUT).save(target, optimize=True)
    print(target.name, target.stat().st_size // 1024, "KiB")
