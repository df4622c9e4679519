"""Tells how far a network has got within a forward pass."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

MEMORY = 64
"""Multiplications that take as long as reading and writing one value."""

SIDE = 128
"""Pixels a side of the image on which the layers' work is counted."""

LARGE = (4 * SIDE) ** 2
"""Pixels of an image from which on a pass takes long enough to be told of in shares."""


class ForwardProgress:
    """Runs a network, and tells after each of its layers which share of the pass that was.

    Args:
        network: maps (N, C, H, W) to the same; a layer is a module without parts.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._layers = [module for module in network.modules() if not list(module.children())]
        self._work = 0.0  # in multiplications for each pixel

    def run(self, images: Tensor, tell: Callable[[float], None]) -> Tensor:
        """The network's output; ``tell`` is told shares that add up to about 1."""
        pixels = images.shape[-2] * images.shape[-1]
        if pixels < LARGE:
            output: Tensor = self._network(images)
            return output
        if not self._work:
            works = [1.0]

            def add(work: float) -> None:
                works.append(work)
                tell(0)  # whoever is told may end the work

            self._run_counted(torch.zeros_like(images[..., :SIDE, :SIDE]), add)
            self._work = sum(works) / SIDE**2
        return self._run_counted(images, lambda work: tell(work / (self._work * pixels)))

    def _run_counted(self, images: Tensor, done: Callable[[float], None]) -> Tensor:
        def count(layer: nn.Module, _: object, output: Any) -> None:
            weight = getattr(layer, "weight", None)
            products = weight[0].numel() if isinstance(weight, Tensor) and weight.dim() > 1 else 0
            done(float(output.numel() * (MEMORY + products)) if isinstance(output, Tensor) else 0.0)

        hooks = [layer.register_forward_hook(count) for layer in self._layers]
        try:
            output: Tensor = self._network(images)
            return output
        finally:
            for hook in hooks:
                hook.remove()
