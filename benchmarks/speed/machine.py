"""What figures depend on: the processor, the versions, the commit; printed below every table and kept with its JSON."""

from collections.abc import Sequence
from importlib import metadata

import torch

from deblur_lightning.callbacks.scores import package_commit
from deblur_lightning.commands.reproduce.one_run import count_cores, processor_name


def machine(device: str = "cpu", packages: Sequence[str] = ()) -> dict[str, str]:
    """The machine that figures are taken on.

    Args:
        device: of torch.
        packages: beside torch and lightning, whose versions matter.
    """
    versions = {name: version(name) for name in ("torch", "lightning", *packages)}
    name = torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else processor_name()
    return {
        "device": name,
        "cores": str(count_cores()),
        "threads": str(torch.get_num_threads()),
        **versions,
        "commit": package_commit(),
    }


def version(package: str) -> str:
    """Of an installed package, or that it is none."""
    return next((found.version for found in metadata.distributions(name=package)), "not installed")
