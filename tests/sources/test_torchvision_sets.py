"""CIFAR and MNIST: the right pixels, labels and splits of what torchvision reads, and one line when it is not there."""

from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.sources.torchvision_sets import CIFAR10, CIFAR100, MNIST, TorchvisionSet
from tests.helpers.realdata import REAL, real_data
from tests.helpers.splits import SPLITS
from tests.helpers.standins import accept_small_sets, write_cifar10, write_cifar100, write_mnist


def test_cifar10_is_split_in_its_own_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_small_sets(monkeypatch, validation=4)
    pixels = torch.from_numpy(write_cifar10(tmp_path, per_file=3))
    train, val, test = (CIFAR10(tmp_path).split(split) for split in SPLITS)
    assert [len(images) for images in (train, val, test)] == [11, 4, 3]
    assert torch.equal(torch.stack([train.pixels(i) for i in range(11)]), pixels[:11])
    assert torch.equal(torch.stack([val.pixels(i) for i in range(4)]), pixels[11:15])
    assert torch.equal(torch.stack([test.pixels(i) for i in range(3)]), pixels[15:])
    assert (train.name(0), val.name(0), test.name(2)) == (
        "cifar10-train-00000",
        "cifar10-train-00011",
        "cifar10-test-00002",
    )
    assert [val.label(i) for i in range(4)] == [2, 0, 1, 2]
    assert val.size(0) == (32, 32)
    assert val.classes == tuple(f"class {i}" for i in range(10))


def test_an_item_has_its_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_small_sets(monkeypatch)
    write_cifar10(tmp_path, per_file=3)
    images = CIFAR10(tmp_path).split("test")
    assert {key: value for key, value in images[2].items() if key != "sharp"} == {"index": 2, "label": 2}
    assert torch.equal(images[2]["sharp"], images.pixels(2))
    with pytest.raises(IndexError):
        images[3]


def test_cifar100_has_its_fine_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_small_sets(monkeypatch)
    pixels = torch.from_numpy(write_cifar100(tmp_path, per_file=5))
    images = CIFAR100(tmp_path).split("val")
    assert len(images.classes) == 100
    assert [images.label(i) for i in range(2)] == [96, 95]
    assert torch.equal(images.pixels(1), pixels[4])
    assert images.name(1) == "cifar100-train-00004"


def test_mnist_is_grey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_small_sets(monkeypatch)
    pixels = torch.from_numpy(write_mnist(tmp_path, per_file=5))
    images = MNIST(tmp_path).split("test")
    assert [images.label(i) for i in range(5)] == [0, 1, 2, 3, 4]
    assert torch.equal(images.pixels(4), pixels[9:10])
    assert images.size(0) == (28, 28)
    assert images.name(4) == "mnist-test-00004"


def test_pixels_are_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_small_sets(monkeypatch)
    write_cifar10(tmp_path, per_file=3)
    images = CIFAR10(tmp_path).split("test")
    first = images.pixels(0)
    assert first.is_contiguous()
    kept = first.clone()
    first.zero_()
    assert torch.equal(images.pixels(0), kept)


def test_train_size_keeps_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_small_sets(monkeypatch)
    write_mnist(tmp_path, per_file=8)
    source = MNIST(tmp_path, train_size=2)
    assert [source.split("train").name(i) for i in range(2)] == ["mnist-train-00000", "mnist-train-00001"]
    assert [len(source.split(split)) for split in SPLITS] == [2, 2, 8]
    with pytest.raises(UserError, match=r"^MNIST: train_size=7, but there are 6 training images"):
        MNIST(tmp_path, train_size=7).split("train")


@pytest.mark.parametrize("kind", [CIFAR10, CIFAR100, MNIST])
def test_a_missing_set_is_one_line_that_says_how_to_get_it(tmp_path: Path, kind: type[TorchvisionSet]) -> None:
    name = kind.__name__
    with pytest.raises(UserError) as error:
        kind(tmp_path).split("val")  # type: ignore[call-arg]
    get_it = f"deblur data {name.lower()} --root={tmp_path}"
    assert str(error.value) == f"{name} is not, or not whole, in {tmp_path}: get it with {get_it}"


def test_a_damaged_set_is_one_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar10(tmp_path, per_file=3)
    with pytest.raises(UserError, match="CIFAR10 is not, or not whole"):
        CIFAR10(tmp_path).split("train")
    write_mnist(tmp_path, per_file=3)
    images = tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(UserError, match="MNIST is not, or not whole"):
        MNIST(tmp_path).split("test")


@real_data
def test_real_cifar10() -> None:
    train, val, test = (CIFAR10(REAL).split(split) for split in SPLITS)
    assert [len(images) for images in (train, val, test)] == [45000, 5000, 10000]
    assert train.classes[train.label(0)] == "frog"
    assert test.classes[test.label(0)] == "cat"
    assert test.pixels(1)[2].float().mean() > test.pixels(1)[0].float().mean()  # a ship on blue water


@real_data
def test_real_mnist() -> None:
    train, val, test = (MNIST(REAL, train_size=5000).split(split) for split in SPLITS)
    assert [len(images) for images in (train, val, test)] == [5000, 5000, 10000]
    assert [train.label(i) for i in range(5)] == [5, 0, 4, 1, 9]
    assert val.name(0) == "mnist-train-55000"
