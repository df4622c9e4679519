"""Köhler's figure: the best frame, after brightness and a whole shift, of the luminance."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import data
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.metrics import best_psnr

SIZE = 48, 57


def photograph(down: int = 0, right: int = 0) -> np.ndarray:
    """(H, W, 3), 8 bits: what a camera sees that has moved."""
    pixels: np.ndarray = data.astronaut()[60 + down : 60 + down + SIZE[0], 150 + right : 150 + right + SIZE[1]]
    return pixels


def as_image(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels / 255.0).permute(2, 0, 1)


def by_hand(restored: np.ndarray, frame: np.ndarray) -> float:
    """The published procedure of 8-bit levels, its correlation summed shift by shift."""
    z, x = restored.astype(np.float64), frame.astype(np.float64)
    z = z * (x * z).sum() / (z * z).sum()
    grey, other = z.mean(axis=2), x.mean(axis=2)
    height, width = SIZE
    sums = {
        (down, right): (np.roll(grey, (down, right), (0, 1)) * other).sum()
        for down in range(-(height - height // 2), height // 2)
        for right in range(-(width - width // 2), width // 2)
    }
    shift = max(sums, key=lambda place: sums[place])
    moved, inside = (ndimage.shift(image, (*shift, 0), order=0, cval=0) for image in (z, np.ones_like(z)))
    luminances = [image @ np.array([0.299, 0.587, 0.114]) for image in (x * inside, moved)]
    return float(10 * np.log10(255**2 / np.square(luminances[0] - luminances[1]).mean()))


def test_each_frame_is_compared_as_published() -> None:
    rng = np.random.default_rng(0)
    restored = (0.8 * photograph(3, -4) + rng.integers(0, 20, (*SIZE, 3))).astype(np.uint8)
    for frame in (photograph(), photograph(-2, 5), photograph(3, -4), photograph(20, 30)):
        found = best_psnr(as_image(restored), [as_image(frame)])
        assert found.item() == pytest.approx(by_hand(restored, frame), abs=1e-9)


def test_the_best_frame_counts_and_equal_ones_are_capped() -> None:
    frames = [as_image(photograph(place, 2 * place)) for place in range(4)]
    noisy = (frames[2] + 0.02 * torch.randn(frames[2].shape)).clamp(0, 1)
    alone = [best_psnr(noisy, [frame]).item() for frame in frames]
    assert best_psnr(noisy, iter(frames)).item() == max(alone) == alone[2]
    assert best_psnr(0.5 * frames[1], frames).item() == 100
    assert best_psnr(torch.zeros(3, 8, 8), [torch.ones(3, 8, 8)]).item() == pytest.approx(0)


def test_frames_must_be_there_and_of_the_image_s_size() -> None:
    with pytest.raises(UserError, match="there are no frames"):
        best_psnr(torch.zeros(3, 8, 8), [])
    with pytest.raises(UserError, match="a frame has 8x9 pixels, the restored image 8x8"):
        best_psnr(torch.zeros(3, 8, 8), [torch.zeros(3, 8, 9)])
