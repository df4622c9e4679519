"""What a network is shown of a photo, and what comes of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor, nn

from deblur_lightning.networks.unet import UNet
from deblur_lightning.restoring.forward_progress import ForwardProgress
from deblur_lightning.restoring.model import Model, load_model
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.helpers.models import random_pixels, small_model

CPU = torch.device("cpu")


def by_hand(model: Model, image: np.ndarray) -> np.ndarray:
    """(H, W, 3) in [0, 1] to the same, the network applied to all of it."""
    with torch.no_grad():
        restored: Tensor = model.network(torch.from_numpy(image.transpose(2, 0, 1)[None]).float())
    return restored[0].numpy().transpose(1, 2, 0)


@pytest.mark.parametrize(("dtype", "levels"), [(np.uint8, 255), (np.uint16, 65535)])
@pytest.mark.parametrize("size", [(1, 1), (40, 50)])
def test_what_is_lost_is_rounding(dtype: type, levels: int, size: tuple[int, int]) -> None:
    model = small_model()
    pixels = random_pixels(*size, 3, dtype)
    wanted = by_hand(model, pixels / levels).clip(0, 1) * levels
    assert np.abs(PhotoRestorer(model, CPU).restore(pixels) - wanted).max() <= 0.51
    assert not np.array_equal(PhotoRestorer(model, CPU).restore(pixels), pixels)


def test_grey_is_shown_as_three_equal_channels() -> None:
    model = small_model()
    pixels = random_pixels(20, 30, 1)
    wanted = by_hand(model, np.repeat(pixels / 255, 3, axis=2)).mean(axis=2, keepdims=True).clip(0, 1) * 255
    assert np.abs(PhotoRestorer(model, CPU).restore(pixels) - wanted).max() <= 0.51


def test_inks_are_shown_as_light() -> None:
    model = small_model()
    pixels = random_pixels(20, 30, 4)
    restorer = PhotoRestorer(model, CPU)
    found = restorer.restore(pixels)
    for inks in (slice(0, 3), slice(3, 4)):
        wanted = 255 - restorer.restore(255 - pixels[..., inks])
        assert np.abs(found[..., inks].astype(int) - wanted).max() <= 1  # 1 - k/255 and (255 - k)/255 differ in bits


def test_a_network_for_one_channel_restores_each_alone() -> None:
    network = UNet((4,), channels=1).eval()
    nn.init.normal_(network.tail[0].weight, std=0.1)  # type: ignore[arg-type]
    restorer = PhotoRestorer(Model(network, {"init_args": {"channels": 1}}), CPU)
    pixels = random_pixels(20, 30, 3)
    alone = [restorer.restore(pixels[..., c : c + 1]) for c in range(3)]
    assert np.abs(restorer.restore(pixels).astype(int) - np.concatenate(alone, axis=2)).max() <= 1
    assert not np.array_equal(alone[0], pixels[..., :1])


class Corner(nn.Module):
    """Darkens what is at the left, and more at the top."""

    def forward(self, image: Tensor) -> Tensor:
        down, right = torch.linspace(0, 1, image.shape[-2]), torch.linspace(0, 1, image.shape[-1])
        return image * (0.5 + 0.3 * right + 0.2 * down[:, None])


def test_averaging_turns_and_flips_there_and_back() -> None:
    pixels = np.full((20, 20, 3), 200, np.uint8)
    pixels[3, 5] = 100
    found = PhotoRestorer(Model(Corner(), {}), CPU, averaged=True).restore(pixels)
    assert np.array_equal(found, np.rint(pixels * 0.75).astype(np.uint8))
    assert not np.array_equal(found, PhotoRestorer(Model(Corner(), {}), CPU).restore(pixels))


def test_the_difference_between_tiles_and_the_whole_is_measured() -> None:
    exact = PhotoRestorer(small_model(), CPU, tile=64)
    assert exact.difference(random_pixels(150, 200, 3)) < 0.5
    seen_whole = PhotoRestorer(Model(Corner(), {}), CPU, tile=64)
    assert seen_whole.difference(random_pixels(300, 300, 3)) > 10
    assert seen_whole.difference(random_pixels(190, 190, 3)) == 0  # too small to be cut


def test_the_shipped_model_s_tiles_are_within_a_level_of_the_whole() -> None:
    specks = np.random.default_rng(0).random((64, 160)) > 0.7
    specks[:, :80] = False
    pixels = np.repeat(ndimage.uniform_filter1d(np.kron(specks, np.full((4, 4), 255, np.uint8)), 9)[..., None], 3, 2)
    restorer = PhotoRestorer(load_model(), CPU, tile=64)
    assert restorer.difference(pixels) < 1
    restorer.tiling = replace(restorer.tiling, overlap=restorer.tiling.overlap // 2)
    assert restorer.difference(pixels) > 1


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("could not create a primitive"),
        RuntimeError("could not execute a primitive"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"
        ),
        RuntimeError("std::bad_alloc"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
    ],
)
def test_tiles_become_smaller_when_memory_runs_out_in_whoever_s_words(error: Exception) -> None:
    restorer = PhotoRestorer(small_model(), CPU)
    pixels = random_pixels(300, 300, 3)
    wanted = restorer.restore(pixels)
    network, seen = small_model().network, []

    class Short(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            seen.append(image.shape[-1])
            if image.shape[-1] > 250:
                raise error
            restored: Tensor = network(image)
            return restored

    restorer.forward = ForwardProgress(Short())
    assert np.abs(restorer.restore(pixels).astype(int) - wanted).max() <= 1
    assert seen[0] == 300
    assert max(seen[-4:]) <= 250


def test_another_failure_is_no_want_of_memory() -> None:
    class Broken(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            raise RuntimeError("could not create a primitive descriptor for a convolution")

    restorer = PhotoRestorer(small_model(), CPU)
    restorer.forward = ForwardProgress(Broken())
    with pytest.raises(RuntimeError, match="primitive descriptor"):
        restorer.restore(random_pixels(300, 300, 3))
