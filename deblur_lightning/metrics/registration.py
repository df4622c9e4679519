"""Lays a restored image over a sharp one before it is scored, as some papers' evaluations do."""

from itertools import product

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from deblur_lightning.errors import UserError

Floats = NDArray[np.float32]

ECC_STEPS, ECC_FILTER = 100, 5
"""Of RealBlur's evaluation: steps of the registration, and the width of the Gaussian filter before it, in pixels."""

SHIFT_BORDER, MOST_SHIFT, SHIFTS_PER_PIXEL = 15, 5, 4
"""Of Levin's evaluation: pixels that are not compared at each edge, the greatest shift, steps of a quarter pixel."""


def register(moving: Floats, fixed: Floats) -> tuple[Floats, Floats]:
    """Register an image to another as RealBlur's evaluation does: scaled in brightness, then moved by a homography.

    The homography maximises the enhanced correlation coefficient (Evangelidis and Psarakis, PAMI 2008) by OpenCV.

    Args:
        moving: (H, W, 3) in [0, 1].
        fixed: (H, W, 3) in [0, 1].

    Returns:
        ``moving`` as it is moved, 0 where nothing of it lies; and 1 inside of it, 0 outside, both (H, W, 3).

    Raises:
        UserError: the two cannot be registered: one of them is uniform, or they have nothing in common.
    """
    height, width = fixed.shape[:2]
    power = float((moving * moving).sum())
    moving = (np.float32(float((fixed * moving).sum()) / power) * moving) if power else moving
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ECC_STEPS, 0)
    first, second = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (fixed, moving))
    start, everywhere = np.eye(3, dtype=np.float32), np.ones((height, width), dtype=np.uint8)
    try:
        _, warp = cv2.findTransformECC(first, second, start, cv2.MOTION_HOMOGRAPHY, criteria, everywhere, ECC_FILTER)
    except cv2.error as error:
        raise UserError("the images cannot be registered: they have no detail, or nothing in common.") from error
    inverse = cv2.WARP_INVERSE_MAP
    size = (width, height)
    moved = cv2.warpPerspective(moving, warp, size, flags=cv2.INTER_CUBIC | inverse, borderMode=cv2.BORDER_REFLECT)
    ones = np.ones_like(moving)
    kept = cv2.warpPerspective(ones, warp, size, flags=cv2.INTER_NEAREST | inverse, borderMode=cv2.BORDER_CONSTANT)
    inside = np.asarray(kept, dtype=np.float32)
    return np.asarray(moved, dtype=np.float32) * inside, inside


def align_by_shift(moving: Tensor, fixed: Tensor) -> tuple[Tensor, Tensor]:
    """Cut 15 pixels off each edge, and shift each image of ``moving`` to where its squared error is least.

    Shifts go up to 5 pixels in steps of a quarter, with bilinear interpolation, as in the code of Levin, Weiss, Durand
    and Freeman, "Understanding and evaluating blind deconvolution algorithms" (CVPR 2009).

    Args:
        moving: (B, C, H, W) in [0, 1].
        fixed: (B, C, H, W) in [0, 1], larger than 30 pixels a side.

    Returns:
        Both, (B, C, H - 30, W - 30), float64.

    Raises:
        UserError: the images are too small.
    """
    height, width = (side - 2 * SHIFT_BORDER for side in fixed.shape[-2:])
    if min(height, width) < 1:
        size = f"{fixed.shape[-2]}x{fixed.shape[-1]}"
        raise UserError(f"Images of {size} pixels are too small: give more than {2 * SHIFT_BORDER} a side.")
    edge = SHIFT_BORDER - MOST_SHIFT
    moving = moving.double()[..., edge:-edge, edge:-edge]
    fixed = fixed.double()[..., SHIFT_BORDER:-SHIFT_BORDER, SHIFT_BORDER:-SHIFT_BORDER]
    errors = _errors_by_shift(moving, fixed)
    best = errors.flatten(1).argmin(dim=1).tolist()
    shifts = [[place / SHIFTS_PER_PIXEL for place in divmod(number, errors.shape[-1])] for number in best]
    pairs = zip(moving[:, None], shifts, strict=True)
    moved = [_shifted(_shifted(image, down, height, -2), right, width, -1) for image, (down, right) in pairs]
    return torch.cat(moved), fixed


def _errors_by_shift(moving: Tensor, fixed: Tensor) -> Tensor:
    """(B, 41, 41): sums of squared differences at shifts from -5 to 5 pixels down and to the right.

    For each of the 16 fractions of a pixel the image is interpolated once. The errors at all whole shifts of it follow
    from a correlation, by a Fourier transform, and from sums of its squares over rectangles.
    """
    height, width = fixed.shape[-2:]
    steps = 2 * MOST_SHIFT * SHIFTS_PER_PIXEL + 1
    errors = fixed.new_empty(len(fixed), steps, steps)
    for down, right in product(range(SHIFTS_PER_PIXEL), repeat=2):
        rows = _shifted(moving, down / SHIFTS_PER_PIXEL, moving.shape[-2] - (down > 0), -2)
        image = _shifted(rows, right / SHIFTS_PER_PIXEL, moving.shape[-1] - (right > 0), -1)
        size = image.shape[-2:]
        spectrum = torch.fft.rfft2(image) * torch.fft.rfft2(fixed, s=size).conj()
        products = torch.fft.irfft2(spectrum, s=size)[..., : size[0] - height + 1, : size[1] - width + 1]
        squares = functional.pad(image.square().cumsum(-1).cumsum(-2), (1, 0, 1, 0))
        sums = squares[..., height:, width:] + squares[..., :-height, :-width]
        sums = sums - squares[..., height:, :-width] - squares[..., :-height, width:]
        found = (sums - 2 * products).sum(dim=1) + fixed.square().sum(dim=(1, 2, 3))[:, None, None]
        errors[:, down::SHIFTS_PER_PIXEL, right::SHIFTS_PER_PIXEL] = found
    return errors


def _shifted(images: Tensor, start: float, length: int, dim: int) -> Tensor:
    """``length`` pixels along ``dim`` from ``start`` on, interpolated between two."""
    whole, part = int(start), start % 1
    first = images.narrow(dim, whole, length)
    return first if not part else torch.lerp(first, images.narrow(dim, whole + 1, length), part)
