"""Blur by PSFs that are read from files."""

import math
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from deblur_lightning.degradations.blur import Blur
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.files.images import refuse_irregular
from deblur_lightning.functional.convolution import Border
from deblur_lightning.functional.psf import normalise, pad_psf, tap_offsets


class MeasuredBlur(Blur):
    """Convolution with one of the given PSFs, chosen at random for each sample.

    A PSF is the image of a point of light. Published kernels that were made for correlation, such as Levin's .mat
    files, must be turned by 180 degrees first.

    Args:
        files: .npy (one PSF, or several along the first axis), .npz (all its arrays), .png (grey values as weights).
            Each PSF is scaled to sum 1; an even side gets a row or column of zeros behind it.
        centred: whether to shift each PSF by whole pixels, so that its centre of mass is the middle tap and restored
            images are aligned with sharp ones; otherwise it stays as in the file.
        border: what lies beyond the image's edges.

    Raises:
        UserError: no file, a file that cannot be read, or an array that is no PSF.
    """

    def __init__(self, files: list[str | Path], centred: bool = False, border: Border = "reflect") -> None:
        if not files:
            raise UserError("MeasuredBlur files=[]: give one .npy, .npz or .png file or more.")
        psfs = [_square(array) for file in files for array in read_psfs(file)]
        if centred:
            psfs = [_recentre(psf) for psf in psfs]
        size = max(psf.shape[-1] for psf in psfs)
        super().__init__(size, border)
        self.files = files
        self.centred = centred
        self.measured = torch.cat([pad_psf(psf, size) for psf in psfs])  # no buffer: PSFs are made on the host

    def psf(self, draws: Draws) -> Tensor:
        choice = draws.integers("measured.choice", 0, len(self.measured) - 1)
        return self.measured.to(choice.device)[choice]


def read_psfs(path: str | Path) -> list[np.ndarray]:
    """The PSFs in a file, each (I, J) float64, not scaled.

    Raises:
        UserError: the file cannot be read, or holds an array that is no PSF.
    """
    refuse_irregular(Path(path).expanduser())
    try:
        arrays = _arrays(Path(path).expanduser())
    except (OSError, ValueError, EOFError, SyntaxError, MemoryError, BadZipFile) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"cannot read a PSF from {path} ({reason}): give a .npy, .npz or .png file.") from error
    for array in arrays:
        if array.ndim != 2 or array.dtype.kind not in "fiub":
            raise UserError(
                f"{path} holds an array of shape {array.shape} and type {array.dtype}: give a matrix of numbers."
            )
        if not (np.isfinite(array).all() and (array >= 0).all() and array.sum() > 0):
            raise UserError(f"{path} holds no PSF: give values that are finite, not negative, and not all zero.")
    return [array.astype(np.float64) for array in arrays]


def _arrays(path: Path) -> list[np.ndarray]:
    if path.suffix.lower() == ".png":
        with Image.open(path) as image:
            return [np.asarray(image if image.mode.startswith("I") else image.convert("L"))]
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return list(loaded) if loaded.ndim == 3 else [loaded]
    with loaded:
        return [loaded[name] for name in loaded.files]


def _square(array: np.ndarray) -> Tensor:
    """As (1, K, K) float32 of sum 1, K odd, the middle of the array on the middle tap."""
    psf = torch.from_numpy(array)
    side = max(psf.shape) | 1
    square = psf.new_zeros(1, side, side)
    # of an even side, the second of the two middle taps is the middle, as in scipy.ndimage
    top, left = (side // 2 - length // 2 for length in psf.shape)
    square[0, top : top + psf.shape[0], left : left + psf.shape[1]] = psf
    return normalise(square)


def _recentre(psf: Tensor) -> Tensor:
    """Shift (1, K, K) by whole pixels, padded so that nothing is lost."""
    offset = tap_offsets(psf.shape[-1])
    down, right = (_nearest(float((psf[0].double().sum(dim) * offset).sum())) for dim in (1, 0))
    room = 2 * max(abs(down), abs(right))
    return pad_psf(psf, psf.shape[-1] + room).roll((-down, -right), dims=(1, 2))


def _nearest(centre: float) -> int:
    """The nearest whole number; of two, the one nearer to 0, whatever the last bits of ``centre`` say."""
    return int(math.copysign(math.ceil(abs(centre) - 0.5 - 1e-6), centre))
