"""Builds the network that a model file names, if it is one of this package or of a trusted module.

Whoever has written a model file chooses the class and its arguments. A class of any other module would be code of
theirs that runs here, an argument that is no plain data could name some, and a number could ask for all memory.
"""

import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from deblur_lightning.errors import UserError
from deblur_lightning.files.moved_names import with_names_of_today
from deblur_lightning.files.pickles import check_size
from deblur_lightning.files.plain_data import check_plain, first_line, printable, text_keys
from deblur_lightning.files.weight_files import PUBLISHED, check_finite

OWN = "deblur_lightning.networks"

LARGEST = 1_000_000
"""Bound of the whole numbers among a network's arguments."""

SLACK = 1_000_000
"""Values that a network may hold beside its weights, such as the mean of ImageNet."""

CALLS_FOR_EACH = 100
"""Calls of torch that building may take for each tensor among the weights, and for 100 more."""

CURE = "give a checkpoint of deblur fit, or a file of deblur export"
PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def network_of(settings: Any, weights: Mapping[str, Tensor], path: Path, trust: Sequence[str] = ()) -> nn.Module:
    """The network of the model file ``path``, with its weights, in evaluation mode.

    It is first built without memory, on torch's meta device, and compared with the weights in the file.

    Args:
        settings: class_path and init_args, as the file has them.
        weights: by the network's names for them.
        path: for messages, and for the size that the weights can have.
        trust: modules, and packages with all that is in them, whose classes the file may name too. The code of such a
            module runs, with the file's arguments.

    Raises:
        UserError: the class is of none of these modules, cannot be built, or does not fit the weights; weights that
            are no finite numbers.
    """
    if not isinstance(settings, dict) or "class_path" not in settings:
        raise UserError(f"{path} does not say which network it is of: {CURE}.")
    try:
        check_plain(text_keys(settings), LARGEST)
        settings = with_names_of_today(settings)
        calls = CALLS_FOR_EACH * (len(weights) + 100)
        if settings["class_path"] == PUBLISHED:
            check_finite(weights, path)
            return _published(weights, path, calls).requires_grad_(False).eval()
        sketch = _sketch(settings, path, trust, calls)
        _compare(sketch, weights, path)
        check_finite(weights, path)
        network = _build(settings, path, trust)
        network.load_state_dict(dict(weights))
    except UserError:
        raise
    except Exception as error:  # whatever a constructor makes of numbers that somebody else has chosen
        name, reason = printable(settings["class_path"]), printable(first_line(error))
        raise UserError(f"{path} is of a network {name} that cannot be built here ({reason}).") from error
    return network.requires_grad_(False).eval()


def check_output(network: nn.Module, image: Tensor, shape: Sequence[int], path: Path) -> None:
    """Refuse a network that does not make what it should of an image.

    What it says itself, by a ``UserError``, it will say of a photo too.

    Args:
        network: of a model file.
        image: (B, C, H, W), to try it on.
        shape: of what should come of it.
        path: the file, for messages.

    Raises:
        UserError: it fails otherwise, or makes something else.
    """
    try:
        with torch.inference_mode():
            found = network(image)
    except UserError:
        return
    except Exception as error:  # networks within networks, chosen by somebody else
        reason = printable(first_line(error))
        raise UserError(f"{path} is of {type(network).__name__}, which fails on an image ({reason}).") from error
    if not isinstance(found, Tensor) or found.shape != torch.Size(shape) or not found.isfinite().all():
        raise UserError(
            f"{path} is of {type(network).__name__}, which makes something else of an image than is wanted here: "
            "give another model."
        )


class _Sketch(TorchFunctionMode):
    """Counts the calls of torch, so that no number in a file makes building go on without end."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._left = calls

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._left -= 1
        if self._left < 0:
            raise OverflowError("it has far more layers than the file has weights")
        return func(*args, **(kwargs or {}))


def _sketch(settings: dict[str, Any], path: Path, trust: Sequence[str], calls: int) -> nn.Module:
    try:
        with _Sketch(calls), torch.device("meta"):
            return _build(settings, path, trust)
    except RuntimeError:
        if str(settings["class_path"]).startswith(f"{OWN}."):
            raise
        return _build(settings, path, trust)  # one of the user's may need values, which the meta device does not have


def _published(weights: Mapping[str, Tensor], path: Path, calls: int) -> nn.Module:
    """Somebody else's network, known by the names and shapes of its weights; the file says nothing else of it."""
    kind = import_module(OWN).Published
    check_size(weights, path)
    with _Sketch(calls):
        inner = {name.removeprefix("network."): value for name, value in weights.items()}
        network: nn.Module = kind.of_weights(inner, str(path))
    return network


