"""Four ways to one result: each against SciPy in float64, and each taken where it is meant to be."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve as scipy_convolve
from torch import Tensor

from deblur_lightning.degradations.motion import motion_psf
from deblur_lightning.functional import convolution
from deblur_lightning.functional.convolution import convolve
from tests.helpers.families import images


def dense(size: int, count: int = 2) -> Tensor:
    psf = torch.rand(count, size, size, generator=torch.Generator().manual_seed(1))
    return psf / psf.sum(dim=(1, 2), keepdim=True)


def line(size: int, count: int = 2) -> Tensor:
    return motion_psf(torch.full((count,), float(size)), torch.linspace(20, 70, count), size)


def separable(size: int, count: int = 2) -> Tensor:
    profile = dense(size, count).double().sum(1)
    return (profile[:, :, None] * profile[:, None]).float()


WAYS = {
    "_directly": (dense(9), (40, 51)),
    "_by_fft": (dense(31), (47, 40)),
    "_by_taps": (line(21), (130, 141)),
    "separable": (separable(9), (40, 51)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("border", ["reflect", "circular", "zero"])
def test_every_way_is_scipys_convolution(way: str, border: str) -> None:
    psf, (height, width) = WAYS[way]
    image = images(2, 3, height, width)
    result = convolve(image, psf, border)  # type: ignore[arg-type]
    mode = {"reflect": "mirror", "circular": "wrap", "zero": "constant"}[border]
    for sample, kernel, planes in zip(image.double(), psf.double(), result, strict=True):
        wanted = np.stack([scipy_convolve(plane, kernel, mode=mode) for plane in sample.numpy()])
        np.testing.assert_allclose(planes, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_taken(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    def spy(name: str) -> Callable[..., Tensor]:
        original = getattr(convolution, name)

        def run(*given: Tensor) -> Tensor:
            taken.append(name)
            return original(*given)

        return run

    for name in ("_directly", "_by_fft", "_by_taps"):
        monkeypatch.setattr(convolution, name, spy(name))
    psf, size = WAYS[way]
    convolve(images(2, 3, *size), psf)
    assert taken == (["_directly"] * 2 if way == "separable" else [way])


def test_it_is_no_correlation() -> None:
    image, psf = images(), dense(5, 3)
    assert (convolve(image, psf) - convolve(image, psf.flip(1, 2))).abs().max() > 0.01


@pytest.mark.parametrize("way", WAYS)
def test_memory_formats_and_views(way: str) -> None:
    psf, size = WAYS[way]
    large = images(3, 3, size[0] + 4, size[1] + 4)
    view = large[1:, :, 1:-3, 2:-2]
    wanted = convolve(view.contiguous(), psf)
    torch.testing.assert_close(convolve(view, psf), wanted, rtol=0, atol=1e-6)
    channels_last = view.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(convolve(channels_last, psf), wanted, rtol=0, atol=1e-6)
