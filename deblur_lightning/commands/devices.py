"""The option --device of our own subcommands."""

import torch

from deblur_lightning.errors import UserError


def chosen_device(name: str) -> torch.device:
    """The device called ``name``: auto takes the GPU where there is one.

    Raises:
        UserError: no such name, or no such device.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise UserError(f"--device={name}: choose from auto, cpu, cuda.")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise UserError("--device=cuda, but there is no GPU that torch can use: give --device=cpu, or leave it out.")
    return torch.device("cuda" if name != "cpu" and available else "cpu")
