"""JPEG compression: by Pillow on the host, in the same integer arithmetic on an accelerator."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import BytesIO

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from deblur_lightning.batch import to_uint8
from deblur_lightning.degradations.base import Degradation, DegradedBatch, with_identity_psf
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError

# ITU T.81 (1992), annex K: how coarsely each frequency of luma and of chroma is stored at quality 50
_LUMA_STEPS = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
_CHROMA_STEPS = """17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99"""


class JPEGCompression(Degradation):
    """Compresses each image by JPEG and decodes it again, at a quality drawn uniformly for each sample.

    The values are those of a file that Pillow writes and reads with 4:2:0 subsampling, to the bit on every device. On
    the host Pillow itself is fastest; accelerators need not wait for it. (kornia's ``jpeg_codec_differentiable``
    differs from a file by 1/255 on average and by up to 16/255; torchvision will remove its codec.)

    Args:
        quality: least and greatest quality, whole numbers from 1 to 100.

    Raises:
        UserError: a range that is reversed or reaches beyond 1 to 100; images of neither one nor three channels.

    Examples:
        >>> import torch
        >>> from deblur_lightning.degradations import JPEGCompression
        >>> blurred, psf = JPEGCompression(quality=(40, 60))(torch.rand(2, 3, 48, 64), seed=0)
        >>> blurred.shape, psf.shape
        (torch.Size([2, 3, 48, 64]), torch.Size([2, 1, 1]))
    """

    def __init__(self, quality: tuple[int, int] = (70, 95)) -> None:
        super().__init__()
        low, high = check_range("JPEGCompression quality", quality, smallest=1, largest=100)
        self.quality = (int(low), int(high))
        self.noise = f"JPEG {low}-{high}" if low < high else f"JPEG {high}"

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        quality = draws.integers("jpeg.quality", *self.quality)
        if sharp.shape[1] not in (1, 3):
            raise UserError(f"JPEGCompression: images have {sharp.shape[1]} channels: give 1 or 3.")
        pixels = to_uint8(sharp)
        decoded = (compress_by_pillow if pixels.device.type in ("cpu", "mps") else compress)(pixels, quality)
        return with_identity_psf(decoded.to(sharp.dtype) / 255, draws)


def compress_by_pillow(pixels: Tensor, quality: Tensor) -> Tensor:
    """What Pillow reads back of images (B, 1 or 3, H, W) uint8 that it has written; takes what ``compress`` takes."""
    images = pixels.permute(0, 2, 3, 1).cpu().numpy()
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        decoded = np.stack(list(pool.map(_write_and_read, images, quality.tolist())))
    return torch.from_numpy(decoded).view(images.shape).to(pixels.device).permute(0, 3, 1, 2).contiguous()


def _write_and_read(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = BytesIO()
    grey = pixels.shape[-1] == 1
    Image.fromarray(pixels[..., 0] if grey else pixels).save(file, format="JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(file) as decoded:
        return np.array(decoded)


def compress(pixels: Tensor, quality: Tensor) -> Tensor:
    """What libjpeg makes of images (B, 1 or 3, H, W) uint8 by writing and reading them, 4:2:0; of the same shape.

    Its "accurate" integer transform, its rounding and its smooth enlargement of the chroma, for any quality for each.

    Args:
        pixels: the images, on a device that has float64.
        quality: (B,) int64 from 1 to 100, on the host.
    """
    scale = torch.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    luma, chroma = (
        ((_table(steps) * scale[:, None, None] + 50) // 100).clamp(1, 255).to(pixels.device, non_blocking=True)
        for steps in (_LUMA_STEPS, _CHROMA_STEPS)
    )
    values = pixels.int()
    if values.shape[1] == 1:
        return _quantise_blocks(values, luma).to(torch.uint8)
    height, width = values.shape[-2:]
    y, *differences = _to_ycbcr(values)
    y = _quantise_blocks(y, luma)
    small = torch.cat([_quantise_blocks(_subsample(difference), chroma) for difference in differences], dim=1)
    small = small[..., : (width + 1) // 2]
    return _to_rgb(y, _upsample(small)[..., :height, :width]).to(torch.uint8)


def _quantise_blocks(plane: Tensor, steps: Tensor) -> Tensor:
    """A plane (B, 1, H, W) of integers from 0 to 255 after its 8x8 blocks were stored in ``steps`` (B, 8, 8)."""
    height, width = plane.shape[-2:]
    padded = F.pad(plane.double(), (0, -width % 8, 0, -height % 8), mode="replicate") - 128
    rows, columns = (length // 8 for length in padded.shape[-2:])
    blocks = padded.view(-1, 1, rows, 8, columns, 8).transpose(3, 4)  # (B, 1, rows, columns, 8, 8)
    transform = _transform().to(plane.device)
    steps = steps.double()[:, None, None, None]
    halfway = _shift(blocks @ transform.T, 11)
    frequencies = _shift(transform @ halfway, 15)  # eight times those of the standard
    stored = frequencies.sign() * ((frequencies.abs() + 4 * steps) / (8 * steps)).floor()
    halfway = _shift(transform.T @ (stored * steps), 11)
    decoded = _shift(halfway @ transform, 18)
    joined = decoded.transpose(3, 4).flatten(4, 5).flatten(2, 3)[..., :height, :width]
    return (joined + 128).clamp(0, 255).int()


def _shift(values: Tensor, bits: int) -> Tensor:
    """Whole numbers divided by 2^bits and rounded, halves upwards."""
    return (values * 2.0**-bits + 0.5).floor()


@cache
def _transform() -> Tensor:
    """The cosine transform of eight points in units of 2^-13, as libjpeg rounds its factors: (8, 8) float64.

    Each pass of its algorithm (Loeffler, Ligtenberg and Moschytz, 1989) is exact until its end, where it rounds. So a
    product by this matrix gives the same numbers; the transposed matrix transforms back.
    """
    x = torch.eye(8, dtype=torch.float64)
    sums, differences = x[:4] + x.flip(0)[:4], (x[:4] - x.flip(0)[:4]).flip(0)
    near, far = sums[:2] + sums.flip(0)[:2], sums[:2] - sums.flip(0)[:2]
    result = torch.empty(8, 8, dtype=torch.float64)
    result[0], result[4] = 8192 * (near[0] + near[1]), 8192 * (near[0] - near[1])
    turned = 4433 * (far[0] + far[1])
    result[2], result[6] = turned + 6270 * far[0], turned - 15137 * far[1]
    a, b, c, d = differences
    both = 9633 * (a + c + b + d)
    ac, bd = both - 16069 * (a + c), both - 3196 * (b + d)
    ad, bc = -7373 * (a + d), -20995 * (b + c)
    result[7], result[5] = 2446 * a + ad + ac, 16819 * b + bc + bd
    result[3], result[1] = 25172 * c + bc + ac, 12299 * d + ad + bd
    return result


def _table(steps: str) -> Tensor:
    return torch.tensor([int(step) for step in steps.split()]).view(8, 8)


def _to_ycbcr(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Luma and the two colour differences, (B, 1, H, W) each, of RGB."""
    red, green, blue = values.chunk(3, dim=1)
    y = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    offset = (128 << 16) + 32767
    cb = (-11059 * red - 21709 * green + 32768 * blue + offset) >> 16
    cr = (32768 * red - 27439 * green - 5329 * blue + offset) >> 16
    return y, cb, cr


