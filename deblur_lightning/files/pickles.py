"""What the pickles within files of torch may name, looked at before torch reads them."""

import pickletools
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from deblur_lightning.files.plain_data import text_keys

NAMED = re.compile(
    r"(collections (OrderedDict|Counter))|((builtins|__builtin__) (set|complex))|(torch\.nn\.parameter Parameter)"
    r"|(torch\._utils _rebuild_(parameter|tensor(_v2|_v3)?))|(torch (Size|device))"
    r"|(torch(\.storage)? \w+Storage)|(torch (bfloat|bool|complex|float|int|uint|long|half|double)\w*)"
)
"""What a pickle may name. ``weights_only`` allows more, some of it as large as the file wants it."""

LEGACY_PICKLES = 5
"""A file of before torch 1.6 begins with so many; the values follow."""


def is_packed(path: Path) -> bool:
    """Whether a file of torch, a zip whose entries torch leaves as they are, would unpack to more than it is.

    Raises:
        ValueError: it names what no weights need.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            return True
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            return True
        (pickled,) = (entry for entry in entries if entry.filename.rpartition("/")[2] == "data.pkl")
        _check_names(archive.read(pickled))
    return False


def check_legacy(path: Path) -> None:
    """Refuse a file of before torch 1.6 whose pickles name what no weights need.

    Raises:
        ValueError: it does, or it is no such file.
    """
    with path.open("rb") as file:
        for _ in range(LEGACY_PICKLES):
            _check_names(file)


def check_tensors(named: Any) -> None:
    """Refuse what is no dictionary of tensors in this machine's memory by name.

    Raises:
        ValueError: it is something else.
    """
    for value in text_keys(named).values():
        if not isinstance(value, Tensor) or value.layout != torch.strided or value.device.type != "cpu":
            raise ValueError("it holds something else where weights should be")


def check_size(weights: Mapping[str, Tensor], path: Path) -> None:
    """Refuse tensors that repeat what the file holds once, and would take more memory than it takes room.

    Raises:
        ValueError: they would.
    """
    held = {(x.data_ptr(), x.shape): x.nbytes for x in weights.values()}  # names may share a tensor
    if sum(held.values()) > path.stat().st_size:
        raise ValueError("it is smaller than its tensors")


def _check_names(pickled: bytes | IO[bytes]) -> None:
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name == "GLOBAL" and not NAMED.fullmatch(str(argument)):
            raise ValueError(f"it names {argument}")
