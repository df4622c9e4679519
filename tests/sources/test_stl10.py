"""STL-10: from whole and cut files, or from image files; every image in one split, upright."""

from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.sources.stl10 import STL10
from tests.conftest import write_image
from tests.helpers.realdata import REAL, real_data
from tests.helpers.splits import SPLITS, names_of
from tests.helpers.standins import write_stl10


def test_a_whole_copy_has_its_own_test_images(tmp_path: Path) -> None:
    pixels = write_stl10(tmp_path / "stl10_binary", train=12, unlabeled=9, test=3)
    train, val, test = (STL10(tmp_path).split(split) for split in SPLITS)
    assert names_of(test) == [f"stl10-test-{i:06d}" for i in range(3)]
    assert names_of(val) == ["stl10-unlabeled-000007", "stl10-unlabeled-000008"]
    assert names_of(train) == [f"stl10-train-{i:06d}" for i in range(12)] + [
        f"stl10-unlabeled-{i:06d}" for i in range(7)
    ]
    assert torch.equal(test.pixels(2), torch.from_numpy(pixels["test"][2]))
    assert torch.equal(train.pixels(13), torch.from_numpy(pixels["unlabeled"][1]))
    assert train.size(13) == (96, 96)


def test_without_test_images_the_end_is_held_out(tmp_path: Path) -> None:
    write_stl10(tmp_path, train=5)
    assert [names_of(STL10(tmp_path).split(split)) for split in SPLITS] == [
        [f"stl10-train-{i:06d}" for i in range(3)],
        ["stl10-train-000003"],
        ["stl10-train-000004"],
    ]


def test_a_thousand_images_hold_out_a_hundred(tmp_path: Path) -> None:
    for count, held_out in {999: 99, 1000: 100, 1200: 100}.items():
        (tmp_path / "train_X.bin").write_bytes(bytes(count * 27648))
        sizes = [len(STL10(tmp_path).split(split)) for split in SPLITS]
        assert sizes == [count - 2 * held_out, held_out, held_out]


def test_of_a_cut_file_the_whole_images_are_there(tmp_path: Path) -> None:
    pixels = write_stl10(tmp_path, unlabeled=5)["unlabeled"]
    path = tmp_path / "unlabeled_X.bin"
    path.write_bytes(path.read_bytes()[:-1])
    assert len(STL10(tmp_path).split("train")) == 2
    assert torch.equal(STL10(tmp_path).split("test").pixels(0), torch.from_numpy(pixels[3]))


def test_test_images_alone(tmp_path: Path) -> None:
    write_stl10(tmp_path, test=2)
    assert len(STL10(tmp_path).split("test")) == 2
    for split in ("train", "val"):
        with pytest.raises(UserError, match=r"too few images of STL-10 to train on \(0\): add train_X\.bin"):
            STL10(tmp_path).split(split)  # type: ignore[arg-type]


def test_image_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / f"{number}.png", 96, 96, seed=number)
    found = [names_of(STL10(tmp_path).split(split)) for split in SPLITS]
    assert found == [["0.png", "1.png"], ["2.png"], ["3.png"]]
    assert STL10(tmp_path).split("val").pixels(0).shape == (3, 96, 96)


def test_train_size_keeps_the_first(tmp_path: Path) -> None:
    write_stl10(tmp_path, train=6)
    source = STL10(tmp_path, train_size=2)
    assert names_of(source.split("train")) == ["stl10-train-000000", "stl10-train-000001"]
    assert names_of(source.split("val")) == ["stl10-train-000004"]
    with pytest.raises(UserError, match=r"STL10: train_size=5, but there are 4"):
        STL10(tmp_path, train_size=5).split("train")


def test_a_missing_folder_is_one_line_that_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        STL10(tmp_path / "none")
    get_it = f"deblur data stl10 --root={tmp_path / 'none'}"
    line = f"STL-10 is not in {tmp_path / 'none'}: put any part of it there, or get all with {get_it}"
    assert str(error.value) == line


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "train_X.bin").write_bytes(bytes(100))
    with pytest.raises(UserError, match="holds no image"):
        STL10(tmp_path)


@real_data
def test_real_image_files() -> None:
    source = STL10(REAL / "stl10")
    assert [len(source.split(split)) for split in SPLITS] == [1800, 100, 100]
    assert source.split("test").name(0) == "01900.webp"
    assert source.split("test").pixels(99).float().std() > 5
