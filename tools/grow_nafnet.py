"""Makes the shipped weights those of a larger NAFNet that restores as they do, to train it on from there.

python -m tools.grow_nafnet OUT [--config experiments/nafnet_photographs.yaml]

OUT, a .safetensors, is for --model.initial_weights. Added blocks begin as the identity, added levels as nothing: the
blocks of the old bottom become those of the level that takes its place.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
import yaml
from torch import Tensor, nn

from benchmarks.reporting import script_parser
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.restoring.export import export_safetensors
from deblur_lightning.restoring.model import Model, load_model


def grown(small: NAFNet, large: NAFNet) -> dict[str, Tensor]:
    """The weights of ``large`` after those of ``small``, of as many levels or one fewer, were put into it."""
    state = large.state_dict()
    levels = len(small.encoders)
    for number in range(levels, len(large.up)):
        for name in (name for name in state if name.startswith(f"up.{number}.")):
            nn.init.zeros_(state[name])  # what comes from below adds nothing yet
    for name, value in small.state_dict().items():
        found = re.match(r"middle\.(\d+)\.(.*)", name)
        if found is not None and len(large.encoders) > levels:
            block, rest = int(found[1]), found[2]
            down = len(large.encoders[levels])  # type: ignore[arg-type]
            place = f"encoders.{levels}.{block}" if block < down else f"decoders.{levels}.{block - down}"
            name = f"{place}.{rest}"
        if name not in state or state[name].shape != value.shape:
            raise SystemExit(f"{name}: the larger network has no place for it.")
        state[name] = value
    return state


def main(arguments: Sequence[str] | None = None) -> Path:
    """Write the weights; returns where they are."""
    parser = script_parser(__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, default=Path("experiments/nafnet_photographs.yaml"))
    given = parser.parse_args(arguments)
    network = yaml.safe_load(given.config.read_text())["model"]["init_args"]["network"]
    large, small = NAFNet(**network["init_args"]).eval(), load_model().network
    assert isinstance(small, NAFNet)
    large.load_state_dict(grown(small, large))
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        difference = (large.train()(image) - small.train()(image)).abs().max().item()
    export_safetensors(Model(large, network), given.out)
    print(f"{given.out}: restores as the shipped model does, to {difference:.1e}")
    return given.out


if __name__ == "__main__":
    main()
