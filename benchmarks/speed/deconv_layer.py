"""The deconvolution layer, forward and backward, against its report's formula computed as it is written down.

python -m benchmarks deconv_layer [--quick] [--threads 2] [--json FILE]

Forward and backward; medians over rounds with their quartiles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.reporting import machine, report, script_parser
from benchmarks.timing import Ratio, Rounds, ratio, time_in_turns
from deblur_lightning.networks.deconv import FourierDeconv2d

CASES = ((16, 3, 96, 4), (16, 3, 96, 1), (4, 64, 32, 4), (4, 64, 32, 1), (2, 64, 64, 4))
"""Images, channels in and out, side in pixels, factors."""


@dataclass(frozen=True)
class Comparison:
    """The greatest relative difference of the outputs, and how many times as fast ours is."""

    case: tuple[int, int, int, int]
    difference: float
    speed: Ratio


def by_formula(layer: FourierDeconv2d, image: Tensor) -> Tensor:
    """G1 G2 G3 G4 for every pair of channels, each transformed there and back as a complex image."""
    kernel, size = layer.kernel, image.shape[-2:]
    padded = kernel.new_zeros(*kernel.shape[:2], *size)
    padded[..., : kernel.shape[2], : kernel.shape[3]] = kernel
    g1 = 1 / torch.fft.fft2(padded)
    g2, g3 = (g1.flip(axis).roll(1, axis) for axis in (2, 3))
    g4 = g2.flip(3).roll(1, 3)
    response = g1 * g2 * g3 * g4 if layer.factors == 4 else g1
    pairs = torch.fft.ifft2(torch.fft.fft2(image)[:, None] * response).real
    result = pairs.sum(dim=2) / image.shape[1] ** 0.5
    assert layer.bias is not None
    return result + layer.bias[:, None, None]


def measure(case: tuple[int, int, int, int], turns: Rounds) -> Comparison:
    """One case."""
    count, channels, side, factors = case
    torch.manual_seed(0)
    layer = FourierDeconv2d(channels, channels, (4, 4), factors=factors)  # type: ignore[arg-type]
    image = torch.rand(count, channels, side, side)
    with torch.no_grad():
        wanted = by_formula(layer, image)
        difference = float((layer(image) - wanted).abs().max() / wanted.abs().max())

    def step(apply: Callable[[Tensor], Tensor]) -> Callable[[], None]:
        return lambda: apply(image.clone().requires_grad_()).square().mean().backward()

    works = {"ours": step(layer), "formula": step(lambda given: by_formula(layer, given))}
    seconds = time_in_turns(works, turns, image.device)
    return Comparison(case, difference, ratio(seconds["ours"], seconds["formula"]))


def main(arguments: Sequence[str] | None = None) -> list[Comparison]:
    """Measure, print and, if asked to, write."""
    options = script_parser(__doc__, "--json", "--quick", threads=2).parse_args(arguments)
    torch.set_num_threads(options.threads)
    cases = ((1, 3, 12, 4), (1, 9, 12, 1)) if options.quick else CASES
    turns = Rounds(rounds=1, least_seconds=0) if options.quick else Rounds()
    found = [measure(case, turns) for case in cases]
    rows = [
        [f"{count}x{channels}x{side}x{side}", str(factors), f"{row.difference:.1e}", str(row.speed)]
        for row in found
        for count, channels, side, factors in [row.case]
    ]
    header = ["images", "factors", "relative difference", "formula / ours, seconds"]
    report(header, rows, found, machine(), options.json)
    return found
