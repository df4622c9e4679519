"""What cameras write and Pillow does not read: HEIC by pillow-heif and raw by rawpy, the packages of extra "photos"."""

from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from deblur_lightning.errors import UserError

HEIF_SUFFIXES = (".heic", ".heif", ".hif")
RAW_SUFFIXES = (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2")
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
FRAMES = "ffmpeg -i VIDEO frames/%05d.png takes it apart, ffmpeg -framerate 30 -i restored/%05d.png VIDEO joins it"


def let_pillow_read(path: str | Path) -> None:
    """Let Pillow read HEIC, where ``path`` is such a file by its name.

    Raises:
        UserError: pillow-heif is not installed.
    """
    if Path(path).suffix.lower() in HEIF_SUFFIXES:
        try:
            _register_heif()
        except ImportError as error:
            raise _missing(path, "HEIC") from error


def is_raw(path: str | Path) -> bool:
    """Whether ``path`` is a camera's raw file by its name."""
    return Path(path).suffix.lower() in RAW_SUFFIXES


def raw_size(path: str | Path) -> tuple[int, int]:
    """Height and width in pixels of what ``read_raw`` returns.

    Raises:
        UserError: as ``read_raw``.
    """
    rawpy = _rawpy(path)
    try:
        with rawpy.imread(str(path)) as raw:
            sizes = raw.sizes
    except Exception as error:  # LibRaw's errors have no common base but this
        raise _unreadable(path, error) from error
    return (sizes.width, sizes.height) if sizes.flip in (5, 6) else (sizes.height, sizes.width)


def read_raw(path: str | Path) -> NDArray[np.uint16]:
    """Develop a raw file as LibRaw does by default, with the camera's white balance: (H, W, 3), upright.

    Raises:
        UserError: rawpy is not installed, or the file is damaged or of an unknown camera.
    """
    rawpy = _rawpy(path)
    try:
        with rawpy.imread(str(path)) as raw:
            developed: NDArray[np.uint16] = raw.postprocess(output_bps=16, use_camera_wb=True)
            return developed
    except Exception as error:
        raise _unreadable(path, error) from error


@cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _rawpy(path: str | Path) -> ModuleType:
    try:
        import rawpy
    except ImportError as error:
        raise _missing(path, "raw") from error
    module: ModuleType = rawpy
    return module


def _missing(path: str | Path, kind: str) -> UserError:
    return UserError(f"{path} is a {kind} photo, which needs another package: pip install 'deblur_lightning[photos]'")


def _unreadable(path: str | Path, error: Exception) -> UserError:
    if not Path(path).exists():
        return UserError(f"{path} does not exist; check its path")
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(f"cannot develop {path} ({reason}); get a sound copy, or export it as TIFF")
