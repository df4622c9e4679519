"""A training folder as users have them: what is sound decodes exactly, what is not is listed before training starts."""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from deblur_lightning.errors import UserError
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.paired_folder import PairedFolder
from tests.conftest import write_image
from tests.helpers.command import SRCNN, photographs_of
from tests.helpers.standins import write_pairs

Deblur = Callable[..., tuple[int, str, str]]

LEVELS = np.kron(np.random.default_rng(0).integers(0, 256, (9, 10, 3)), np.ones((8, 8, 1))).astype(np.uint8)
"""(72, 80, 3), what every good file shows."""
PRIMARIES = np.where(LEVELS > 127, 255, 0).astype(np.uint8)
GREY = np.repeat(LEVELS[..., :1], 3, axis=2)


def write_good(folder: Path) -> dict[str, np.ndarray]:
    """Files of every kind that a camera or a program leaves, and what each is to look like."""
    picture, exif = Image.fromarray(LEVELS), Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    ink = np.dstack([255 - PRIMARIES, np.zeros_like(PRIMARIES[..., 0])])
    Image.fromarray(ink, "CMYK").save(folder / "cmyk.tif")
    few = Image.fromarray(PRIMARIES).quantize(8)
    few.save(folder / "palette.png")
    Image.fromarray(np.dstack([LEVELS, np.where(PRIMARIES[..., 0], 255, 0)]).astype(np.uint8)).save(
        folder / "alpha.png"
    )
    Image.fromarray(GREY[..., 0].astype(np.uint16) * 257).save(folder / "16bit.png")
    picture.save(folder / "animated.png", save_all=True, append_images=[Image.fromarray(255 - LEVELS)])
    picture.save(folder / "rotated.png", exif=exif)
    Image.fromarray(GREY[..., 0]).save(folder / "grey.png")
    (folder / "directory.jpg").mkdir()
    names = ["été 日本 🌊.png", f"{'long' * 60}.png", "UPPER.PNG", "twin.png"]
    for name in names:
        picture.save(folder / name)
    over_white = np.where(PRIMARIES[..., :1] > 0, LEVELS, 255)
    shown = {"cmyk.tif": PRIMARIES, "palette.png": np.array(few.convert("RGB")), "alpha.png": over_white}
    shown |= {"16bit.png": GREY, "grey.png": GREY, "animated.png": LEVELS, "rotated.png": np.rot90(LEVELS, -1)}
    return shown | dict.fromkeys(names, LEVELS)


