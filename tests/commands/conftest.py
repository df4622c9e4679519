"""What the tests of commands start from."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import yaml

from tests.conftest import write_image
from tests.helpers.command import GAN, photographs_of

Deblur = Callable[..., tuple[int, str, str]]

HALF = {
    "class_path": "Mixture",
    "init_args": {"members": [{"class_path": "GaussianBlur"}, {"class_path": "MotionBlur"}]},
}


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """While it is entered no file grows beyond so many bytes: the system refuses, as it does on a full disk."""

    @contextmanager
    def limited(limit: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture
def run(workplace: Path, photographs: Path, deblur: Deblur) -> Path:
    """A small GAN trained on the small photographs."""
    code, _, complained = deblur("fit", *GAN, *photographs_of(photographs), "--run=run")
    assert code == 0, complained
    return workplace / "run"


@pytest.fixture
def sharp(workplace: Path) -> Path:
    """Images of three sizes and formats, two of them in a subfolder."""
    root = workplace / "sharp images"
    (root / "train").mkdir(parents=True)
    for number, name in enumerate(["a.png", "b.jpg", "c.BMP", "d.e.png", "train/f.png", "train/g.png"]):
        write_image(root / name, 24 + 8 * (number % 2), 40, seed=number)
    return root


@pytest.fixture
def synthesize(deblur: Deblur, sharp: Path) -> Deblur:
    """Blur ``sharp`` by half Gaussians and half motions into a folder, with further arguments."""
    Path("half.yaml").write_text(yaml.safe_dump({"data": {"degradation": HALF}}))

    def run(out: str, *arguments: str) -> tuple[int, str, str]:
        configs = ["--config", "experiments/srcnn_915.yaml", "--config", "half.yaml"]
        return deblur("synthesize", sharp, "--out", out, *configs, *arguments)

    return run
