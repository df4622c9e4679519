"""The photographs that scikit-image installs: real images without a download."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import final

from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.images import image_size, read_rgb
from deblur_lightning.sources.base import SharpImages, Source, Split

# By name, so that no later edit moves a picture; both views of the motorcycle share a split.
PHOTOS: dict[Split, tuple[str, ...]] = {
    "train": (
        "astronaut.png",
        "motorcycle_left.png",
        "motorcycle_right.png",
        "brick.png",
        "moon.png",
        "ihc.png",
        "hubble_deep_field.jpg",
        "retina.jpg",
        "page.png",
        "text.png",
        "cell.png",
    ),
    "val": ("rocket.jpg", "grass.png"),
    "test": ("camera.png", "chelsea.png", "coins.png", "coffee.png", "gravel.png"),
}
"""Which file belongs to which split."""


@final
class Photos(Source):
    """Eighteen photographs of 172 to 1411 pixels a side, split by name; in grey ones the three channels are equal."""

    def split(self, split: Split) -> SharpImages:
        """The photographs of ``split``.

        Raises:
            UserError: the installed scikit-image lacks one of them.
        """
        for name in PHOTOS[split]:
            if not _path(name).is_file():
                cure = "install scikit-image 0.26 or later from its wheel"
                raise UserError(f"Photos: scikit-image's data folder lacks {name}: {cure}.")
        return _PhotoImages(PHOTOS[split])


@final
class _PhotoImages(SharpImages):
    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def __len__(self) -> int:
        return len(self._names)

    def pixels(self, index: int, visit: int = 0) -> Tensor:
        # A copy: the kept photograph must not change when a caller writes into what it was given.
        return _decode(_path(self._names[index])).clone()

    def crop(self, index: int, visit: int, rows: slice, columns: slice) -> Tensor:
        return _decode(_path(self._names[index]))[:, rows, columns].clone()

    def name(self, index: int) -> str:
        return self._names[index]

    def size(self, index: int) -> tuple[int, int]:
        return _size(_path(self._names[index]))


def _path(name: str) -> Path:
    return Path(str(resources.files("skimage"))) / "data" / name


@cache
def _decode(path: Path) -> Tensor:
    return read_rgb(path)


@cache
def _size(path: Path) -> tuple[int, int]:
    return image_size(path)