def _to_rgb(y: Tensor, differences: Tensor) -> Tensor:
    """RGB, (B, 3, H, W), of luma and colour differences."""
    cb, cr = (differences - 128).chunk(2, dim=1)
    red = y + ((91881 * cr + 32768) >> 16)
    green = y + ((-22554 * cb - 46802 * cr + 32768) >> 16)
    blue = y + ((116130 * cb + 32768) >> 16)
    return torch.cat([red, green, blue], dim=1).clamp(0, 255)


def _subsample(plane: Tensor) -> Tensor:
    """Means of 2x2 pixels, whose halves are rounded up and down in turn; odd edges are doubled first."""
    height, width = plane.shape[-2:]
    # to the right the file repeats the pixels before they are averaged, below it repeats the averages
    wide = F.pad(plane.float(), (0, -width % 16, 0, -height % 2), mode="replicate").int()
    total = wide[..., ::2, ::2] + wide[..., 1::2, ::2] + wide[..., ::2, 1::2] + wide[..., 1::2, 1::2]
    bias = 1 + torch.arange(total.shape[-1], device=plane.device, dtype=torch.int32) % 2
    return (total + bias) >> 2


def _upsample(plane: Tensor) -> Tensor:
    """Twice the height and width, each new pixel 9/16, 3/16, 3/16 and 1/16 of the four old ones around it."""
    if plane.shape[-1] < 3:  # too narrow for libjpeg to smooth
        return plane.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
    high = F.pad(plane.float(), (0, 0, 1, 1), mode="replicate").int()
    rows = torch.stack([3 * high[..., 1:-1, :] + high[..., :-2, :], 3 * high[..., 1:-1, :] + high[..., 2:, :]], dim=3)
    wide = F.pad(rows.flatten(2, 3).float(), (1, 1, 0, 0), mode="replicate").int()
    middle, left, right = wide[..., 1:-1], wide[..., :-2], wide[..., 2:]
    return torch.stack([(3 * middle + left + 8) >> 4, (3 * middle + right + 7) >> 4], dim=4).flatten(3, 4)
