"""Metrics under named protocols: PSNR, SSIM and calibration error, each defined once."""

import math
from collections.abc import Iterator, Sized
from typing import Any

import torch
from torch import Tensor

from deblur_lightning.batch import to_8bit
from deblur_lightning.errors import UserError

PROTOCOLS = {3: "rgb8", 1: "grey8"}
"""By number of channels: all together, both images clamped and rounded to 8 bits, data range 1, every pixel counted."""

PSNR_CAP = 100.0
"""Equal images have an infinite PSNR, which no mean survives: it counts as this many dB."""

SSIM_SIGMA, SSIM_REACH = 1.5, 5
"""Of the window, in pixels: its standard deviation, and how far it goes to each side."""

SMALLEST_FOR_SSIM = SSIM_REACH + 1
"""Height and width in pixels below which the window's reflected border does not fit."""

BAND = 2**18
"""Values of a batch that are scored at a time, which takes some 50 MB however large the images are."""

SINGLE = ("mps",)
"""Types of devices that have no float64."""

CALIBRATION_BINS = 15
"""Of a classifier's confidence, for its calibration error."""


def protocol(channels: int, crop_border: int = 0) -> str:
    """The name of how scores are taken, which decides with what they may be compared.

    Args:
        channels: of the images, 3 or 1.
        crop_border: pixels left out at each edge, of both images and of every figure.

    Returns:
        Such as "rgb8", or "grey8-crop16".

    Raises:
        UserError: another number of channels.
    """
    if channels not in PROTOCOLS:
        raise UserError(f"Images of {channels} channels have no protocol: score grey or RGB ones.")
    return PROTOCOLS[channels] + (f"-crop{crop_border}" if crop_border else "")


def psnr(preds: Tensor, target: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB, under ``PROTOCOLS``, at most ``PSNR_CAP``.

    Args:
        preds: (B, C, H, W), nominally in [0, 1].
        target: (B, C, H, W) in [0, 1].

    Returns:
        (B,) float64, or float32 on a device that has no float64.

    Examples:
        >>> import torch
        >>> from deblur_lightning.metrics import psnr
        >>> psnr(torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)).item()
        0.0
    """
    errors = _exact(torch.zeros(len(preds), device=preds.device))  # sums of whole numbers, and so exact
    for rows in _bands(preds):
        errors += (_levels(preds[..., rows, :]) - _levels(target[..., rows, :])).square().sum(dim=(1, 2, 3))
    values = 10 * torch.log10(255.0**2 * preds[0].numel() / errors)
    return _scores(values.clamp(max=PSNR_CAP), preds.device)


def ssim(preds: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each image in [-1, 1], under ``PROTOCOLS`` (Gaussian window of 11x11, sigma 1.5).

    It is that of torchmetrics, whose window is of two dimensions: in float64 that takes forty times the time and
    120 times the memory of two windows of one.

    Args:
        preds: (B, C, H, W), nominally in [0, 1].
        target: (B, C, H, W) in [0, 1].

    Returns:
        (B,) float64, or float32 on a device that has no float64.

    Raises:
        UserError: an image below ``SMALLEST_FOR_SSIM`` in height or width.

    Examples:
        >>> import torch
        >>> from deblur_lightning.metrics import ssim
        >>> image = torch.rand(1, 3, 16, 16)
        >>> ssim(image, image).item()
        1.0
    """
    height, width = preds.shape[-2:]
    if min(height, width) < SMALLEST_FOR_SSIM:
        raise UserError(f"SSIM needs {SMALLEST_FOR_SSIM} pixels a side, an image has {height}x{width}: leave it out.")
    columns = _reflected(0, width, width, preds.device)
    total = _exact(torch.zeros(len(preds), device=preds.device))  # no list, whose small parts would pin the heap
    for band in _bands(preds):
        rows = _reflected(band.start, band.stop, height, preds.device)[:, None]
        total += _similarity(*(_levels(image[..., rows, columns]) for image in (preds, target))).sum(dim=(1, 2, 3))
    return _scores(total / preds[0].numel(), preds.device)


def _similarity(first: Tensor, second: Tensor) -> Tensor:
    """SSIM at each pixel (Wang et al., 2004) of 8-bit levels (B, C, H, W); the window's reach is lost at each edge."""
    mean_1, mean_2 = _windowed(first), _windowed(second)
    squares = mean_1.square() + mean_2.square()
    variances = _windowed(first.square() + second.square()) - squares
    covariance = _windowed(first * second) - mean_1 * mean_2
    small_1, small_2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    upper = (2 * mean_1 * mean_2 + small_1) * (2 * covariance + small_2)
    return upper / ((squares + small_1) * (variances + small_2))


def _windowed(image: Tensor) -> Tensor:
    """Means of (..., H, W) under the window, (..., H - 10, W - 10): sums of copies shifted down, then to the right."""
    taps = [math.exp(-((tap / SSIM_SIGMA) ** 2) / 2) for tap in range(-SSIM_REACH, SSIM_REACH + 1)]
    for dim in (-2, -1):
        length = image.shape[dim] - 2 * SSIM_REACH
        means = torch.zeros_like(image.narrow(dim, 0, length))
        for start, tap in enumerate(taps):
            means.add_(image.narrow(dim, start, length), alpha=tap / sum(taps))
        image = means
    return image


