"""Scores a restored image against the sharp frames along a camera's path, as papers on Köhler's set do."""

from collections.abc import Iterable

import torch
from torch import Tensor

from deblur_lightning.batch import LUMA
from deblur_lightning.errors import UserError
from deblur_lightning.metrics.psnr_ssim import PSNR_CAP


def best_psnr(restored: Tensor, frames: Iterable[Tensor]) -> Tensor:
    """The highest PSNR of an image against any of the frames.

    For each frame the image is scaled in brightness and shifted by whole pixels to where their cross-correlation is
    highest. What the shift moved out counts as black in both. PSNR is that of the luminance.

    Source: the evaluation that Köhler, Hirsch, Mohler, Schölkopf and Harmeling published with "Recording and playback
    of camera shake" (ECCV 2012).

    Args:
        restored: (3, H, W) in [0, 1].
        frames: (3, H, W) in [0, 1] each.

    Returns:
        Scalar in dB, float64, at most ``PSNR_CAP``.

    Raises:
        UserError: there are no frames, or one is of another size.
    """
    restored = restored.double()
    best = restored.new_tensor(-torch.inf)
    for frame in frames:
        if frame.shape != restored.shape:
            sizes = ["x".join(map(str, image.shape[-2:])) for image in (frame, restored)]
            raise UserError(f"a frame has {sizes[0]} pixels, the restored image {sizes[1]}: give frames of its size.")
        best = torch.maximum(best, _psnr(restored, frame.double()))
    if best.isinf():
        raise UserError("there are no frames to compare with.")
    return best


def _psnr(restored: Tensor, frame: Tensor) -> Tensor:
    energy = restored.square().sum()
    scaled = restored * ((frame * restored).sum() / energy) if energy else restored
    shift = _best_shift(scaled.mean(dim=0), frame.mean(dim=0))
    moved, inside = _shifted(scaled, shift), _shifted(torch.ones_like(scaled), shift)
    difference = (frame * inside - moved) * restored.new_tensor(LUMA)[:, None, None]
    error = difference.sum(dim=0).square().mean()
    return (-10 * torch.log10(error)).clamp(max=PSNR_CAP)


def _best_shift(moving: Tensor, fixed: Tensor) -> tuple[int, int]:
    """Pixels down and to the right by which ``moving`` (H, W), taken as periodic, comes closest to ``fixed``."""
    height, width = fixed.shape
    correlation = torch.fft.irfft2(torch.fft.rfft2(fixed) * torch.fft.rfft2(moving).conj(), s=(height, width))
    down, right = divmod(int(correlation.argmax()), width)
    return down - height * (down >= height // 2), right - width * (right >= width // 2)


def _shifted(image: Tensor, shift: tuple[int, int]) -> Tensor:
    """``image`` (C, H, W) moved by whole pixels, 0 where nothing of it lies."""
    result = torch.zeros_like(image)
    target, source = zip(*(_overlap(by, size) for by, size in zip(shift, image.shape[-2:], strict=True)), strict=True)
    result[:, *target] = image[:, *source]
    return result


def _overlap(by: int, size: int) -> tuple[slice, slice]:
    """Where pixels come to lie, and where they come from."""
    return slice(max(by, 0), size + min(by, 0)), slice(max(-by, 0), size + min(-by, 0))
