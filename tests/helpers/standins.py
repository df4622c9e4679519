"""Small stand-ins for public sets, in the files that these really have."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deblur_lightning.sources import torchvision_sets
from tests.conftest import write_image

Bytes = NDArray[np.uint8]


def accept_small_sets(monkeypatch: pytest.MonkeyPatch, validation: int = 2) -> None:
    """Let torchvision take files of other checksums, and keep ``validation`` images for validation."""
    check = "torchvision.datasets.cifar.check_integrity"
    monkeypatch.setattr(check, lambda path, md5=None: Path(path).is_file())
    monkeypatch.setattr(torchvision_sets, "VALIDATION", validation)


def noise(*shape: int) -> Bytes:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def write_cifar10(root: Path, per_file: int) -> Bytes:
    """Five training files and one for testing; returns all pixels in that order, (N, 3, 32, 32)."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    pixels = noise(6, per_file, 3 * 32 * 32)
    labels = [i % 10 for i in range(per_file)]
    for name, part in zip([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"], pixels, strict=True):
        _pickle(folder / name, {"data": part, "labels": labels})
    _pickle(folder / "batches.meta", {"label_names": [f"class {i}" for i in range(10)]})
    return pixels.reshape(-1, 3, 32, 32)


def write_cifar100(root: Path, per_file: int) -> Bytes:
    """A training file and one for testing; returns all pixels in that order, (N, 3, 32, 32)."""
    folder = root / "cifar-100-python"
    folder.mkdir(parents=True)
    pixels = noise(2, per_file, 3 * 32 * 32)
    labels = [99 - i for i in range(per_file)]
    for name, part in zip(["train", "test"], pixels, strict=True):
        _pickle(folder / name, {"data": part, "fine_labels": labels, "coarse_labels": [0] * per_file})
    _pickle(folder / "meta", {"fine_label_names": [f"class {i}" for i in range(100)]})
    return pixels.reshape(-1, 3, 32, 32)


def write_mnist(root: Path, per_file: int) -> Bytes:
    """A training file and one for testing; returns all pixels in that order, (N, 28, 28)."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    pixels = noise(2, per_file, 28, 28)
    for name, part in zip(["train", "t10k"], pixels, strict=True):
        labels = np.arange(per_file, dtype=np.uint8) % 10
        for kind, values in {"images-idx3": part, "labels-idx1": labels}.items():
            header = np.array([0x800 + values.ndim, *values.shape], dtype=">i4").tobytes()
            (folder / f"{name}-{kind}-ubyte").write_bytes(header + values.tobytes())
    return pixels.reshape(-1, 28, 28)


def write_stl10(root: Path, **counts: int) -> dict[str, Bytes]:
    """A binary file for each part ("train", "unlabeled", "test") of so many images; returns (N, 3, 96, 96) each."""
    root.mkdir(parents=True, exist_ok=True)
    pixels = {part: noise(count, 3, 96, 96) for part, count in counts.items()}
    for part, images in pixels.items():
        (root / f"{part}_X.bin").write_bytes(images.transpose(0, 1, 3, 2).tobytes())
    return pixels


def write_pairs(
    root: Path, *names: str, size: tuple[int, int] = (72, 80), folders: tuple[str, str] = ("blur", "sharp")
) -> None:
    """For each name, such as "train/scene/1.png", two images of noise, in scene/blur/ and in scene/sharp/."""
    for number, name in enumerate(names):
        for seed, folder in enumerate(folders, start=2 * number):
            path = (root / name).parent / folder / Path(name).name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, *size, seed=seed)


def _pickle(path: Path, content: object) -> None:
    path.write_bytes(pickle.dumps(content))


def put(root: Path, *names: str) -> None:
    """Write small images, each another, below ``root``."""
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(root / name, 8, 16, seed=seed)
