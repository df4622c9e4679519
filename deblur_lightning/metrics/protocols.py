"""The protocols under which papers state PSNR and SSIM, by name."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from deblur_lightning.batch import to_8bit
from deblur_lightning.errors import UserError
from deblur_lightning.metrics.psnr_ssim import PSNR_CAP, SSIM_REACH, luma, psnr, ssim, ssim_matlab
from deblur_lightning.metrics.registration import Floats, align_by_shift, register

Scores = dict[str, Tensor]


def scores_under(name: str, preds: Tensor, target: Tensor) -> Scores:
    """PSNR and SSIM of each image under a protocol of ``PROTOCOLS``.

    Args:
        name: ``rgb8``, this package's own; ``y8``, the luma channel with MATLAB's SSIM; ``gopro``, PSNR as ``rgb8`` and
            MATLAB's SSIM of the RGB volume; ``realblur``, after a registration by a homography; ``levin``, after the
            best shift by quarters of a pixel.
        preds: (B, 3, H, W), nominally in [0, 1].
        target: (B, 3, H, W) in [0, 1].

    Returns:
        ``psnr`` in dB and ``ssim``, (B,) each; under ``levin`` also ``ssd``, the sum of squared differences.

    Raises:
        UserError: there is no such protocol, or the images are too small for it, or cannot be registered.
    """
    if name not in PROTOCOLS:
        raise UserError(f"protocol {name}: choose from {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name](preds, target)


def _rgb8(preds: Tensor, target: Tensor) -> Scores:
    return {"psnr": psnr(preds, target), "ssim": ssim(preds, target)}


def _y8(preds: Tensor, target: Tensor) -> Scores:
    preds, target = luma(preds), luma(target)
    return {"psnr": psnr(preds, target), "ssim": ssim_matlab(preds, target)}


def _gopro(preds: Tensor, target: Tensor) -> Scores:
    return {"psnr": psnr(preds, target), "ssim": ssim_matlab(preds, target)}


def _realblur(preds: Tensor, target: Tensor) -> Scores:
    """RealBlur's (Rim et al., ECCV 2020): what a registration moved out of the image is left out of both figures."""
    found: dict[str, list[float]] = {"psnr": [], "ssim": []}
    for restored, sharp in zip(_arrays(preds), _arrays(target), strict=True):
        moved, inside = register(restored, sharp)
        sharp = sharp * inside
        error = float(((sharp - moved).astype(np.float64) ** 2).sum() / inside.sum())
        found["psnr"].append(min(PSNR_CAP, -10 * np.log10(error)) if error else PSNR_CAP)
        settings = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1.0}
        if min(sharp.shape[:2]) < 2 * SSIM_REACH + 1:
            raise UserError(f"An image of {sharp.shape[0]}x{sharp.shape[1]} pixels is too small for SSIM.")
        _, similar = structural_similarity(  # type: ignore[no-untyped-call]
            sharp, moved, channel_axis=-1, full=True, **settings
        )
        core = (slice(SSIM_REACH, -SSIM_REACH),) * 2
        weights = inside[core]
        found["ssim"].append(float(((similar * inside)[core].sum(axis=(0, 1)) / weights.sum(axis=(0, 1))).mean()))
    return {name: preds.new_tensor(values, dtype=torch.float64) for name, values in found.items()}


def _levin(preds: Tensor, target: Tensor) -> Scores:
    """Levin's (Levin et al., CVPR 2009), whose error ratio is a ratio of two ``ssd``; PSNR and SSIM are ours."""
    moved, cut = align_by_shift(preds, target)
    squares = (moved - cut).square()
    psnrs = -10 * torch.log10(squares.mean(dim=(1, 2, 3)))
    return {"psnr": psnrs.clamp(max=PSNR_CAP), "ssim": ssim(moved, cut), "ssd": squares.sum(dim=(1, 2, 3))}


def _arrays(images: Tensor) -> list[Floats]:
    """(H, W, 3) each, rounded to 8 bits."""
    return [image.permute(1, 2, 0).float().contiguous().cpu().numpy() for image in to_8bit(images.float())]


PROTOCOLS: Mapping[str, Callable[[Tensor, Tensor], Scores]] = {
    "rgb8": _rgb8,
    "y8": _y8,
    "gopro": _gopro,
    "realblur": _realblur,
    "levin": _levin,
}
"""By name, what computes the scores of images (B, 3, H, W)."""