def write_bad(folder: Path) -> dict[str, str]:
    """Files that nothing can be learned from, and what is to be said of each."""
    Image.fromarray(LEVELS).save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "nothing.png").touch()
    (folder / "text.png").write_text("not a picture")
    (folder / "link.png").symlink_to(folder / "nowhere.png")
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(bytes(99))]
    bomb = b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bomb)
    return {
        "bomb.png": "decompression bomb",
        "link.png": "does not exist",
        "nothing.png": "is not an image",
        "text.png": "is not an image",
        "truncated.jpg": "truncated",
    }


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with train/ of good files and bad ones, and a sound val/."""
    root = tmp_path / "album"
    for split in ("train", "val"):
        (root / split).mkdir(parents=True)
    write_image(root / "val" / "0.png", 72, 80, seed=0)
    return root


def test_good_images_decode_exactly_and_bad_ones_are_listed_and_left_out(album: Path) -> None:
    good, bad = write_good(album / "train"), write_bad(album / "train")
    with pytest.warns(UserWarning, match="Left out|the same file twice") as told:
        images = Folder(album, skip_bad=True).split("train")
    assert sorted(good) == sorted(images.name(i).removeprefix("train/") for i in range(len(images)))
    for position in range(len(images)):
        name = images.name(position).removeprefix("train/")
        expected = torch.from_numpy(np.ascontiguousarray(good[name])).permute(2, 0, 1)
        assert torch.equal(images.pixels(position), expected), name
        assert images.size(position) == tuple(expected.shape[1:]), name
    left_out, twins = (str(warning.message) for warning in told)
    assert left_out.startswith(f"Left out: 5 of {len(good) + 5} images cannot be used (")
    assert all(name in left_out and reason in left_out for name, reason in bad.items())
    assert "train/UPPER.PNG and train/twin.png" in twins


def test_bad_images_end_a_run_in_one_line_before_it_starts(album: Path, workplace: Path, deblur: Deblur) -> None:
    write_good(album / "train")
    bad = write_bad(album / "train")
    command = ["fit", *SRCNN, *photographs_of(album), "--trainer.max_epochs=2"]
    code, _, complained = deblur(*command, "--run=run")
    assert code == 2
    (line,) = (line for line in complained.splitlines() if line.startswith("deblur: error: "))
    assert "mend or remove them, or leave them out with the source's skip_bad=true." in line
    assert all(name in line and reason in line for name, reason in bad.items())
    assert "Traceback" not in complained
    assert not (workplace / "run/config.yaml").exists()
    with pytest.warns(UserWarning, match="Left out: 5 of"):
        code, _, complained = deblur(*command, "--data.source.skip_bad=true", "--run=run")
    assert code == 0, complained


@pytest.fixture
def nobody() -> Iterator[Callable[[Path], None]]:
    """Takes the right to read a file away, also from root, until the test is over."""
    user = os.geteuid()

    def take(path: Path) -> None:
        path.chmod(0)
        if user == 0:
            for folder in path.parents:
                if folder.stat().st_mode & 0o005 != 0o005:
                    folder.chmod(0o755)
            os.seteuid(65534)

    yield take
    os.seteuid(user)


def test_a_file_that_may_not_be_read_is_listed(album: Path, nobody: Callable[[Path], None]) -> None:
    write_image(album / "train" / "1.png", 72, 80, seed=1)
    write_image(album / "train" / "2.png", 72, 80, seed=2)
    nobody(album / "train" / "2.png")
    with pytest.raises(UserError, match=r"^1 of 2 images cannot be used \(cannot read .*2\.png: Permission denied\): "):
        Folder(album).split("train")


def test_a_pipe_is_listed_and_never_opened(album: Path) -> None:
    write_image(album / "train" / "1.png", 72, 80, seed=1)
    os.mkfifo(album / "train" / "2.png")
    with pytest.raises(
        UserError, match=r"^1 of 2 images cannot be used \(.*2\.png is a named pipe, which is not read\): "
    ):
        Folder(album).split("train")


def test_a_folder_of_bad_images_alone_is_refused(album: Path) -> None:
    write_bad(album / "train")
    with pytest.raises(UserError, match=r"^5 of 5 images .*: mend them, or give another"):
        Folder(album, skip_bad=True).split("train")


def test_an_image_of_training_that_is_one_of_validation_is_told(album: Path) -> None:
    (album / "train" / "1.png").write_bytes((album / "val" / "0.png").read_bytes())
    source = Folder(album)
    source.split("train")
    with pytest.warns(UserWarning, match=r"the same file twice: train/1\.png and val/0\.png\.$"):
        source.split("val")


def test_the_search_can_be_left_out(album: Path) -> None:
    bad = write_bad(album / "train")
    assert len(Folder(album, check=False).split("train")) == len(bad)


def test_a_pair_with_one_bad_side_is_found_too(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train/1.png", "train/2.png", "train/3.png", "test/4.png")
    path = tmp_path / "train" / "sharp" / "2.png"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"^1 of 2 images cannot be used \(cannot decode .*train/sharp/2\.png"):
        PairedFolder(tmp_path).split("train")
    with pytest.warns(UserWarning, match="Left out: 1 of 2"):
        found = PairedFolder(tmp_path, skip_bad=True).split("train")
    assert "train/2" not in {found.name(i) for i in range(len(found))}
    assert len(PairedFolder(tmp_path, check=False).split("train")) == 2
