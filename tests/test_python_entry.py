"""What Python offers: a lazy package, images restored in any form, degradations that work by themselves."""

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from PIL import Image
from skimage.data import chelsea

import deblur_lightning as dl
from deblur_lightning.batch import to_uint8
from deblur_lightning.errors import UserError
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.conftest import REPOSITORY
from tests.helpers.families import DEGRADATIONS, draws_for, images
from tests.helpers.models import random_pixels, write_model

PUBLIC = Path(__file__).with_name("public_names.txt")
PACKAGES = [name for name in dl.__all__ if hasattr(getattr(dl, name), "__all__")]
MODULES = [module.name for module in pkgutil.walk_packages(dl.__path__, "deblur_lightning.")]


def test_the_public_names_are_these() -> None:
    """Whoever changes them on purpose changes ``public_names.txt`` too."""
    names = [f"deblur_lightning.{name}" for name in dl.__all__]
    names += [f"deblur_lightning.{package}.{name}" for package in PACKAGES for name in getattr(dl, package).__all__]
    assert sorted(names) == PUBLIC.read_text().split()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_says_what_it_is(package: str) -> None:
    for name in getattr(dl, package).__all__:
        assert inspect.getdoc(getattr(getattr(dl, package), name)), name


@pytest.mark.parametrize(
    ("code", "heavy"),
    [("dir(dl)", ("torch", "numpy", "lightning")), ("dl.load_model()", ("lightning", "albumentations", "wandb"))],
)
def test_only_what_is_used_is_imported(code: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, deblur_lightning as dl; {code}; print(set({heavy}) & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_the_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # some examples write files
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.fixture
def ckpt(tmp_path: Path) -> Path:
    return write_model(tmp_path / "mine.safetensors")


KINDS = {
    "grey": random_pixels(24, 31, 1)[..., 0],
    "RGB": random_pixels(24, 31, 3),
    "RGB and transparency": random_pixels(24, 31, 4),
    "16 bits": random_pixels(24, 31, 3, np.uint16),
    "float32": (random_pixels(24, 31, 3) / 255).astype(np.float32),
    "float64, grey": random_pixels(24, 31, 1) / 255,
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_array_comes_back_as_it_was_but_restored(kind: str, ckpt: Path) -> None:
    given = KINDS[kind]
    restored = dl.restore(given, ckpt)
    assert (restored.shape, restored.dtype) == (given.shape, given.dtype)
    assert (restored != given).any()
    if given.shape[2:] == (4,):
        np.testing.assert_array_equal(restored[..., 3], given[..., 3])
        np.testing.assert_array_equal(restored[..., :3], dl.restore(given[..., :3], ckpt))


@pytest.mark.parametrize("tile", [None, 64])
def test_the_shipped_model_restores_as_the_command_does(tile: int | None, tmp_path: Path, deblur: Any) -> None:
    """The plausibility check and data consistency included, which models without a card do not have."""
    sharp = torch.from_numpy(chelsea()[60:180, 120:280]).movedim(-1, 0)[None] / 255
    blurred, _ = dl.degradations.GaussianBlur(sigma=(1.5, 1.5))(sharp)
    photo = to_uint8(blurred)[0]
    Image.fromarray(photo.movedim(0, -1).numpy()).save(tmp_path / "photo.png")
    code, _, complained = deblur("restore", tmp_path / "photo.png", "--out", tmp_path / "o", f"--tile={tile or 'auto'}")
    assert code == 0, complained
    expected = np.array(Image.open(tmp_path / "o/photo.png"))
    assert (expected != photo.movedim(0, -1).numpy()).any()
    np.testing.assert_array_equal(np.array(dl.restore(tmp_path / "photo.png", tile=tile)), expected)
    np.testing.assert_array_equal(dl.restore(photo, tile=tile).movedim(0, -1).numpy(), expected)


def test_what_is_in_the_unit_range_is_restored_as_its_levels_are(ckpt: Path) -> None:
    levels = random_pixels(24, 31, 3, np.uint16)
    np.testing.assert_allclose(dl.restore(levels / 65535, ckpt), dl.restore(levels, ckpt) / 65535, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float16, torch.bfloat16])
def test_a_batch_of_tensors_is_restored_one_by_one(dtype: torch.dtype, ckpt: Path) -> None:
    images = torch.from_numpy(np.stack([random_pixels(24, 31, 3), random_pixels(24, 31, 3) // 2])).movedim(-1, 1)
    images = images if dtype == torch.uint8 else (images / 255).to(dtype)
    restored = dl.restore(images, ckpt)
    assert (restored.shape, restored.dtype) == (images.shape, dtype)
    for one, of_batch in zip(images, restored, strict=True):
        assert torch.equal(dl.restore(one, ckpt), of_batch)


def test_a_path_and_a_picture_are_restored_as_the_command_does(ckpt: Path, tmp_path: Path, deblur: Any) -> None:
    Image.fromarray(random_pixels(24, 31, 3)).save(tmp_path / "photo.png")
    code, _, complained = deblur("restore", tmp_path / "photo.png", "--out", tmp_path / "out", "--ckpt", ckpt)
    assert code == 0, complained
    expected = np.array(Image.open(tmp_path / "out/photo.png"))
    np.testing.assert_array_equal(np.array(dl.restore(tmp_path / "photo.png", ckpt)), expected)
    np.testing.assert_array_equal(np.array(dl.restore(Image.open(tmp_path / "photo.png"), str(ckpt))), expected)
    assert (expected != random_pixels(24, 31, 3)).any()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_a_picture_of_any_mode_is_restored_and_can_be_saved(mode: str, ckpt: Path, tmp_path: Path) -> None:
    if mode == "I;16":
        given = Image.fromarray(random_pixels(24, 31, 1, np.uint16)[..., 0])
    else:
        given = Image.fromarray(random_pixels(24, 31, 3)).convert(mode)
    restored = dl.restore(given, ckpt)
    assert restored.size == given.size
    assert restored.mode == {"1": "L", "P": "RGB"}.get(mode, mode)
    restored.save(tmp_path / "out.tiff")


def test_orientation_and_profile_of_a_file_are_kept(ckpt: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(random_pixels(24, 31, 3)).save(tmp_path / "photo.jpg", exif=exif, icc_profile=b"a profile")
    restored = dl.restore(tmp_path / "photo.jpg", ckpt)
    assert restored.size == (24, 31)
    assert restored.info["icc_profile"] == b"a profile"
    restored.save(tmp_path / "out.jpg")


def test_a_model_that_is_loaded_serves_many_images(ckpt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = dl.load_model(ckpt)
    monkeypatch.setattr(PhotoRestorer, "restore", lambda self, pixels: pixels // 2)
    assert dl.restore(np.full((2, 3), 100, np.uint8), model).max() == 50


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        (np.zeros((2, 3, 5), np.uint8), r"image has the shape \(2, 3, 5\): give \(H, W\) or"),
        (np.zeros((0, 3), np.uint8), r"image has the shape \(0, 3\)"),
        (np.zeros((2, 3), np.int64), "image holds int64: give uint8, uint16 or floating"),
        (np.full((2, 3), 1.5), r"image goes from 1.5 to 1.5: give values from 0 to 1"),
        (np.full((2, 3), np.nan), r"image goes from nan to nan"),
        (torch.zeros(2, 3), r"image has the shape \(2, 3\): give \(C, H, W\)"),
        ([[0.5]], "image is a list: give a path"),
        (Image.new("F", (3, 2)), "image has mode F, and its values are real numbers"),
    ],
)
def test_what_is_no_image_is_refused(image: Any, complaint: str, ckpt: Path) -> None:
    with pytest.raises(UserError, match=complaint):
        dl.restore(image, ckpt)


def test_a_degradation_works_by_itself() -> None:
    blur, images = dl.degradations.MotionBlur(length=(7, 15)), torch.rand(4, 3, 32, 40)
    blurred, psf = blur(images, seed=3)
    assert (blurred.shape, psf.shape) == (images.shape, (4, 15, 15))
    again, _ = blur(images[:2], seed=3)
    assert torch.equal(again, blurred[:2])
    assert not torch.equal(blur(images, seed=4)[0], blurred)
    assert not torch.equal(psf[0], psf[1])


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_seed_stands_for_draws_by_position(name: str) -> None:
    sharp = images(4)
    blurred, psf = DEGRADATIONS[name]()(sharp, seed=3)
    wanted = DEGRADATIONS[name]()(sharp, draws_for(4, seed=3))
    assert torch.equal(blurred, wanted.blurred)
    assert torch.equal(psf, wanted.psf)


@pytest.mark.parametrize("images", [torch.zeros(3, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)])
def test_a_degradation_says_what_it_wants(images: torch.Tensor) -> None:
    with pytest.raises(UserError, match=r"^GaussianBlur: images are .*: give \(B, C, H, W\) floats from 0 to 1\.$"):
        dl.degradations.GaussianBlur(sigma=(1, 1), kernel_size=(3, 3))(images)


DOCS = REPOSITORY / "docs"


def test_the_tour_runs(workplace: Path) -> None:
    Image.fromarray(random_pixels(140, 90, 3)).save("photo.jpg")
    code = "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(), flags=re.DOTALL))
    exec(compile(code, "docs/python.md", "exec"), {})
    assert Image.open("out.jpg").size == (90, 140)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((DOCS / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_was_kept_without_its_results(path: Path, workplace: Path) -> None:
    """Epochs are shorter here, which nothing in a notebook hangs on."""
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    for cell in notebook.cells:
        cell.source = re.sub(r"epoch_length=\d+", "epoch_length=16", cell.source)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(workplace)}}).execute()
