"""Restoring an image from Python, of whatever kind it is."""

from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import eight_bits
from deblur_lightning.restoring.model import Model, load_model
from deblur_lightning.restoring.photos import pixels_of, read_photo
from deblur_lightning.restoring.restorer import PhotoRestorer
from deblur_lightning.restoring.tiles import Pixels

Given = TypeVar("Given", Image.Image, NDArray[Any], Tensor)

LEVELS = 65535
"""Values in [0, 1] are restored as 16-bit ones."""


@overload
def restore(
    image: str | Path,
    model: Model | str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    tile: int | None = None,
    averaged: bool = False,
    fast: bool = False,
) -> Image.Image: ...


@overload
def restore(
    image: Given,
    model: Model | str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    tile: int | None = None,
    averaged: bool = False,
    fast: bool = False,
) -> Given: ...


def restore(
    image: str | Path | Image.Image | NDArray[Any] | Tensor,
    model: Model | str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    tile: int | None = None,
    averaged: bool = False,
    fast: bool = False,
) -> Any:
    """Restore a blurred image as ``deblur restore`` does, without being told what blurred it.

    Args:
        image: the path of an image file, of whose frames the first is taken; a PIL image; an array (H, W) or (H, W, C),
            C = 1, 3 or 4 with transparency; or a tensor (C, H, W) or (B, C, H, W), C = 1 or 3. Arrays and tensors hold
            uint8, uint16 or floating point in [0, 1].
        model: from ``load_model``, or the path of a checkpoint or .safetensors file; None is the shipped model.
        device: where the network runs; None takes a GPU where there is one.
        tile: side in pixels of the tiles that a large image is cut into; None chooses.
        averaged: whether to restore eight flipped and turned versions and take their mean: slower, a little better.
        fast: whether to leave out the estimate of one PSF for the whole image.

    Returns:
        The restored image: of the same kind, shape, type and device. A path gives a PIL image, upright, of 8 bits
        where the file has colours of 16; ``deblur restore`` writes those as they are.

    Raises:
        UserError: the file cannot be read, or the image is of no kind or range named above.

    Examples:
        >>> import numpy as np
        >>> import deblur_lightning as dl
        >>> blurred = np.full((32, 48, 3), 200, dtype=np.uint8)
        >>> restored = dl.restore(blurred)
        >>> restored.shape, restored.dtype
        ((32, 48, 3), dtype('uint8'))
    """
    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    restorer = PhotoRestorer(_model(model), where, tile, averaged, fast)
    if isinstance(image, str | Path):
        photo = read_photo(Path(image).expanduser(), frame=0)
        return _as_image(restorer.restore(photo.pixels), photo.alpha, photo.settings)
    if isinstance(image, Image.Image):
        try:
            pixels, alpha = pixels_of(ImageOps.exif_transpose(image))
        except ValueError as error:
            raise UserError(f"restore: image has mode {image.mode}, and {error}: give 8 or 16 bits.") from error
        return _as_image(restorer.restore(pixels), alpha, {"icc_profile": image.info.get("icc_profile")})
    if isinstance(image, Tensor):
        return _tensor(image, restorer)
    if isinstance(image, np.ndarray):
        return _array(image, restorer)
    raise UserError(f"restore: image is a {type(image).__name__}: give a path, a PIL image, an array or a tensor.")


def _model(model: Model | str | Path | None) -> Model:
    if isinstance(model, Model):
        return model
    return _shipped_model() if model is None else load_model(Path(model).expanduser())


@lru_cache(maxsize=1)
def _shipped_model() -> Model:
    return load_model()


def _tensor(image: Tensor, restorer: PhotoRestorer) -> Tensor:
    if image.ndim not in (3, 4) or image.shape[-3] not in (1, 3):
        raise UserError(
            f"restore: image has the shape {tuple(image.shape)}: give (C, H, W) or (B, C, H, W), C = 1 or 3."
        )
    arrays = image.detach().cpu().movedim(-3, -1)
    array = (arrays.float() if arrays.dtype == torch.bfloat16 else arrays).numpy()
    images = array if image.ndim == 4 else array[None]
    restored = np.stack([_array(one, restorer) for one in images])
    result = torch.from_numpy(restored if image.ndim == 4 else restored[0])
    return result.movedim(-1, -3).contiguous().to(image)


def _array(image: NDArray[Any], restorer: PhotoRestorer) -> NDArray[Any]:
    pixels = image[..., None] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or not pixels.size:
        raise UserError(f"restore: image has the shape {image.shape}: give (H, W) or (H, W, C), C = 1, 3 or 4.")
    if image.dtype not in (np.uint8, np.uint16):
        return _in_unit_range(pixels, restorer).astype(image.dtype).reshape(image.shape)
    colours = pixels[..., :3]
    restored = restorer.restore(np.ascontiguousarray(colours))
    return np.concatenate([restored, pixels[..., 3:]], axis=2).reshape(image.shape)


def _in_unit_range(pixels: NDArray[Any], restorer: PhotoRestorer) -> NDArray[Any]:
    if not np.issubdtype(pixels.dtype, np.floating):
        raise UserError(f"restore: image holds {pixels.dtype}: give uint8, uint16 or floating point in [0, 1].")
    if not (pixels.min() >= 0 and pixels.max() <= 1):
        raise UserError(f"restore: image goes from {pixels.min():g} to {pixels.max():g}: give values from 0 to 1.")
    levels = np.round(pixels.astype(np.float64) * LEVELS).astype(np.uint16)
    restored = _array(levels, restorer)
    # what the network leaves alone comes back as it was given
    return np.where(restored == levels, pixels, restored / np.float64(LEVELS))


def _as_image(pixels: Pixels, alpha: NDArray[np.unsignedinteger[Any]] | None, settings: dict[str, Any]) -> Image.Image:
    if pixels.dtype == np.uint16 and (pixels.shape[2] > 1 or alpha is not None):
        pixels, alpha = eight_bits(pixels), None if alpha is None else eight_bits(alpha)
    whole = pixels if alpha is None else np.concatenate([pixels, alpha[..., None]], axis=2)
    mode = "CMYK" if alpha is None and pixels.shape[2] == 4 else None
    flat = whole[..., 0] if whole.shape[2] == 1 else whole
    image = Image.frombytes("CMYK", flat.shape[1::-1], flat.tobytes()) if mode else Image.fromarray(flat)
    image.info |= {name: settings[name] for name in ("icc_profile", "exif", "dpi") if settings.get(name)}
    return image
