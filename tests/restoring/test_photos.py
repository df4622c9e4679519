"""Every kind of file: read, and written again as the kind that it was, nothing lost but what cannot be held."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

from deblur_lightning.errors import UserError
from deblur_lightning.restoring.encoding import encode
from deblur_lightning.restoring.photos import Photo, read_photo
from tests.helpers.models import random_pixels

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright photo is stored, by the EXIF orientation that says so."""

SIZES = [(1, 1), (3, 50), (51, 53)]


def again(path: Path, photo: Photo) -> Path:
    copy = path.with_name(f"again{path.suffix}")
    copy.write_bytes(encode(photo))
    return copy


def write(path: Path, mode: str, size: tuple[int, int] = (31, 42), **settings: Any) -> np.ndarray:
    channels = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    array = random_pixels(*size, channels)
    if mode == "1":
        image = Image.fromarray(array[..., 0]).convert("1")
    elif mode == "CMYK":
        image = Image.frombytes("CMYK", size[::-1], array.tobytes())
    else:
        image = Image.fromarray(array[..., 0] if channels == 1 else array)
    image.save(path, **settings)
    return np.asarray(Image.open(path))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *((suffix, mode) for suffix in (".png", ".tif") for mode in ("L", "LA", "RGB", "RGBA")),
        *((".webp", mode) for mode in ("RGB", "RGBA")),
        (".tif", "CMYK"),
        (".bmp", "L"),
        (".bmp", "RGB"),
        (".ppm", "RGB"),
        (".pgm", "L"),
        (".tga", "RGB"),
    ],
)
def test_lossless_files_come_back_to_the_byte(suffix: str, mode: str, size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / f"photo{suffix}"
    before = write(path, mode, size, **({"lossless": True} if suffix == ".webp" else {}))
    photo = read_photo(path)
    assert photo.pixels.shape[2] == {"L": 1, "LA": 1, "CMYK": 4}.get(mode, 3)
    assert (photo.alpha is not None) == (mode in ("LA", "RGBA"))
    with Image.open(again(path, photo)) as after:
        assert (after.format, after.mode) == (Image.open(path).format, Image.open(path).mode)
        assert np.array_equal(np.asarray(after), before)


def test_a_bmp_keeps_its_alpha(tmp_path: Path) -> None:
    array = random_pixels(13, 17, 4)
    path = tmp_path / "photo.bmp"
    path.write_bytes(encode(Photo(array[..., :3], array[..., 3], "BMP", {"dpi": (96, 96)})))
    with Image.open(path) as image:
        assert image.mode == "RGBA"
        assert image.info["dpi"] == pytest.approx((96, 96), abs=0.1)
        assert np.array_equal(np.asarray(image), array)
    assert again(path, read_photo(path)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize(("quality", "subsampling"), [(60, 2), (95, 0)])
def test_a_jpeg_is_compressed_as_it_was(mode: str, quality: int, subsampling: int, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    options = {"subsampling": subsampling} if mode == "RGB" else {}
    before = write(path, mode, (64, 80), quality=quality, progressive=True, **options)
    copy = again(path, read_photo(path))
    with Image.open(path) as one, Image.open(copy) as other:
        assert one.quantization == other.quantization  # type: ignore[attr-defined]
        assert other.mode == mode
        assert other.info["progressive"]
        assert one.layer == other.layer  # type: ignore[attr-defined]
        assert np.abs(np.asarray(other).astype(int) - before).max() <= 4
    assert copy.stat().st_size == pytest.approx(path.stat().st_size, rel=0.05)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_come_back(suffix: str, channels: int, tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 65536, (13, 17, channels), dtype=np.uint16)
    path = tmp_path / f"photo{suffix}"
    alpha = None if channels < 4 else array[..., 3]
    original = Photo(
        array[..., : min(channels, 3)], alpha, {".png": "PNG", ".tif": "TIFF"}[suffix], {"dpi": (300, 300)}
    )
    path.write_bytes(encode(original))
    if suffix == ".tif":
        assert np.array_equal(tifffile.imread(path), array.squeeze())
    photo = read_photo(path)
    assert photo.pixels.dtype == np.uint16
    assert np.array_equal(photo.pixels, original.pixels)
    assert (photo.alpha is None) if alpha is None else np.array_equal(photo.alpha, alpha)  # type: ignore[arg-type]
    assert photo.settings["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert again(path, photo).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_16_bit_tiffs_of_either_byte_order(byteorder: str, compression: str | None, tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 65536, (13, 17, 3), dtype=np.uint16)
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, array, photometric="rgb", byteorder=byteorder, compression=compression)
    assert np.array_equal(read_photo(path).pixels, array)


def test_palettes_become_rgb_and_keep_their_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(random_pixels(20, 30, 3)).quantize(16)
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "clear.png", transparency=3)
    plain, clear = read_photo(tmp_path / "plain.png"), read_photo(tmp_path / "clear.png")
    assert np.array_equal(plain.pixels, np.asarray(image.convert("RGB")))
    assert plain.alpha is None
    assert clear.alpha is not None
    assert set(np.unique(clear.alpha)) == {0, 255}


def test_bilevel_becomes_grey(tmp_path: Path) -> None:
    write(tmp_path / "photo.png", "1")
    photo = read_photo(tmp_path / "photo.png")
    assert photo.pixels.shape == (31, 42, 1)
    assert set(np.unique(photo.pixels)) == {0, 255}


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_profile_exif_and_resolution_are_kept_and_rotation_is_applied_once(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"  # orientation: on its side
    exif.get_ifd(0x8769)[0x829A] = IFDRational(1, 250)  # exposure time
    exif.get_ifd(0x8825)[1] = "N"
    path = tmp_path / f"photo{suffix}"
    write(path, "RGB", (40, 60), exif=exif.tobytes(), icc_profile=PROFILE, dpi=(300, 300))
    photo = read_photo(path)
    assert photo.pixels.shape == (60, 40, 3)
    with Image.open(again(path, photo)) as after:
        assert after.size == (40, 60)
        assert after.info["icc_profile"] == PROFILE
        kept = after.getexif()
        assert kept.get(0x0112, 1) == 1
        assert kept[0x010F] == "Maker"
        assert float(kept.get_ifd(0x8769)[0x829A]) == pytest.approx(1 / 250)
        assert kept.get_ifd(0x8825)[1] == "N"
        if suffix != ".webp":
            assert after.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_are_applied(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = Image.fromarray(random_pixels(9, 14, 3))
    stored = upright if orientation == 1 else upright.transpose(UNDO[orientation])
    stored.save(tmp_path / "photo.png", exif=exif.tobytes())
    assert np.array_equal(read_photo(tmp_path / "photo.png").pixels, np.asarray(upright))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_colours_keep_profile_and_maker(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    settings = {"icc_profile": PROFILE, "exif": exif.tobytes()}
    path = tmp_path / f"photo{suffix}"
    path.write_bytes(
        encode(Photo(random_pixels(5, 6, 3, np.uint16), None, {".png": "PNG", ".tif": "TIFF"}[suffix], settings))
    )
    with Image.open(path) as image:
        assert image.info["icc_profile"] == PROFILE
        assert image.getexif()[0x010F] == "Maker"


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_is_lossless_if_it_was(lossless: bool, tmp_path: Path) -> None:
    path = tmp_path / "photo.webp"
    write(path, "RGB", lossless=lossless, icc_profile=PROFILE)
    assert read_photo(path).settings.get("lossless", False) == lossless


def test_tiff_compression_is_kept(tmp_path: Path) -> None:
    for given, kept in {"raw": "raw", "tiff_lzw": "tiff_lzw", "jpeg": "tiff_adobe_deflate"}.items():
        write(tmp_path / "photo.tif", "RGB", compression=given)
        assert read_photo(tmp_path / "photo.tif").settings["compression"] == kept


def test_animations_are_refused_or_give_their_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "photo.gif"
    frames = [Image.fromarray(random_pixels(20, 30, 3) // divisor) for divisor in (1, 2)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.raises(UserError, match=r"photo\.gif has 2 frames: --frames=first restores the first"):
        read_photo(path)
    photo = read_photo(path, frame=0)
    assert photo.format == "PNG"
    assert np.abs(photo.pixels.astype(int) - random_pixels(20, 30, 3)).mean() < 12


def test_a_phone_s_jpeg_with_a_second_picture_is_a_photo(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    first, second = Image.fromarray(random_pixels(20, 30, 3)), Image.fromarray(random_pixels(10, 15, 3))
    first.save(path, format="MPO", save_all=True, append_images=[second])
    photo = read_photo(path)
    assert photo.format == "JPEG"
    assert photo.pixels.shape == (20, 30, 3)


@pytest.mark.parametrize("kind", ["real numbers", "32 bits", "cut off"])
def test_what_cannot_be_read_is_refused_in_a_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    if kind == "cut off":
        write(path, "RGB")
        path.write_bytes(path.read_bytes()[:1000])
    else:
        Image.fromarray(np.full((4, 4), 1e6, np.float32 if kind == "real numbers" else np.int32)).save(path)
    with pytest.raises(UserError) as error:
        read_photo(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
