"""Every blur and degradation of the package, small enough for a test, and the draws and images to try them on."""

from collections.abc import Callable

import torch
from kornia.augmentation import RandomMotionBlur
from torch import Tensor

from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.blur import Blur
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.downsampling import Downsampling
from deblur_lightning.degradations.four_factor import FourFactorBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.identity import Identity
from deblur_lightning.degradations.jpeg import JPEGCompression
from deblur_lightning.degradations.kornia_augmentation import KorniaDegradation
from deblur_lightning.degradations.linear_light import LinearLight
from deblur_lightning.degradations.mixture import InTurn, Mixture
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.moving_object import MovingObject
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.degradations.projective import ProjectiveShake
from deblur_lightning.degradations.shake import CameraShake
from deblur_lightning.degradations.varying import SpatiallyVarying
from deblur_lightning.draws import Draws

BLURS: dict[str, Callable[..., Blur]] = {
    "gaussian": lambda **settings: GaussianBlur(kernel_size=(7, 15), **settings),
    "stretched": lambda **settings: GaussianBlur(kernel_size=(15, 15), ratio=(0.3, 1.0), **settings),
    "box": lambda **settings: BoxBlur(**settings),
    "motion": lambda **settings: MotionBlur(**settings),
    "uneven motion": lambda **settings: MotionBlur(direction=(-1, 1), **settings),
    "defocus": lambda **settings: DefocusBlur(**settings),
    "shake": lambda **settings: CameraShake(extent=(5, 15), **settings),
    "four factor": lambda **settings: FourFactorBlur([[1, 0.2, 0], [0.2, 0, 0]], **settings),
}
"""Those that one PSF describes; they take a border."""

DEGRADATIONS: dict[str, Callable[[], Degradation]] = {
    **{name: lambda make=make: make(border="reflect") for name, make in BLURS.items()},  # type: ignore[misc]
    "downsampling": lambda: Downsampling(4),
    "downsampling, aliased": lambda: Downsampling(3, antialias=False),
    "varying": lambda: SpatiallyVarying(CameraShake(extent=(5, 9))),
    "projective shake": lambda: ProjectiveShake(extent=(3, 9), roll=(0, 5)),
    "projective shake, cropped": lambda: ProjectiveShake(extent=(3, 9), roll=(0, 2), frame=100),
    "moving object": lambda: MovingObject(CameraShake(extent=(5, 9)), MotionBlur(length=(3, 7))),
    "noise": lambda: SensorNoise(read=(1, 3), shot=(0, 2)),
    "jpeg": lambda: JPEGCompression((40, 90)),
    "kornia": lambda: KorniaDegradation(RandomMotionBlur((3, 9), 180.0, 0.5, border_type="reflect", p=1.0), psf_size=9),
    "linear light": lambda: LinearLight(MotionBlur(), highlights=(1, 4)),
    "unchanged": Identity,
    "mixture": lambda: Mixture([BoxBlur(), MotionBlur(), Chain([DefocusBlur(), SensorNoise()]), Identity()]),
    "mixture of blurs": lambda: Mixture([BoxBlur(), MotionBlur(), DefocusBlur()]),
    "in turn": lambda: InTurn([BoxBlur(), MotionBlur(), Identity()]),
    "chain": lambda: Chain([MotionBlur(), SensorNoise(), JPEGCompression()]),
}


def draws_for(index: Tensor | int, seed: int = 0, **settings: object) -> Draws:
    index = torch.arange(index) if isinstance(index, int) else index
    return Draws(seed=seed, split="train", visit=torch.zeros_like(index), index=index, **settings)  # type: ignore[arg-type]


def images(count: int = 3, channels: int = 3, height: int = 33, width: int = 38, seed: int = 0) -> Tensor:
    return torch.rand(count, channels, height, width, generator=torch.Generator().manual_seed(seed))
