"""Tells by which options the arguments are set that an error speaks of."""

import re
from collections.abc import Iterator
from typing import Any

from jsonargparse import Namespace

_CULPRIT = re.compile(r"(?:^|(?<=[ ,]))([a-z]\w*)=")
_CURE = re.compile(r"\bset ([a-z][\w.]*)=(None\b)?")


def with_options(message: str, settings: Namespace) -> str:
    """``message``, which speaks of arguments, with the options that set them.

    "SRCNN widths=[0]: give 1 or more." gets " (--model.network.widths)" at its end, and "set channels=1" becomes
    "set --model.network.channels=1". An argument stays as it is where several parts of the settings have one of that
    name, unless the message begins with the class whose it is.

    Args:
        message: a sentence that ends in a full stop.
        settings: of the command, with all defaults.
    """
    options = list(_options(settings))
    owner = message.split(" ", 1)[0].rstrip(":")

    def cure(found: re.Match[str]) -> str:
        option = _option(options, owner, found[1])
        return f"set --{option}={'null' if found[2] else ''}" if option else found[0]

    told = _CURE.sub(cure, message)
    culprits = [_option(options, owner, name) for name in _CULPRIT.findall(message.partition(": ")[0])]
    named = [f"--{option}" for option in dict.fromkeys(culprits) if option and f"--{option}=" not in told]
    return f"{told.removesuffix('.')} ({', '.join(named)})." if named else told


def _option(options: list[tuple[str, str]], owner: str, name: str) -> str | None:
    """The option that sets the argument ``name`` of ``owner``, or of whatever has one, if there is a single one."""
    named = [(whose, option) for whose, option in options if option == name or option.endswith(f".{name}")]
    found = [option for whose, option in named if whose == owner] or [option for _, option in named]
    return found[0] if len(found) == 1 else None


def _options(settings: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """For each option the class whose argument it sets, and its name; what lies in lists has none."""
    owner = str(settings.get("class_path", "")).rsplit(".", 1)[-1]
    arguments = settings.get("init_args") if owner else settings
    for name, value in vars(arguments).items() if arguments else ():
        yield owner, f"{path}{name}"
        if isinstance(value, Namespace):
            yield from _options(value, f"{path}{name}.")