def _build(settings: dict[str, Any], path: Path, trust: Sequence[str]) -> nn.Module:
    kind = _find(settings, path, trust)
    if settings["class_path"] == PUBLISHED:
        raise ValueError("it can be no part of another network")  # it would read whatever file is named here
    given = {**text_keys(settings.get("init_args") or {}), **text_keys(settings.get("dict_kwargs") or {})}
    hints = _hints(kind)
    arguments = {name: _argument(value, path, trust) for name, value in given.items()}
    for name, value in arguments.items():
        if not _fits(value, hints.get(name, Any)):
            raise ValueError(f"{name}={printable(given[name])} does not fit")
        if get_origin(hints.get(name)) is tuple:
            arguments[name] = tuple(value)
    try:
        return kind(**arguments)
    except UserError as error:  # names an argument, but not the file that has it
        raise ValueError(str(error)) from error


def _argument(value: Any, path: Path, trust: Sequence[str]) -> Any:
    """What is plain as it is; a network within the network built."""
    if isinstance(value, dict) and "class_path" in value:
        return _build(value, path, trust)
    if isinstance(value, list | tuple):
        return type(value)(_argument(inner, path, trust) for inner in value)
    return value


def _find(settings: Mapping[str, Any], path: Path, trust: Sequence[str]) -> type[nn.Module]:
    name = settings.get("class_path")
    others = set(settings) - {"class_path", "init_args", "dict_kwargs"}
    if others or not isinstance(name, str) or not PATH.fullmatch(name):
        raise UserError(f"{path} does not say which network it is of: {CURE}.")
    module, _, own_name = name.rpartition(".")
    _refuse_unless_trusted(name, module, path, trust)
    kind = getattr(import_module(module), own_name, None)
    if not isinstance(kind, type) or not issubclass(kind, nn.Module):
        raise ValueError("it is no network")
    _refuse_unless_trusted(name, kind.__module__, path, trust)
    return kind


def _refuse_unless_trusted(name: str, module: str, path: Path, trust: Sequence[str]) -> None:
    if not any(f"{module}.".startswith(f"{allowed}.") for allowed in (OWN, *trust)):
        raise UserError(
            f"{path} names the network {printable(name)}, which is not of this package, and its code would run here: "
            f"if you trust that code, say so by --trust={printable(module)}."
        )


def _compare(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    name, wanted = type(network).__name__, network.state_dict()
    if {key: _kind(value) for key, value in wanted.items()} != {key: _kind(value) for key, value in weights.items()}:
        raise UserError(f"{path} does not fit the {name} that it says it is of: get another copy.")
    held = {id(value): value.numel() for value in (*network.parameters(), *network.buffers())}
    if sum(held.values()) > path.stat().st_size + SLACK:
        raise UserError(f"{path} is smaller than the {name} that it says it is of: get another copy.")


def _kind(value: Tensor) -> tuple[torch.Size, bool, bool]:
    return value.shape, value.is_floating_point(), value.is_complex()


def _hints(kind: type) -> dict[str, Any]:
    try:
        return get_type_hints(vars(kind).get("__init__"))
    except Exception:  # a user's own annotations may name what is not there
        return {}


def _fits(value: Any, hint: Any) -> bool:
    """Whether ``value`` is what an annotation asks for; where that cannot be told it is left to the constructor."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is Literal:
        return any(value == one and type(value) is type(one) for one in inner)
    if hint in (bool, int, str, None, NoneType):
        return value is None if hint in (None, NoneType) else type(value) is hint
    if hint is float:
        return type(value) in (float, int)
    if isinstance(hint, type) and issubclass(hint, nn.Module):
        return isinstance(value, hint)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _elements_fit(value, inner, is_fixed=origin is tuple and ... not in inner)
    return True


def _elements_fit(value: Any, hints: tuple[Any, ...], is_fixed: bool) -> bool:
    if not isinstance(value, list | tuple):
        return False
    if is_fixed:
        return len(value) == len(hints) and all(map(_fits, value, hints))
    return not hints or all(_fits(one, hints[0]) for one in value)
