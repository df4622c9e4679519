"""JPEG compression by Pillow, the codec that writes real files."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deblur_lightning.batch import to_uint8
from deblur_lightning.degradations.base import Degradation, DegradedBatch, with_identity_psf
from deblur_lightning.degradations.ranges import check_range
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError


class JPEGCompression(Degradation):
    """Compresses each image by JPEG and decodes it again, at a quality drawn uniformly for each sample.

    The codec is Pillow's libjpeg, 4:2:0, on the CPU whatever the device, so the values are those of a real file.
    (kornia's ``jpeg_codec_differentiable`` stays on the device, but is four times slower on a CPU and differs from a
    real file by 1/255 on average and by up to 16/255; torchvision will remove its codec.)

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
        pixels = to_uint8(sharp).permute(0, 2, 3, 1).cpu().numpy()
        grey = pixels.shape[-1] == 1
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            decoded = np.stack(list(pool.map(_compress, pixels[..., 0] if grey else pixels, quality.tolist())))
        image = torch.from_numpy(decoded[..., None] if grey else decoded).to(sharp.device).permute(0, 3, 1, 2)
        return with_identity_psf(image.to(sharp.dtype).contiguous() / 255, draws)


def _compress(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Compress (H, W) or (H, W, 3) uint8."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(file) as decoded:
        return np.array(decoded)
