"""Names in files of earlier versions, and what they are called today."""

import re
from functools import cache
from importlib import import_module
from typing import Any

MODULES = {
    "deblur_lightning.degradations.shifted": "deblur_lightning.degradations.shift",
    "deblur_lightning.degradations.unchanged": "deblur_lightning.degradations.identity",
    "deblur_lightning.methods.schedules": "deblur_lightning.optim.schedules",
    "deblur_lightning.sources.drawn_digits": "deblur_lightning.sources.synthetic_digits",
    "deblur_lightning.sources.drawn_shapes": "deblur_lightning.sources.synthetic_shapes",
    "deblur_lightning.sources.paired": "deblur_lightning.sources.paired_folder",
    "deblur_lightning.sources.prepared": "deblur_lightning.sources.preprocessed",
    "deblur_lightning.sources.shared_target": "deblur_lightning.sources.repeated",
    "deblur_lightning.sources.widened": "deblur_lightning.sources.concat_training",
    "deblur_lightning.callbacks.task": "deblur_lightning.callbacks.task_accuracy",
}
CLASSES = {
    "DrawnDigits": "SyntheticDigits",
    "DrawnShapes": "SyntheticShapes",
    "Prepared": "Preprocessed",
    "SharedTarget": "Repeated",
    "Unchanged": "Identity",
    "Widened": "ConcatTraining",
}
ARGUMENTS = {"crop": "crop_border", "rim": "loss_border"}
"""Of the methods."""

ENDED = ("initial_weights",)
"""Arguments of methods that no longer are, left out where they say nothing; ``--weights`` does this one's work."""

METHODS = (
    *("AdversarialRestorer", "ClassicalRestorer", "DeconvRestorer"),
    *("OracleWiener", "RegressionRestorer", "SRCNNRestorer"),
)


def with_names_of_today(structure: Any) -> Any:
    """A copy of ``structure``, dicts and lists of plain values, with the names of today.

    Classes are renamed where ``class_path`` or ``_class_path``, which Lightning writes, names them; the arguments of
    methods, where such a class takes them. Anything else stays as it is.
    """
    return _rename(structure, {})


def _rename(structure: Any, known: dict[int, Any]) -> Any:
    """``known`` holds what has been met already: YAML can refer to one place several times, and to itself."""
    if not isinstance(structure, dict | list | tuple) or id(structure) in known:
        return known.get(id(structure), structure)
    known[id(structure)] = structure
    if isinstance(structure, dict):
        result: Any = _rename_class({key: _rename(value, known) for key, value in structure.items()})
    else:
        result = type(structure)(_rename(inner, known) for inner in structure)
    known[id(structure)] = result
    return result


def _rename_class(settings: dict[Any, Any]) -> dict[Any, Any]:
    for key in ("class_path", "_class_path"):
        path = settings.get(key)
        if not isinstance(path, str):
            continue
        settings[key] = class_today(path)
        if path.rpartition(".")[2] in METHODS:
            if key == "_class_path":
                return _arguments_today(settings)
            if isinstance(settings.get("init_args"), dict):
                settings["init_args"] = _arguments_today(settings["init_args"])
    return settings


def class_today(path: str) -> str:
    """The name of today of the class ``path``, dotted or short: a public one of ours by its package."""
    module, dot, name = path.rpartition(".")
    if not dot:
        return CLASSES.get(name, name)
    if module in MODULES:
        module, name = MODULES[module], CLASSES.get(name, name)
    package = re.match(r"deblur_lightning\.[a-z]+(?=\.)", f"{module}.")
    if package and name in public_names(package[0]):
        return f"{package[0]}.{name}"
    return f"{module}.{name}"


@cache
def public_names(package: str) -> frozenset[str]:
    """What a package of ours exports; nothing where there is no such package."""
    try:
        return frozenset(getattr(import_module(package), "__all__", ()))
    except ImportError:
        return frozenset()


def _arguments_today(arguments: dict[str, Any]) -> dict[str, Any]:
    left = {name: value for name, value in arguments.items() if name not in ENDED or value is not None}
    return {ARGUMENTS.get(name, name): value for name, value in left.items()}
