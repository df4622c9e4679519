"""A pretended accelerator: tensors that say they lie on another device, computed on the CPU.

It finds without an accelerator what would fail or wait on one: host and device tensors that are mixed, and waits for
the device. It knows nothing of speed. Once set up it stays for the process: ``tests/test_accelerator.py`` starts one.
"""

import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.accelerators import Accelerator
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

SETUP = getattr(backend_registration, "_setup_privateuseone_for_python_backend", None)
"""torch's hook for devices written in Python (2.14 and 2.15); None where it has none."""
NAME = "pretended"
HostGenerator = torch.Generator

aten = torch.ops.aten
_WAITING = {aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten._unique2, aten.unique_dim, aten.equal}
_WAITING |= {aten.bincount, aten.repeat_interleave}  # they look at the values to know their size
_INDEXING = {aten.index, aten.index_put, aten.index_put_}
_COPYING = {aten._to_copy, aten.copy_}
_PHYSICALLY = {aten._conj.default: aten.conj_physical.default, aten._neg_view.default: aten.neg.default}
"""What is here done at once, since a dispatch mode does not see the marks of what is put off."""
_FROM_NUMBERS = {torch.tensor, torch.as_tensor, torch.asarray}


class MixedDevicesError(RuntimeError):
    """An operation on tensors of the host and of the device."""


class _Module:
    """What torch asks of a device's module."""

    is_available = is_initialized = staticmethod(lambda: True)
    current_device = staticmethod(lambda: 0)
    device_count = staticmethod(lambda: 1)
    _is_in_bad_fork = staticmethod(lambda: False)
    manual_seed_all = staticmethod(lambda seed: None)
    get_amp_supported_dtype = staticmethod(lambda: [torch.bfloat16, torch.float16])


@cache
def device() -> torch.device:
    """The pretended device."""
    assert SETUP is not None
    SETUP(rename=NAME, backend_module=_Module())
    return torch.device(NAME, 0)


class PretendedAccelerator(Accelerator):
    """The device as Lightning takes it."""

    def setup_device(self, device: torch.device) -> None: ...

    def teardown(self) -> None: ...

    def get_device_stats(self, device: Any) -> dict[str, Any]:
        return {}

    @staticmethod
    def parse_devices(devices: Any) -> list[torch.device]:
        return [device()]

    @staticmethod
    def get_parallel_devices(devices: Any) -> list[torch.device]:
        return [device()]

    @staticmethod
    def auto_device_count() -> int:
        return 1

    @staticmethod
    def is_available() -> bool:
        return True

    @staticmethod
    def name() -> str:
        return NAME


class DeviceTensor(Tensor):
    """A tensor that says it lies on the device; ``held`` is where it is."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "DeviceTensor":
        made: DeviceTensor = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, held.shape, held.stride(), held.storage_offset(), dtype=held.dtype, device=torch.device(NAME, 0)
        )
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})

    def tolist(self) -> Any:
        return self.cpu().tolist()  # torch refuses it for subclasses

    def __repr__(self, *, tensor_contents: object = None) -> str:
        return f"DeviceTensor({self.held})"


class Watch(TorchDispatchMode):
    """While it is entered, counts the waits for the device by operation and place, and makes the device's tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[str] = Counter()
        self._numbers = _FromNumbers()

    def __enter__(self) -> "Watch":
        self._numbers.__enter__()
        torch.Generator = _generator  # type: ignore[misc, assignment]
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        torch.Generator = HostGenerator  # type: ignore[misc]
        self._numbers.__exit__(*error)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if _waits(func.overloadpacket, args, kwargs):
            self.waits[f"{func.overloadpacket} in {_asking()}"] += 1
        return _compute(func, args, kwargs)


class _FromNumbers(TorchFunctionMode):
    """``torch.tensor`` reaches a device past every dispatch: here it is made on the host and sent."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in _FROM_NUMBERS and _is_there(kwargs.get("device")):
            wanted = kwargs.pop("device")
            return func(*args, **kwargs).to(wanted)
        return func(*args, **kwargs)


def _generator(wanted: Any = "cpu") -> torch.Generator:
    """The device has no generator, which cannot be written in Python: it draws as the host does."""
    return HostGenerator("cpu" if _is_there(wanted) else wanted)


def _asking() -> str:
    """The file and line outside of torch and of this module that has called."""
    frame = sys._getframe(2)
    while ("/torch/" in frame.f_code.co_filename or frame.f_code.co_filename == __file__) and frame.f_back is not None:
        frame = frame.f_back
    return f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{frame.f_lineno}"


def _is_there(wanted: Any) -> bool:
    return wanted is not None and torch.device(wanted).type == NAME


def _waits(operation: Any, args: Any, kwargs: Any) -> bool:
    """Whether the host needs a result of the device to go on: a number, a size or a copy."""
    if not any(isinstance(leaf, DeviceTensor) for leaf in tree_leaves((args, kwargs))):
        return False
    if operation in _INDEXING:
        return any(isinstance(leaf, Tensor) and leaf.dtype == torch.bool for leaf in tree_leaves(args[1]))
    if operation is aten._to_copy:
        return kwargs.get("device") is not None and not _is_there(kwargs["device"])
    return operation in _WAITING or (operation is aten.copy_ and not isinstance(args[0], DeviceTensor))


def _compute(func: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation on what the tensors hold; its results lie where a device would have put them."""
    leaves = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    there = [leaf for leaf in leaves if isinstance(leaf, DeviceTensor)]
    here = [leaf for leaf in leaves if not isinstance(leaf, DeviceTensor) and leaf.ndim]
    if there and here and func.overloadpacket not in _COPYING:
        sizes = [tuple(leaf.shape) for leaf in here]
        raise MixedDevicesError(f"{func}: tensors of {sizes} are on the host, others on the device.")
    wanted = kwargs.get("device")
    on_host = kwargs if wanted is None else {**kwargs, "device": "cpu" if _is_there(wanted) else wanted}
    args_held, kwargs_held = tree_map(
        lambda value: value.held if isinstance(value, DeviceTensor) else value, (args, on_host)
    )
    result = _PHYSICALLY.get(func, func)(*args_held, **kwargs_held)
    own = {id(tensor.held): tensor for tensor in there}  # what was changed in place is returned as it was given
    stays = bool(there) if wanted is None else _is_there(wanted)
    if func.overloadpacket is aten.copy_:
        return args[0]

    def placed(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        if id(value) in own:
            return own[id(value)]
        return DeviceTensor(value) if stays else value

    return tree_map(placed, result)
