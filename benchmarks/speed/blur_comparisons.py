"""What is compared: our degradations, and what comes nearest to each of them elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from kornia import augmentation as kornia

from benchmarks.speed.blur_implementations import (
    Build,
    albumentations,
    bare,
    by_albumentations,
    by_deepinv,
    by_filter2d,
    by_kornia,
    ours,
)
from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.jpeg import JPEGCompression
from deblur_lightning.degradations.mixture import Mixture
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.degradations.shake import CameraShake


@dataclass(frozen=True)
class Line:
    """One degradation and its rivals.

    Attributes:
        name: in the table.
        sizes: K, taps on each side.
        builds: a work for each column; None for one that is not installed.
    """

    name: str
    sizes: tuple[int, ...]
    builds: dict[str, Build | None]


def _motion(size: int) -> MotionBlur:
    return MotionBlur(length=(size, size))  # kornia's fill their kernel, too


def _gaussian(size: int) -> GaussianBlur:
    return GaussianBlur(sigma=(0.5, size / 6), kernel_size=(size, size))


def _box(size: int) -> BoxBlur:
    return BoxBlur(width=(3, size))


def _defocus(size: int) -> DefocusBlur:
    return DefocusBlur(radius=(1, size / 2))


def _shake(size: int) -> CameraShake:
    return CameraShake(extent=(size / 2, size))


def _mixture(size: int) -> Mixture:
    return Mixture([_motion(size), _gaussian(size), _box(size), _defocus(size)])


def _chain(size: int) -> Chain:
    return Chain([_motion(size), SensorNoise(read=(5, 5)), JPEGCompression(quality=(70, 95))])


def _kornia_motion(size: int) -> torch.nn.Module:
    return kornia.RandomMotionBlur(size, 180.0, 0.0, border_type="reflect", p=1.0)


def _kornia_gaussian(size: int) -> torch.nn.Module:
    return kornia.RandomGaussianBlur((size, size), (0.5, size / 6), p=1.0)


def _kornia_chain(size: int) -> torch.nn.Module:
    noise = kornia.RandomGaussianNoise(std=5 / 255, p=1.0)
    return torch.nn.Sequential(_kornia_motion(size), noise, kornia.RandomJPEG((70.0, 95.0), p=1.0))


def _albumentations_motion(size: int) -> list[albumentations.BasicTransform]:
    return [albumentations.MotionBlur((size, size), allow_shifted=False, direction_range=(0, 0), p=1)]


def _albumentations_gaussian(size: int) -> list[albumentations.BasicTransform]:
    return [albumentations.GaussianBlur((size, size), sigma_limit=(0.5, size / 6), p=1)]


def _albumentations_chain(size: int) -> list[albumentations.BasicTransform]:
    noise = albumentations.GaussNoise(std_range=(5 / 255, 5 / 255), p=1)
    return [*_albumentations_motion(size), noise, albumentations.ImageCompression(quality_range=(70, 95), p=1)]


def lines(sizes: tuple[int, ...], larger: tuple[int, ...]) -> list[Line]:
    """Everything that is measured; ``larger`` are further sizes for PSFs that are neither sparse nor separable."""
    return [
        _line(
            "motion",
            sizes,
            _motion,
            kornia=by_kornia(_kornia_motion),
            albumentations=by_albumentations(_albumentations_motion),
        ),
        _line(
            "Gaussian",
            sizes,
            _gaussian,
            kornia=by_kornia(_kornia_gaussian),
            albumentations=by_albumentations(_albumentations_gaussian),
            deepinv=by_deepinv("GaussianBlurGenerator", lambda size: {"sigma_min": 0.5, "sigma_max": size / 6}),
        ),
        _line(
            "box",
            sizes,
            _box,
            kornia=by_kornia(lambda size: kornia.RandomBoxBlur((size, size), p=1.0)),
            albumentations=by_albumentations(lambda size: [albumentations.Blur((3, size), p=1)]),
        ),
        *_dense(sizes + larger),
        _line("mixture of four", sizes, _mixture, kornia=by_filter2d(_mixture)),
        _line(
            "motion, noise, JPEG",
            sizes,
            _chain,
            kornia=by_kornia(_kornia_chain),
            albumentations=by_albumentations(_albumentations_chain),
        ),
    ]


def _dense(sizes: tuple[int, ...]) -> list[Line]:
    shake_by_deepinv = by_deepinv("MotionBlurGenerator", lambda size: {})
    return [
        _line("defocus", sizes, _defocus, kornia=by_filter2d(_defocus)),
        _line("camera shake", sizes, _shake, kornia=by_filter2d(_shake), deepinv=shake_by_deepinv),
    ]


def _line(name: str, sizes: tuple[int, ...], build: Callable[[int], Degradation], **rivals: Build | None) -> Line:
    return Line(name, sizes, {"ours": ours(build), **rivals, "bare convolution": bare})
