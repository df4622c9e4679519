"""PSNR and SSIM under named protocols, each defined once."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from deblur_lightning.batch import to_8bit
from deblur_lightning.errors import UserError
from deblur_lightning.metrics.precision import back_on, in_float64

PROTOCOLS = {3: "rgb8", 1: "grey8"}
"""By number of channels: all channels together, both images clamped and rounded to 8 bits, data range 1, no crop."""

PSNR_CAP = 100.0
"""Upper limit in dB: the PSNR of equal images is infinite, and so would be every mean with it."""

SSIM_SIGMA, SSIM_REACH = 1.5, 5
"""The standard deviation of SSIM's window and its reach to each side, in pixels."""

SMALLEST_FOR_SSIM = SSIM_REACH + 1
"""The smallest height and width in pixels for which SSIM's window can be reflected at the edges."""

BAND = 2**18
"""Number of values scored at a time: about 50 MB of memory, however large the images are."""


def protocol(channels: int, crop_border: int = 0) -> str:
    """The name of the protocol of a score; only scores of one protocol may be compared.

    Args:
        channels: of the images, 3 or 1.
        crop_border: pixels cut off at each edge of both images, for every score.

    Returns:
        Such as "rgb8", or "grey8-crop16".

    Raises:
        UserError: another number of channels.
    """
    if channels not in PROTOCOLS:
        raise UserError(f"Images have {channels} channels, for which there is no protocol: give 1 or 3.")
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
    errors = in_float64(torch.zeros(len(preds), device=preds.device))  # sums of whole numbers are exact
    for rows in _bands(preds):
        errors += (_levels(preds[..., rows, :]) - _levels(target[..., rows, :])).square().sum(dim=(1, 2, 3))
    values = 10 * torch.log10(255.0**2 * preds[0].numel() / errors)
    return back_on(values.clamp(max=PSNR_CAP), preds.device)


def ssim(preds: Tensor, target: Tensor) -> Tensor:
    """Structural similarity of each image in [-1, 1], under ``PROTOCOLS`` (Gaussian window of 11x11, sigma 1.5).

    The value is that of torchmetrics, whose two-dimensional window takes forty times the time and 120 times the memory
    of two one-dimensional ones in float64.

    Args:
        preds: (B, C, H, W), nominally in [0, 1].
        target: (B, C, H, W) in [0, 1].

    Returns:
        (B,) float64, or float32 on a device that has no float64.

    Raises:
        UserError: images smaller than ``SMALLEST_FOR_SSIM`` in height or width.

    Examples:
        >>> import torch
        >>> from deblur_lightning.metrics import ssim
        >>> image = torch.rand(1, 3, 16, 16)
        >>> ssim(image, image).item()
        1.0
    """
    height, width = preds.shape[-2:]
    if min(height, width) < SMALLEST_FOR_SSIM:
        raise UserError(f"An image of {height}x{width} pixels is too small for SSIM: give {SMALLEST_FOR_SSIM} a side.")
    columns = _reflect(0, width, width, preds.device)
    total = in_float64(torch.zeros(len(preds), device=preds.device))  # the small parts of a list fragment the heap
    for band in _bands(preds):
        rows = _reflect(band.start, band.stop, height, preds.device)[:, None]
        first, second = (_levels(image[..., rows, columns]) for image in (preds, target))
        total += _similarity(first, second, _window_means).sum(dim=(1, 2, 3))
    return back_on(total / preds[0].numel(), preds.device)


def ssim_matlab(preds: Tensor, target: Tensor) -> Tensor:
    """SSIM of each image as MATLAB's ``ssim(preds, target)`` computes it of 8-bit arrays: edges are replicated.

    MATLAB takes an RGB image for a volume: its window is 11x11x11, and the three channels are averaged under it too.
    The evaluation code of GoPro's papers does so, and its values are higher than those of ``ssim``.

    Args:
        preds: (B, C, H, W), nominally in [0, 1]; C = 1, or 3 for a volume.
        target: (B, C, H, W) in [0, 1].

    Returns:
        (B,) float64, or float32 on a device that has no float64.
    """
    height, width = preds.shape[-2:]
    mixing = _channel_window(preds.shape[1], preds.device)

    def means(image: Tensor) -> Tensor:
        return torch.einsum("dc,bchw->bdhw", mixing, _window_means(image))

    columns = _replicate(0, width, width, preds.device)
    total = in_float64(torch.zeros(len(preds), device=preds.device))
    for band in _bands(preds):
        rows = _replicate(band.start, band.stop, height, preds.device)[:, None]
        first, second = (_levels(image[..., rows, columns]) for image in (preds, target))
        total += _similarity(first, second, means).sum(dim=(1, 2, 3))
    return back_on(total / preds[0].numel(), preds.device)


def luma(images: Tensor) -> Tensor:
    """The Y of MATLAB's ``rgb2ycbcr`` of 8-bit images: ITU-R BT.601 from 16 to 235, rounded to 8 bits.

    Args:
        images: (B, 3, H, W), nominally in [0, 1].

    Returns:
        (B, 1, H, W) in [0, 1], float64, or float32 on a device that has no float64.

    Examples:
        >>> import torch
        >>> from deblur_lightning.metrics import luma
        >>> (luma(torch.ones(1, 3, 1, 1)) * 255).item()
        235.0
    """
    red, green, blue = _levels(images).unbind(dim=1)
    values = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
    return back_on(values[:, None].round() / 255, images.device)


