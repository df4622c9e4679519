"""deblur restore on every kind of file at once: size, mode, depth, transparency, profile and orientation come back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from deblur_lightning.restoring.encoding import encode
from deblur_lightning.restoring.photos import Photo, read_photo
from tests.helpers.models import random_pixels, write_model

ORIENTATION = 0x0112
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
Deblur = Callable[..., tuple[int, str, str]]


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of every kind of file, 30 pixels wide and 20 high, those with EXIF lying on their side."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model.safetensors")
    folder = tmp_path / "kinds"
    folder.mkdir()
    exif = Image.Exif()
    exif[ORIENTATION] = 8
    rgb, rgba, grey = (Image.fromarray(random_pixels(20, 30, channels).squeeze()) for channels in (3, 4, 1))
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        settings = {"exif": exif.tobytes(), "icc_profile": PROFILE, "dpi": (300, 300)}
        rgb.transpose(Image.Transpose.ROTATE_270).save(folder / f"turned{suffix}", **settings)
    for suffix in (".png", ".webp", ".tif"):
        rgba.save(folder / f"alpha{suffix}")
    for suffix in (".jpg", ".png", ".tif", ".bmp"):
        grey.save(folder / f"grey{suffix}")
    for suffix in (".jpg", ".tif"):
        rgb.convert("CMYK").save(folder / f"inks{suffix}")
    for suffix in (".png", ".gif", ".bmp"):
        rgb.quantize(16).save(folder / f"palette{suffix}")
    for suffix, name in ((".png", "PNG"), (".tif", "TIFF")):
        deep = Photo(random_pixels(20, 30, 3, np.uint16), None, name, {})
        (folder / f"deep{suffix}").write_bytes(encode(deep))
        Image.fromarray(random_pixels(20, 30, 1, np.uint16)[..., 0]).save(folder / f"deepgrey{suffix}")
    return folder


def test_every_kind_of_file_comes_back_as_it_was(kinds: Path, deblur: Deblur) -> None:
    (kinds / "bad.webp").write_bytes(b"RIFF")
    code, _, complained = deblur("restore", "kinds", "--ckpt", "model.safetensors", "--out", "out")
    assert code == 1
    assert sum("bad.webp" in line for line in complained.splitlines()) == 1
    for path in sorted(kinds.iterdir()):
        if path.stem == "bad":
            continue
        restored = Path("out", path.name + ".png" * (path.suffix == ".gif"))
        before, after = read_photo(path), read_photo(restored)
        assert after.pixels.shape == before.pixels.shape, path
        assert after.pixels.shape[:2] == (20, 30)
        assert after.pixels.dtype == before.pixels.dtype == (np.uint16 if "deep" in path.stem else np.uint8)
        assert (after.format, after.settings.get("icc_profile")) == (before.format, before.settings.get("icc_profile"))
        assert ("icc_profile" in after.settings) == (path.stem == "turned")
        assert (after.alpha is not None) == (path.stem == "alpha")
        assert after.alpha is None or np.array_equal(after.alpha, before.alpha)  # type: ignore[arg-type]
        with Image.open(restored) as image:
            assert image.getexif().get(ORIENTATION, 1) == 1
            assert image.size == (30, 20)