def _reflected(start: int, stop: int, length: int, device: torch.device) -> Tensor:
    """Positions from ``start`` to ``stop`` and the window's reach around them, reflected at 0 and ``length`` - 1."""
    places = torch.arange(start - SSIM_REACH, stop + SSIM_REACH, device=device).abs()
    return length - 1 - (length - 1 - places).abs()


def _bands(images: Tensor) -> Iterator[slice]:
    """Rows of (B, C, H, W) to be looked at together, so that memory does not grow with the images."""
    count, channels, height, width = images.shape
    rows = max(1, BAND // (count * channels * width))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def _levels(image: Tensor) -> Tensor:
    """The 8-bit levels of ``image`` as float64; float32 would cancel where small differences lie on bright ground."""
    return _exact((to_8bit(image.float()) * 255).round())


def _exact(image: Tensor) -> Tensor:
    """``image`` in float64, on the host where its device has none."""
    return (image.cpu() if image.device.type in SINGLE else image).double()


def _scores(values: Tensor, device: torch.device) -> Tensor:
    """Exact ``values`` back on ``device``, in the best precision it has."""
    return values.to(device, torch.float32 if device.type in SINGLE else torch.float64)


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
        (B,) float64, or float32 on a device that has no float64.
    """
    count, channels, height, width = image.shape
    rows, columns = height // STRIDE_PERIOD, width // STRIDE_PERIOD
    whole = _exact(image[..., : rows * STRIDE_PERIOD, : columns * STRIDE_PERIOD])
    phases = whole.reshape(count, channels, rows, STRIDE_PERIOD, columns, STRIDE_PERIOD).mean(dim=(2, 4))
    return _scores(255 * phases.var(dim=(2, 3), correction=0).mean(dim=1).sqrt(), image.device)


@torch.no_grad()
def restoration_scores(restored: Tensor, blurred: Tensor, sharp: Tensor, crop_border: int = 0) -> dict[str, Tensor]:
    """Every figure of a restored batch, beside the same figure of its blurred input, and the gain.

    Args:
        restored: (B, C, H, W), nominally in [0, 1].
        blurred: (B, C, H, W) in [0, 1].
        sharp: (B, C, H, W) in [0, 1].
        crop_border: pixels left out at each edge.

    Returns:
        By name, (B,) each, float64 as from ``psnr``: ``psnr``, ``psnr_blurred``, ``psnr_gain`` in dB; the same three
        for ``ssim``; and ``psnr_capped``, 1 where the restored image's PSNR is ``PSNR_CAP``, else 0.

    Raises:
        UserError: the images, or what is left of them, are too small for SSIM.
    """
    restored, blurred, sharp = (_inner(image, crop_border) for image in (restored, blurred, sharp))
    scores: dict[str, Tensor] = {}
    for name, metric in {"psnr": psnr, "ssim": ssim}.items():
        scores[name] = metric(restored, sharp)
        scores[f"{name}_blurred"] = metric(blurred, sharp)
        scores[f"{name}_gain"] = scores[name] - scores[f"{name}_blurred"]
    scores["psnr_capped"] = (scores["psnr"] >= PSNR_CAP).to(scores["psnr"])
    return scores


def _inner(image: Tensor, crop_border: int) -> Tensor:
    height, width = image.shape[-2:]
    if crop_border and min(height, width) < 2 * crop_border + SMALLEST_FOR_SSIM:
        most = max(0, (min(height, width) - SMALLEST_FOR_SSIM) // 2)
        raise UserError(
            f"An image of {height}x{width} pixels is too small to leave out {crop_border} at each edge: set "
            f"--model.crop_border={most} or less, or leave the image out."
        )
    return image[..., crop_border : height - crop_border, crop_border : width - crop_border]


def calibration_error(confidence: Tensor, correct: Tensor) -> Tensor:
    """How far confidence and accuracy of a classifier are apart, over ``CALIBRATION_BINS`` (Guo et al., 2017).

    A bin reaches from above its lower end to its upper one, so that those of confidence 1 are in the last.

    Args:
        confidence: (N,) in [0, 1].
        correct: (N,), 1 where the class was found, else 0.

    Returns:
        Scalar, float64, or float32 on a device that has no float64.
    """
    apart = _exact(confidence) - _exact(correct)
    edges = torch.linspace(0, 1, CALIBRATION_BINS + 1, device=apart.device)[1:-1]
    place = torch.bucketize(confidence.to(apart.device, torch.float32), edges)
    bins = apart.new_zeros(CALIBRATION_BINS).index_add(0, place, apart)
    return _scores(bins.abs().sum() / len(apart), confidence.device)


def weight(batch: Sized) -> Any:
    """What a batch counts in a mean over all processes, for ``batch_size`` of Lightning's ``log``.

    Lightning (2.6) averages whole numbers over the processes and cuts off what is behind the point: of three images on
    two processes, the mean would be half as large again. As a float the count stays exact.
    """
    return float(len(batch))
