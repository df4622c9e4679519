"""The same work by us and by others: draw, make a PSF for each sample, blur, clamp and round to 8 bits."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # importing it would ask the package index for news

import albumentations
import kornia
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.timing import Work
from deblur_lightning.batch import to_8bit
from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.mixture import Mixture
from deblur_lightning.draws import Draws
from deblur_lightning.functional.psf import pad_psf


@dataclass(frozen=True)
class Images:
    """A batch in the forms that the works start from.

    Attributes:
        sharp: (B, C, H, W) float32 in [0, 1], on the device.
        arrays: the same, as (H, W, C) uint8 arrays that a loader decodes.
    """

    sharp: Tensor
    arrays: list[np.ndarray]

    @classmethod
    def noise(cls, shape: tuple[int, ...], device: torch.device) -> "Images":
        """Uniform noise; no work here looks at what the pixels are."""
        pixels = torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        arrays = [image.permute(1, 2, 0).contiguous().numpy() for image in pixels]
        return cls((pixels.float() / 255).to(device), arrays)


Build = Callable[[int, Images], Work]
"""Makes a work of PSFs of K x K taps over the images."""


def _counters(images: Images) -> Callable[[], Draws]:
    """Fresh draws at each call, as the epochs of a training bring them."""
    index, visits = torch.arange(len(images.sharp)), count()
    return lambda: Draws(0, "train", torch.full_like(index, next(visits)), index)


def ours(build: Callable[[int], Degradation]) -> Build:
    """Our degradation; it draws and makes PSFs on the host."""

    def build_work(size: int, images: Images) -> Work:
        degradation, draws = build(size).to(images.sharp.device), _counters(images)
        return lambda: to_8bit(degradation(images.sharp, draws()).blurred, in_place=True)

    return build_work


def by_kornia(build: Callable[[int], nn.Module]) -> Build:
    """kornia's augmentation."""

    def build_work(size: int, images: Images) -> Work:
        augmentation = build(size)
        return lambda: to_8bit(augmentation(images.sharp), in_place=True)

    return build_work


def by_filter2d(build: Callable[[int], Blur | Mixture]) -> Build:
    """kornia's convolution with our PSFs, where kornia draws no such blur."""

    def build_work(size: int, images: Images) -> Work:
        degradation, draws = build(size), _counters(images)

        def work() -> Tensor:
            psf = _psf(degradation, draws()).to(images.sharp.device)
            return to_8bit(kornia.filters.filter2d(images.sharp, psf, "reflect", behaviour="conv"), in_place=True)

        return work

    return build_work


def _psf(degradation: Blur | Mixture, draws: Draws) -> Tensor:
    if isinstance(degradation, Blur):
        return degradation.psf(draws)
    which = degradation.which(draws)
    psf = torch.empty(len(which), degradation.psf_size, degradation.psf_size)
    for position, member in enumerate(degradation.members):
        assert isinstance(member, Blur)
        rows = (which == position).nonzero().flatten()
        psf[rows] = pad_psf(member.psf(draws.select(rows).substream(str(position))), degradation.psf_size)
    return psf


def by_albumentations(build: Callable[[int], list[Any]]) -> Build:
    """albumentations as a loader runs it: image by image, from uint8 arrays to one float32 batch."""

    def build_work(size: int, images: Images) -> Work:
        transform = albumentations.Compose(build(size))

        def work() -> Tensor:
            blurred = np.stack([transform(image=array)["image"] for array in images.arrays])
            return torch.from_numpy(blurred).permute(0, 3, 1, 2).to(images.sharp.device).contiguous().float() / 255

        return work

    return build_work


def by_deepinv(name: str, settings: Callable[[int], dict[str, float]]) -> Build | None:
    """A PSF generator of deepinv and its convolution; None where it is not installed."""
    try:
        from deepinv.physics import functional, generator
    except ImportError:
        return None

    def build_work(size: int, images: Images) -> Work:
        device = str(images.sharp.device)
        psfs = getattr(generator, name)((size, size), device=device, **settings(size))
        convolved = partial(functional.conv2d, padding="reflect")
        return lambda: to_8bit(convolved(images.sharp, psfs.step(len(images.sharp))["filter"]))

    return build_work


def bare(size: int, images: Images) -> Work:
    """Nothing but torch's grouped convolution of images already extended, by PSFs already there."""
    wide = F.pad(images.sharp, (size // 2,) * 4, mode="reflect")
    planes = wide.reshape(1, -1, *wide.shape[-2:])
    weight = torch.full((planes.shape[1], 1, size, size), 1.0 / size**2, device=planes.device)
    return lambda: F.conv2d(planes, weight, groups=len(weight))
