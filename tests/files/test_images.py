"""Reading images of every kind as they are meant to be seen, and writing files whole or not at all."""

import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from deblur_lightning.errors import UserError
from deblur_lightning.files import images
from deblur_lightning.files.images import image_size, read_rgb, write_png
from deblur_lightning.files.writing import write_atomically

RAMP = np.arange(6 * 10 * 3, dtype=np.uint8).reshape(6, 10, 3)


def one_line(error: pytest.ExceptionInfo[UserError], *words: object) -> None:
    """The message is a single line that holds each of ``words``."""
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert str(word) in message


def test_png_round_trip(tmp_path: Path) -> None:
    image = torch.randint(0, 256, (3, 17, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    write_png(tmp_path / "a.png", image)
    assert torch.equal(read_rgb(tmp_path / "a.png"), image)
    assert image_size(tmp_path / "a.png") == (17, 5)


def test_grey_png_is_read_as_three_equal_channels(tmp_path: Path) -> None:
    image = torch.arange(12, dtype=torch.uint8).reshape(1, 3, 4)
    write_png(tmp_path / "a.png", image)
    with Image.open(tmp_path / "a.png") as file:
        assert file.mode == "L"
    assert torch.equal(read_rgb(tmp_path / "a.png"), image.expand(3, 3, 4))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path: Path, suffix: str, mode: str, orientation: int) -> None:
    """A bright corner lands where the EXIF standard puts it, and the header alone tells the size."""
    stored = np.zeros((16, 48, 3), dtype=np.uint8)
    stored[:8, :8] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path = tmp_path / f"a{suffix}"
    Image.fromarray(stored).convert(mode).save(path, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    image = read_rgb(path)
    size = (16, 48) if orientation < 5 else (48, 16)
    assert image_size(path) == size == tuple(image.shape[1:])
    bottom, right = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    assert image[0, -4 if bottom else 4, -4 if right else 4] > 200
    assert image.float().mean() < 255 * 0.15


def test_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (4, 3), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    red, green, blue = read_rgb(tmp_path / "a.jpg")[:, 1, 1].tolist()
    assert red > 240
    assert green < 15
    assert blue < 15


def test_palette(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([1, 0])
    image.save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png")[:, 0].T.tolist() == [[200, 100, 50], [10, 20, 30]]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_lie_over_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (40, 40, 40, 255))
    image.convert(mode).save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png")[:, 0].T.tolist() == [[255] * 3, [40] * 3]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_is_scaled_not_cut_off(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 128, 129, 257, 32896, 65535]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / f"a{suffix}")
    assert read_rgb(tmp_path / f"a{suffix}")[:, 0].tolist() == [[0, 0, 1, 1, 128, 255]] * 3


@pytest.mark.parametrize("values", [np.float32([[0.5]]), np.int32([[70000]]), np.int32([[-1]])])
def test_values_of_unknown_range_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(UserError) as error:
        read_rgb(tmp_path / "a.tif")
    one_line(error, tmp_path / "a.tif", "16-bit")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated_file_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UserError) as error:
        read_rgb(path)
    one_line(error, path, "sound copy")
    assert image_size(path) == (64, 64)


@pytest.mark.parametrize("read", [read_rgb, image_size])
@pytest.mark.parametrize("data", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\0"])
def test_what_is_no_image_is_refused(tmp_path: Path, read, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(UserError) as error:
        read(tmp_path / "a.png")
    one_line(error, tmp_path / "a.png", "remove it")


@pytest.mark.parametrize("read", [read_rgb, image_size])
def test_missing_file_and_folder_are_refused(tmp_path: Path, read) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path / "none.png")
    one_line(error, tmp_path / "none.png", "does not exist")
    with pytest.raises(UserError) as error:
        read(tmp_path)
    one_line(error, tmp_path, "directory")


@pytest.mark.parametrize("read", [read_rgb, image_size])
def test_a_pipe_and_a_device_are_refused_and_never_opened(tmp_path: Path, read) -> None:
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to("/dev/zero")
    for name, kind in (("a.png", "named pipe"), ("b.png", "device")):
        with pytest.raises(UserError) as error:
            read(tmp_path / name)
        one_line(error, tmp_path / name, f"is a {kind}", "give an image file")


@pytest.mark.parametrize("read", [read_rgb, image_size])
def test_pixel_limit(tmp_path: Path, read, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    monkeypatch.setattr(images, "MAX_PIXELS", 60)
    read(tmp_path / "a.png")
    monkeypatch.setattr(images, "MAX_PIXELS", 59)
    with pytest.raises(UserError) as error:
        read(tmp_path / "a.png")
    one_line(error, tmp_path / "a.png", "10 x 6", "scale it down")


def test_want_of_memory_is_not_the_file_s_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> None:
        raise MemoryError

    Image.fromarray(RAMP).save(tmp_path / "a.png")
    monkeypatch.setattr(images, "_to_rgb", short)
    with pytest.raises(UserError) as error:
        read_rgb(tmp_path / "a.png")
    one_line(error, "the memory does not hold", tmp_path / "a.png")


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_bomb_is_refused_without_unpacking(tmp_path: Path, side: int) -> None:
    """Beyond our limit but below Pillow's, and beyond both; the header alone promises the size."""
    header = f"P6 {side} {side} 255\n".encode()
    (tmp_path / "a.ppm").write_bytes(header)
    with pytest.raises(UserError) as error:
        read_rgb(tmp_path / "a.ppm")
    one_line(error, tmp_path / "a.ppm", "pixels")


@pytest.mark.parametrize(
    "image",
    [torch.zeros(3, 4, 4), torch.zeros(4, 4, dtype=torch.uint8), torch.zeros(2, 4, 4, dtype=torch.uint8)],
)
def test_write_png_refuses_what_is_no_8_bit_image(tmp_path: Path, image: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=re.escape(str(tuple(image.shape)))):
        write_png(tmp_path / "a.png", image)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failed_write_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise failure

    target = tmp_path / "scores.csv"
    write_atomically(target, b"old")
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(UserError if isinstance(failure, OSError) else KeyboardInterrupt) as error:
        write_atomically(target, b"new")
    monkeypatch.undo()
    if isinstance(failure, OSError):
        one_line(error, target, "No space left on device", "room")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_content_is_on_disk_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (steps.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda a, b: (steps.append("replace"), replace(a, b)))
    write_atomically(tmp_path / "a", b"new")
    assert steps == ["fsync", "replace"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_write_into_a_missing_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("none", "file"):
        with pytest.raises(UserError) as error:
            write_atomically(tmp_path / folder / "a.csv", b"")
        one_line(error, tmp_path / folder / "a.csv", "folder exists")


def test_a_new_file_never_takes_the_place_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for links in (True, False):
        folder = tmp_path / str(links)
        folder.mkdir()
        if not links:  # as on FAT
            monkeypatch.setattr(os, "link", refused)
        assert write_atomically(folder / "a", b"first", replace=False)
        assert not write_atomically(folder / "a", b"second", replace=False)
        assert (folder / "a").read_bytes() == b"first"
        assert os.listdir(folder) == ["a"]


def test_of_many_that_write_a_new_file_at_once_one_does(tmp_path: Path) -> None:
    barrier = Barrier(12)

    def write(number: int) -> bool:
        barrier.wait()
        return write_atomically(tmp_path / "a", bytes([number]), replace=False)

    with ThreadPoolExecutor(12) as pool:
        written = list(pool.map(write, range(12)))
    assert written.count(True) == 1
    assert (tmp_path / "a").read_bytes() == bytes([written.index(True)])


def refused(*_: object) -> None:
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
