"""How far a device's blurs, losses and ten training steps are from the CPU's, in float32 without TF32.

python -m benchmarks device_agreement [--device cuda] [--json FILE] [--quick]
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.reporting import machine, report, script_parser
from benchmarks.speed.plain_torch import by_hand
from benchmarks.speed.precisions import cases, precision
from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.defocus import DefocusBlur
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.jpeg import JPEGCompression
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.moving_object import MovingObject
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.degradations.projective import ProjectiveShake
from deblur_lightning.degradations.shake import CameraShake
from deblur_lightning.degradations.varying import SpatiallyVarying
from deblur_lightning.draws import Draws
from deblur_lightning.losses.reconstruction import L1, SSIM, Charbonnier, FrequencyL1, PSNRLoss
from deblur_lightning.methods.base import Restorer

LEVEL = 1 / 255
STEPS = 10


@dataclass(frozen=True)
class Agreement:
    """The greatest difference found, and what is allowed; of images in [0, 1], of losses and of steps relative."""

    what: str
    difference: float
    allowed: float


def degradations() -> dict[str, Degradation]:
    """One of each kind."""
    return {
        "Gaussian blur": GaussianBlur(),
        "box blur": BoxBlur(),
        "motion blur": MotionBlur(),
        "defocus": DefocusBlur(),
        "camera shake": CameraShake(),
        "spatially varying": SpatiallyVarying(CameraShake(extent=(5, 9))),
        "projective shake": ProjectiveShake(extent=(3, 9)),
        "moving object": MovingObject(CameraShake(extent=(5, 9)), MotionBlur(length=(3, 7))),
        "sensor noise": SensorNoise(),
        "JPEG": JPEGCompression((40, 90)),
    }


@torch.no_grad()
def blurs(images: Tensor, device: torch.device) -> Iterator[Agreement]:
    """Each degradation of the same images by the same draws."""
    index = torch.arange(len(images))
    for name, degradation in degradations().items():
        draws = Draws(seed=0, split="train", visit=torch.zeros_like(index), index=index)
        here = degradation(images, draws)
        there = degradation.to(device)(images.to(device), draws)
        # one level may be rounded the other way, after which JPEG goes on
        yield Agreement(name, greatest(here.blurred, there.blurred), 2 * LEVEL if name == "JPEG" else 1e-4)


def losses(images: Tensor, device: torch.device) -> Iterator[Agreement]:
    """Each loss between the same images, with its gradient."""
    sharp = images.flip(0)
    for kind in (L1, Charbonnier, SSIM, FrequencyL1, PSNRLoss):
        found = []
        for place in (torch.device("cpu"), device):
            restored = images.to(place, copy=True).requires_grad_()
            loss = kind().to(place)(restored, sharp.to(place))
            loss.backward()
            assert restored.grad is not None
            found.append((loss.detach(), restored.grad))
        yield Agreement(kind.__name__, max(map(relative, *found)), 1e-4)


def steps(images: Tensor, device: torch.device) -> Iterator[Agreement]:
    """How far the weights are apart after ten steps, of what the steps have changed."""
    for name, (_, build) in cases(True).items():
        torch.manual_seed(0)
        model = build()
        here, there = (trained(model, images, place) for place in (torch.device("cpu"), device))
        apart, moved = (one - other for one, other in ((there.after, here.after), (here.after, here.before)))
        yield Agreement(f"{STEPS} steps of {name}", (apart.norm() / moved.norm()).item(), 0.02)


@dataclass(frozen=True)
class Trained:
    """All weights of a method in a row."""

    before: Tensor
    after: Tensor


def trained(model: Restorer, images: Tensor, device: torch.device) -> Trained:
    """Ten steps by a loop over one batch."""
    networks: list[nn.Module] = []
    before: list[Tensor] = []

    def keep(network: nn.Module) -> nn.Module:
        networks.append(network)
        before.append(weights_of(network))
        return network

    pair = (images.to(device), images.flip(0).to(device))
    loop = by_hand(deepcopy(model).to(device), [pair], clip_norm=None, take=keep)
    for _ in range(STEPS):
        next(loop)
    after = [weights_of(network) for network in networks]
    return Trained(torch.cat(before), torch.cat(after))


def weights_of(network: nn.Module) -> Tensor:
    """A copy of all parameters in a row."""
    return torch.cat([parameter.detach().cpu().flatten() for parameter in network.parameters()])


def greatest(here: Tensor, there: Tensor) -> float:
    """The greatest difference."""
    return (here - there.cpu()).abs().max().item()


def relative(here: Tensor, there: Tensor) -> float:
    """The greatest difference, of the greatest value."""
    return greatest(here, there) / here.abs().max().item()


def main(arguments: Sequence[str] | None = None) -> list[Agreement]:
    """Compare, print and, if asked to, write."""
    options = script_parser(__doc__, "--json", "--quick", device="cpu").parse_args(arguments)
    device = torch.device(options.device)
    coarse = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    images = nn.functional.interpolate(coarse, size=(32, 32) if options.quick else (96, 96), mode="bicubic").clamp(0, 1)
    with precision("fp32", device):
        rows = [*blurs(images, device), *losses(images, device), *steps(images, device)]
    cells = [
        [row.what, f"{row.difference:.1e}", f"{row.allowed:.1e}", "yes" if row.difference <= row.allowed else "NO"]
        for row in rows
    ]
    report(["what", "greatest difference", "allowed", "agrees"], cells, rows, machine(options.device), options.json)
    return rows
