"""Given PSFs: every file format as it stands, each sample one of them, and files that hold none refused."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import convolve

from deblur_lightning.degradations.measured import MeasuredBlur
from deblur_lightning.errors import UserError
from deblur_lightning.functional.psf import tap_offsets
from tests.helpers.families import draws_for, images

RNG = np.random.default_rng(0)
ODD, EVEN = RNG.random((5, 7)), RNG.random((4, 6))


def blur_of(path: Path, array: Any, **settings: Any) -> MeasuredBlur:
    np.save(path / "psf.npy", array)
    return MeasuredBlur([str(path / "psf.npy")], **settings)


@pytest.mark.parametrize("array", [ODD, EVEN, ODD.astype(np.float32), (ODD * 255).astype(np.uint8)])
def test_it_convolves_as_scipy_does(tmp_path: Path, array: np.ndarray) -> None:
    sharp = images(2)
    blurred, psf, known = blur_of(tmp_path, array)(sharp, draws_for(2))
    kernel = array.astype(float) / array.sum(dtype=float)
    assert psf.shape == (2, 7, 7)
    assert known.all()
    for planes, result in zip(sharp.double().numpy(), blurred, strict=True):
        np.testing.assert_allclose(
            result, [convolve(plane, kernel, mode="mirror") for plane in planes], rtol=0, atol=1e-6
        )


def test_all_formats(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", ODD)
    np.save(tmp_path / "several.npy", RNG.random((2, 5, 5)))
    np.savez(tmp_path / "named.npz", first=EVEN, second=ODD)
    grey = (255 * ODD / ODD.max()).round().astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.PNG")
    files = ["one.npy", "several.npy", "named.npz", "grey.png", "deep.PNG"]
    blur = MeasuredBlur([str(tmp_path / file) for file in files])
    assert blur.measured.shape == (7, 7, 7)
    np.testing.assert_allclose(blur.measured[0, 1:6], ODD / ODD.sum(), rtol=0, atol=1e-7)
    np.testing.assert_allclose(blur.measured[5, 1:6], grey / grey.sum(), rtol=0, atol=1e-7)
    torch.testing.assert_close(blur.measured[6], blur.measured[5], rtol=0, atol=1e-7)
    chosen = (blur.psf(draws_for(700))[:, None] == blur.measured).all(dim=(2, 3))
    counts = chosen.sum(dim=0)
    assert counts[:5].min() > 60
    assert (counts.sum() >= 700).item()


def test_it_is_recentred_on_demand(tmp_path: Path) -> None:
    array = np.zeros((9, 9))
    array[1:3, 6:8] = [[0.3, 0.3], [0.2, 0.2]]
    as_it_is, centred = (blur_of(tmp_path, array, centred=flag).psf(draws_for(1))[0] for flag in (False, True))
    offset = tap_offsets(len(centred))
    assert (centred.sum(0) * offset).sum().abs() <= 0.5
    assert (centred.sum(1) * offset).sum().abs() <= 0.5
    assert as_it_is[1, 6].item() == pytest.approx(0.3)
    assert sorted(centred[centred > 0].tolist()) == sorted(as_it_is[as_it_is > 0].tolist())


@pytest.mark.parametrize("place", [1, 2, 5, 6])
def test_last_bits_do_not_decide_where_a_centre_between_two_taps_goes(tmp_path: Path, place: int) -> None:
    middles = set()
    for change in (-1e-7, 0, 1e-7):
        array = np.zeros((9, 9))
        array[4, place : place + 2] = [0.5, 0.5 + change]
        psf = blur_of(tmp_path, array, centred=True).psf(draws_for(1))[0]
        middles.add(tuple(psf.sum(0).nonzero().flatten().sub(len(psf) // 2).tolist()))
    assert len(middles) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((3, 3)), "not all zero"),
        (np.array([[1.0, -0.1]]), "not negative"),
        (np.array([[1.0, np.nan]]), "finite"),
        (np.ones(4), "give a matrix of numbers"),
        (np.ones((2, 2, 2, 2)), "give a matrix of numbers"),
        (np.ones((3, 3), dtype=complex), "give a matrix of numbers"),
        (np.array([["a"]], dtype=object), "cannot read a PSF"),
    ],
)
def test_what_is_no_psf_is_refused_in_one_line(tmp_path: Path, content: np.ndarray, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        blur_of(tmp_path, content)
    assert "\n" not in str(error.value)
    assert "psf.npy" in str(error.value)


@pytest.mark.parametrize("name", ["missing.npy", "text.npy", "text.png", "empty.npz", "kernel.mat", "folder.npy"])
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.npy").mkdir()
    for text in ("text.npy", "text.png", "kernel.mat"):
        (tmp_path / text).write_text("no numbers")
    (tmp_path / "empty.npz").write_bytes(b"")
    with pytest.raises(UserError, match=r"cannot read a PSF from .*: give a .npy, .npz or .png file") as error:
        MeasuredBlur([str(tmp_path / name)])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".npy", ".png"])
def test_a_pipe_is_refused_and_never_opened(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"psf{suffix}")
    with pytest.raises(UserError, match=rf"psf{suffix} is a named pipe, which is not read"):
        MeasuredBlur([str(tmp_path / f"psf{suffix}")])