def _similarity(first: Tensor, second: Tensor, means: Callable[[Tensor], Tensor]) -> Tensor:
    """SSIM at each pixel (Wang et al., 2004) of 8-bit levels (B, C, H, W), without the window's reach at each edge."""
    mean_1, mean_2 = means(first), means(second)
    squares = mean_1.square() + mean_2.square()
    variances = means(first.square() + second.square()) - squares
    covariance = means(first * second) - mean_1 * mean_2
    small_1, small_2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    upper = (2 * mean_1 * mean_2 + small_1) * (2 * covariance + small_2)
    return upper / ((squares + small_1) * (variances + small_2))


def _window_means(image: Tensor) -> Tensor:
    """Means of (..., H, W) under the window, (..., H - 10, W - 10): sums of shifted copies, along one axis each."""
    for dim in (-2, -1):
        length = image.shape[dim] - 2 * SSIM_REACH
        means = torch.zeros_like(image.narrow(dim, 0, length))
        for start, value in enumerate(_window()):
            means.add_(image.narrow(dim, start, length), alpha=value)
        image = means
    return image


def _window() -> list[float]:
    """SSIM's window along one axis, of sum 1."""
    window = [math.exp(-((tap / SSIM_SIGMA) ** 2) / 2) for tap in range(-SSIM_REACH, SSIM_REACH + 1)]
    return [value / sum(window) for value in window]


def _channel_window(channels: int, device: torch.device) -> Tensor:
    """The window along the channels, edges replicated, as a matrix (C, C) from channels to their means."""
    matrix = in_float64(torch.zeros(channels, channels, device=device))
    for channel, places in enumerate(_replicate(c, c + 1, channels, device).tolist() for c in range(channels)):
        for place, value in zip(places, _window(), strict=True):
            matrix[channel, place] += value
    return matrix


def _reflect(start: int, stop: int, length: int, device: torch.device) -> Tensor:
    """Positions from ``start`` to ``stop``, with the window's reach on both sides, reflected at the ends."""
    places = torch.arange(start - SSIM_REACH, stop + SSIM_REACH, device=device).abs()
    return length - 1 - (length - 1 - places).abs()


def _replicate(start: int, stop: int, length: int, device: torch.device) -> Tensor:
    """The same with the ends repeated."""
    return torch.arange(start - SSIM_REACH, stop + SSIM_REACH, device=device).clamp(0, length - 1)


def _bands(images: Tensor) -> Iterator[slice]:
    """Bands of rows of (B, C, H, W) to score together, so that memory does not grow with the images."""
    count, channels, height, width = images.shape
    rows = max(1, BAND // (count * channels * width))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def _levels(image: Tensor) -> Tensor:
    """The 8-bit levels of ``image`` as float64, since in float32 small differences of bright pixels cancel."""
    return in_float64((to_8bit(image.float()) * 255).round())


@torch.no_grad()
def restoration_scores(restored: Tensor, blurred: Tensor, sharp: Tensor, crop_border: int = 0) -> dict[str, Tensor]:
    """PSNR and SSIM of each restored image, of its blurred input, and the gain.

    Args:
        restored: (B, C, H, W), nominally in [0, 1].
        blurred: (B, C, H, W) in [0, 1].
        sharp: (B, C, H, W) in [0, 1].
        crop_border: pixels cut off at each edge.

    Returns:
        By name, (B,) each, float64 as from ``psnr``: ``psnr``, ``psnr_blurred``, ``psnr_gain`` in dB; the same three
        for ``ssim``; and ``psnr_capped``, 1 where the restored image's PSNR is ``PSNR_CAP``, else 0.

    Raises:
        UserError: the images, once cropped, are too small for SSIM.
    """
    restored, blurred, sharp = (cropped(image, crop_border) for image in (restored, blurred, sharp))
    scores: dict[str, Tensor] = {}
    for name, metric in {"psnr": psnr, "ssim": ssim}.items():
        scores[name] = metric(restored, sharp)
        scores[f"{name}_blurred"] = metric(blurred, sharp)
        scores[f"{name}_gain"] = scores[name] - scores[f"{name}_blurred"]
    scores["psnr_capped"] = (scores["psnr"] >= PSNR_CAP).to(scores["psnr"])
    return scores


def cropped(image: Tensor, crop_border: int) -> Tensor:
    """``image`` (B, C, H, W) without ``crop_border`` pixels at each edge.

    Raises:
        UserError: too little is left of it for SSIM.
    """
    height, width = image.shape[-2:]
    if crop_border and min(height, width) < 2 * crop_border + SMALLEST_FOR_SSIM:
        most = max(0, (min(height, width) - SMALLEST_FOR_SSIM) // 2)
        raise UserError(
            f"An image of {height}x{width} pixels is too small to cut off {crop_border} at each edge: set "
            f"crop_border={most} or less, or leave the image out."
        )
    return image[..., crop_border : height - crop_border, crop_border : width - crop_border]
