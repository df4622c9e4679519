"""YAML that refuses a key given twice; jsonargparse would silently take the later one."""

from typing import Any

import yaml
from jsonargparse import get_loader, set_loader

from deblur_lightning.files.moved_names import with_names_of_today

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_load = get_loader("yaml")


class RepeatedKey(yaml.MarkedYAMLError):  # type: ignore[misc, unused-ignore]
    """A key stands twice in one place."""


def load(text: str) -> Any:
    """What ``text`` says, as jsonargparse reads it.

    Raises:
        YAMLError: it is no YAML, or a key is given twice.
    """
    refuse_repeated_keys(text)
    return with_names_of_today(_load(text))


def refuse_repeated_keys(text: str) -> None:
    """Go through ``text`` as far as its structure.

    Raises:
        YAMLError: it is no YAML, or a key is given twice.
    """
    waiting = [yaml.compose(text, Loader=LOADER)]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # met again through an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            _refuse_repeated([key for key, _ in node.value])
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _refuse_repeated(keys: list[Any]) -> None:
    known: set[str] = set()
    for key in keys:
        if isinstance(key, yaml.ScalarNode) and key.value in known:
            raise RepeatedKey(problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark)
        known.add(str(key.value))


set_loader("yaml", load, (yaml.YAMLError,))
