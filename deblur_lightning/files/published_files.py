"""Reads weights as other people publish them: tensors by name, perhaps within a dictionary, and nothing else."""

import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from deblur_lightning.errors import UserError
from deblur_lightning.files.pickles import check_legacy, check_size, check_tensors, is_packed
from deblur_lightning.files.plain_data import first_line, printable, text_keys

SUFFIXES = (".pth", ".pt")

WRAPPERS = ("params_ema", "params", "state_dict", "model_state_dict", "model", "net", "generator")
"""Under which of these a file has the tensors, averaged ones first; what lies beside them is of the training."""

PARALLEL = "module."
"""What ``DataParallel`` puts before each name."""


def read_published(path: Path) -> dict[str, Tensor]:
    """The tensors of a .pth or .pt file by the names that its authors gave them.

    Raises:
        UserError: the file is absent, or holds anything that would have to be executed, or no tensors.
    """
    if not path.is_file():
        raise UserError(f"no file {path}: give the path of published weights.")
    try:
        if not zipfile.is_zipfile(path):
            check_legacy(path)
        elif is_packed(path):
            raise ValueError("it unpacks to more than it is")
        weights = _unwrap(torch.load(path, weights_only=True, map_location="cpu"))
        check_tensors(weights)
        check_size(weights, path)
    except Exception as error:  # a damaged file makes torch raise nearly anything
        reason = printable(first_line(error))
        raise UserError(
            f"{path} cannot be read as weights ({reason}): give a .pth or .safetensors of tensors by name, and no more."
        ) from error
    return weights


def _unwrap(content: Any) -> dict[str, Any]:
    """The tensors by name, out of the dictionaries that they may lie in.

    Raises:
        ValueError: there are none.
    """
    while isinstance(content, dict) and (inner := next((key for key in WRAPPERS if _is_dict(content, key)), None)):
        content = content[inner]
    named = text_keys(content)
    if not named:
        raise ValueError("it is empty")
    if all(name.startswith(PARALLEL) for name in named):
        named = {name.removeprefix(PARALLEL): value for name, value in named.items()}
    return named


def _is_dict(content: dict[Any, Any], key: str) -> bool:
    return isinstance(content.get(key), dict)
