"""Steps and images per second, memory and share of the peak of a training step, by precision, layout and compilation.

python -m benchmarks precisions [--device cuda] [--only NAME ...] [--steps 10] [--json FILE] [--quick]

Ready tensors, forward, backward, optimizer: report E's GAN (64x3x96x96), experiments/nafnet_blind.yaml's network (the
same images) and report D's SRCNN of width 2048 (16x3x96x96). The peak is what a product of two large matrices reaches
in the same precision and the same run.
"""

import contextlib
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.reporting import machine, report, script_parser
from benchmarks.speed.plain_torch import by_hand
from benchmarks.timing import seconds_for, synchronise
from deblur_lightning.methods.adversarial import AdversarialRestorer
from deblur_lightning.methods.base import Restorer
from deblur_lightning.methods.regression import RegressionRestorer
from deblur_lightning.methods.srcnn import SRCNNRestorer
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.patchgan import MultiScalePatchGAN
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.networks.unet import UNet

VARIANTS = ("fp32", "tf32", "bf16", "bf16, channels-last", "bf16, channels-last, compiled")
"""NAFNet's own parameters are channels-last in each; only its input changes."""
CYCLE = 3
"""Steps after which the GAN's two networks have met their ratio."""


@dataclass(frozen=True)
class StepFigures:
    """A step's figures; memory in MiB at the peak (0 on a CPU), share of the peak from 0 to 1."""

    case: str
    variant: str
    steps: float
    images: float
    memory: float
    share: float


def cases(quick: bool) -> dict[str, tuple[int, Callable[[], Restorer]]]:
    """By name, the batch and what builds the method."""
    widths, width = ((4, 8), 8) if quick else ((64, 128, 256, 512), 2048)
    blocks = {"encoder_blocks": [1, 2], "middle_blocks": 6, "decoder_blocks": [1, 2], "window": 96, "shuffle": 2}
    return {
        "deblurgan": (64, lambda: AdversarialRestorer(UNet(widths=widths), MultiScalePatchGAN(widths=widths))),
        "nafnet": (64, lambda: RegressionRestorer(NAFNet(width=8 if quick else 32, **blocks))),  # type: ignore[arg-type]
        "srcnn_2048": (16, lambda: SRCNNRestorer(SRCNN(widths=(width, width), paddings=(2, 2, 2)))),
    }


@contextlib.contextmanager
def precision(variant: str, device: torch.device) -> Iterator[None]:
    """The arithmetic of a variant."""
    torch.set_float32_matmul_precision("high" if "tf32" in variant else "highest")
    torch.backends.cudnn.allow_tf32 = "tf32" in variant
    with torch.autocast(device.type, torch.bfloat16, enabled="bf16" in variant):
        yield
    torch.set_float32_matmul_precision("highest")


def peak_rate(variant: str, device: torch.device, side: int) -> float:
    """Operations per second of a product of two matrices."""
    one = torch.rand(side, side, device=device)
    one = one.bfloat16() if "bf16" in variant else one
    with precision(variant, device):
        torch.matmul(one, one)
        return 2 * side**3 / min(seconds_for(lambda: torch.matmul(one, one), 5, device) for _ in range(3))


def prepare(build: Callable[[], Restorer], variant: str, device: torch.device) -> Restorer:
    """The method on its device, in the layout of the variant, compiled if that is part of it."""
    torch.manual_seed(0)
    model = build().to(device)
    if "channels-last" in variant:
        model = model.to(memory_format=torch.channels_last)
    if "compiled" in variant:
        for module in (model.network, getattr(model, "discriminator", None)):
            if isinstance(module, nn.Module):
                module.compile()
    return model


def measure(case: str, variant: str, options: Namespace) -> StepFigures:
    """One method in one variant."""
    device = torch.device(options.device)
    batch, build = cases(options.quick)[case]
    batch, side = (2, 32) if options.quick else (options.batch or batch, 96)
    images = torch.rand(2, batch, 3, side, side, device=device)
    layout = torch.channels_last if "channels-last" in variant else torch.contiguous_format
    blurred, sharp = (image.contiguous(memory_format=layout) for image in images)
    loop = by_hand(prepare(build, variant, device), [(blurred, sharp)], clip_norm=None, take=keep)
    with precision(variant, device):
        operations = operations_of(prepare(build, variant.replace(", compiled", ""), device), (blurred, sharp))
        for _ in range(CYCLE):
            next(loop)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        cycles = -(-options.steps // CYCLE)
        synchronise(device)
        start = time.perf_counter()
        for _ in range(cycles * CYCLE):
            next(loop)
        synchronise(device)
        seconds = (time.perf_counter() - start) / (cycles * CYCLE)
    memory = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else 0.0
    share = operations / seconds / peak_rate(variant, device, 256 if options.quick else options.side)
    return StepFigures(case, variant, 1 / seconds, batch / seconds, memory, share)


def keep(network: nn.Module) -> nn.Module:
    """The network itself: a copy of a compiled one is not compiled."""
    return network


def operations_of(model: Restorer, pair: tuple[Tensor, Tensor]) -> float:
    """Of a step, on average over a cycle; a product and a sum are two."""
    loop = by_hand(model, [pair], clip_norm=None)
    with FlopCounterMode(display=False) as counter:
        for _ in range(CYCLE):
            next(loop)
    return counter.get_total_flops() / CYCLE


def main(arguments: Sequence[str] | None = None) -> list[StepFigures]:
    """Measure, print and, if asked to, write."""
    parser = script_parser(__doc__, "--json", "--quick", device="cpu")
    parser.add_argument("--only", nargs="+", choices=cases(True), default=list(cases(True)), metavar="NAME")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, help="in place of the cases' own")
    parser.add_argument("--side", type=int, default=4096, help="of the matrices that tell the peak")
    options = parser.parse_args(arguments)
    rows = []
    for case, variant in product(options.only, options.variants):
        torch.compiler.reset()
        rows.append(measure(case, variant, options))
    cells = [
        [row.case, row.variant, f"{row.steps:.2f}", f"{row.images:.0f}", f"{row.memory:.0f}", f"{row.share:.0%}"]
        for row in rows
    ]
    header = ["step of", "variant", "steps/s", "images/s", "MiB", "of the peak"]
    report(header, cells, rows, machine(options.device), options.json)
    return rows
