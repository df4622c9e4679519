"""Exports networks: safetensors for ``deblur restore``, ONNX for everything else."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from deblur_lightning.errors import UserError
from deblur_lightning.files.plain_data import first_line, printable
from deblur_lightning.files.writing import write_atomically
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.published import Published
from deblur_lightning.restoring.model import Model

TOLERANCE = 1e-3
"""How far, in levels of [0, 1], ONNX Runtime may be from torch."""

SIDES = ((64, 96), (75, 50))
"""Height and width of the images that the two are compared on; neither is the one that was traced."""


def export_safetensors(model: Model, out: Path) -> None:
    """Write the weights, with the network's settings in the header, from which ``deblur restore --ckpt`` builds it."""
    weights = {name: value.detach().cpu().contiguous() for name, value in model.network.state_dict().items()}
    write_atomically(out, save(weights, metadata={"network": json.dumps(model.settings)}))


def export_pth(model: Model, out: Path) -> None:
    """Write a NAFNet's weights as its authors' code reads them.

    Raises:
        UserError: it is another network, or one that its authors do not have.
    """
    network = model.network.network if isinstance(model.network, Published) else model.network
    if not isinstance(network, NAFNet):
        raise UserError(f".pth files are NAFNet's, and this is {type(network).__name__}: export .safetensors instead.")
    file = io.BytesIO()
    torch.save({"params": network.authors_state_dict()}, file)
    write_atomically(out, file.getvalue())


def export_onnx(model: Model, out: Path) -> str:
    """Write the network for images of any size, and compare it with torch where ONNX Runtime is installed.

    Returns:
        A line on that comparison.

    Raises:
        UserError: the package onnx is missing, the network cannot be written so, or the two disagree.
    """
    refuse_transforms(model)
    try:
        import onnx  # noqa: F401
        import onnxscript  # type: ignore[import-not-found, unused-ignore]  # noqa: F401
    except ImportError as error:
        raise UserError("ONNX files need two packages more: pip install 'deblur_lightning[onnx]'.") from error
    try:
        data = _traced(model)
        agreement = _compare(model, data)
    except UserError:
        raise
    except Exception as error:  # there are as many reasons as there are networks
        reason = printable(first_line(error))
        raise UserError(f"{model.name} cannot be written as ONNX ({reason}): export .safetensors instead.") from error
    write_atomically(out, data)
    return agreement


def _traced(model: Model) -> bytes:
    program = torch.onnx.export(
        model.network,
        (torch.rand(2, model.channels, 80, 72),),
        dynamo=True,
        verbose=False,
        input_names=["blurred"],
        output_names=["restored"],
        dynamic_shapes=({0: "batch", 2: "height", 3: "width"},),
    )
    assert program is not None
    data: bytes = program.model_proto.SerializeToString()
    return data


def refuse_transforms(model: Model) -> None:
    """Refuse a network with Fourier transforms in it.

    Raises:
        UserError: there are some.
    """
    with _Watch() as watch, torch.no_grad():
        model.network(torch.rand(1, model.channels, 32, 32))
    if watch.transforms:
        name = type(model.network).__name__
        raise UserError(f"{name} uses Fourier transforms, which ONNX Runtime cannot run: export .safetensors instead.")


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes whether a Fourier transform is computed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.transforms = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.transforms = self.transforms or "_fft" in str(func)
        return func(*args, **(kwargs or {}))


def _compare(model: Model, data: bytes) -> str:
    try:
        import onnxruntime  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return "not compared with torch, since ONNX Runtime is not installed"
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    worst = 0.0
    for height, width in SIDES:
        image = torch.rand(1, model.channels, height, width, generator=torch.Generator().manual_seed(0))
        (found,) = session.run(None, {"blurred": image.numpy()})
        worst = max(worst, float(np.abs(found - _by_torch(model.network, image).numpy()).max()))
    if not worst <= TOLERANCE:
        raise UserError(f"ONNX Runtime differs from torch by {worst:.2g}: export .safetensors instead.")
    return f"ONNX Runtime differs from torch by {worst:.1e} at most"


@torch.no_grad()
def _by_torch(network: nn.Module, image: Tensor) -> Tensor:
    restored: Tensor = network(image)
    return restored
