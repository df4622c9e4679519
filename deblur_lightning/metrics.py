"""Named metric protocols: each figure is defined here once, as a pure function of two batches of images."""

from collections.abc import Sized
from typing import Any

import torch
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from deblur_lightning.batch import to_8bit
from deblur_lightning.errors import UserError

PROTOCOLS = {3: "rgb8", 1: "grey8"}
"""By number of channels: all together, both images clamped and rounded to 8 bits, data range 1, every pixel counted."""

PSNR_CAP = 100.0
"""Equal images have an infinite PSNR, which no mean survives: it counts as this many dB."""

SMALLEST_FOR_SSIM = 6
"""Height and width in pixels below which the window's reflected border does not fit."""

CALIBRATION_BINS = 15
"""Of a classifier's confidence, for its calibration error."""


def protocol(channels: int, crop: int = 0) -> str:
    """The name of how scores are taken, which decides with what they may be compared.

    Args:
        channels: of the images, 3 or 1.
        crop: pixels left out at each edge, of both images and of every figure.

    Returns:
        Such as "rgb8", or "grey8-crop16".

    Raises:
        UserError: another number of channels.
    """
    if channels not in PROTOCOLS:
        raise UserError(f"Images of {channels} channels have no protocol: score grey or RGB ones.")
    return PROTOCOLS[channels] + (f"-crop{crop}" if crop else "")


def psnr(preds: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB, under ``PROTOCOLS``, at most ``PSNR_CAP``.

    Args:
        preds: (B, C, H, W), nominally in [0, 1].
        target: (B, C, H, W) in [0, 1].

    Returns:
        (B,) float32.
    """
    values: Tensor = peak_signal_noise_ratio(
        to_8bit(preds.float()), to_8bit(target.float()), data_range=1.0, reduction="none", dim=(1, 2, 3)
    )
    return values.clamp(max=PSNR_CAP)


def ssim(preds: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each image in [-1, 1], under ``PROTOCOLS`` (Gaussian window of 11x11, sigma 1.5).

    Args:
        preds: (B, C, H, W), nominally in [0, 1].
        target: (B, C, H, W) in [0, 1].

    Returns:
        (B,) float32.

    Raises:
        UserError: an image below ``SMALLEST_FOR_SSIM`` in height or width.
    """
    if min(preds.shape[-2:]) < SMALLEST_FOR_SSIM:
        height, width = preds.shape[-2:]
        raise UserError(f"SSIM needs {SMALLEST_FOR_SSIM} pixels a side, an image has {height}x{width}: leave it out.")
    values = structural_similarity_index_measure(
        to_8bit(preds.float()), to_8bit(target.float()), data_range=1.0, reduction="none"
    )
    assert isinstance(values, Tensor)  # a pair only where the full map is asked for
    return values.reshape(len(preds))


STRIDE_PERIOD = 4
"""Pixels after which the patterns of two strided layers, or of one, repeat themselves."""


@torch.no_grad()
def stride_amplitude(image: Tensor) -> Tensor:
    """How strong the pattern is that strided layers leave, the checkerboard: of each image, in grey levels of 255.

    It is the root of the energy at those frequencies that are multiples of 1/4 per pixel, which is the standard
    deviation of the means of every fourth pixel (Parseval). Photographs have a little of it too.

    Args:
        image: (B, C, H, W) in [0, 1], at least 4 pixels a side.

    Returns:
        (B,) float32.
    """
    count, channels, height, width = image.shape
    rows, columns = height // STRIDE_PERIOD, width // STRIDE_PERIOD
    whole = image[..., : rows * STRIDE_PERIOD, : columns * STRIDE_PERIOD].float()
    phases = whole.reshape(count, channels, rows, STRIDE_PERIOD, columns, STRIDE_PERIOD).mean(dim=(2, 4))
    return 255 * phases.var(dim=(2, 3), correction=0).mean(dim=1).sqrt()


@torch.no_grad()
def restoration_scores(restored: Tensor, blurred: Tensor, sharp: Tensor, crop: int = 0) -> dict[str, Tensor]:
    """Every figure of a restored batch, beside the same figure of its blurred input, and the gain.

    Args:
        restored: (B, C, H, W), nominally in [0, 1].
        blurred: (B, C, H, W) in [0, 1].
        sharp: (B, C, H, W) in [0, 1].
        crop: pixels left out at each edge.

    Returns:
        By name, (B,) float32 each: ``psnr``, ``psnr_blurred``, ``psnr_gain`` in dB; the same three for ``ssim``; and
        ``psnr_capped``, 1 where the restored image's PSNR is ``PSNR_CAP``, else 0.

    Raises:
        UserError: the images, or what is left of them, are too small for SSIM.
    """
    restored, blurred, sharp = (_inner(image, crop) for image in (restored, blurred, sharp))
    scores: dict[str, Tensor] = {}
    for name, metric in {"psnr": psnr, "ssim": ssim}.items():
        scores[name] = metric(restored, sharp)
        scores[f"{name}_blurred"] = metric(blurred, sharp)
        scores[f"{name}_gain"] = scores[name] - scores[f"{name}_blurred"]
    scores["psnr_capped"] = (scores["psnr"] >= PSNR_CAP).to(torch.float32)
    return scores


def _inner(image: Tensor, crop: int) -> Tensor:
    height, width = image.shape[-2:]
    if crop and min(height, width) < 2 * crop + SMALLEST_FOR_SSIM:
        raise UserError(
            f"An image of {height}x{width} pixels is too small to leave out {crop} at each edge: set --model.crop="
            f"{max(0, (min(height, width) - SMALLEST_FOR_SSIM) // 2)} or less, or leave the image out."
        )
    return image[..., crop : height - crop, crop : width - crop]


def weight(batch: Sized) -> Any:
    """What a batch counts in a mean over all processes, for ``batch_size`` of Lightning's ``log``.

    Lightning (2.6) averages whole numbers over the processes and cuts off what is behind the point: of three images on
    two processes, the mean would be half as large again. As a float the count stays exact.
    """
    return float(len(batch))
