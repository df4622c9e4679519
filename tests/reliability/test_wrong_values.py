"""Every number of every experiment, replaced by what it cannot be, ends in one line before training starts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightning.pytorch import Trainer

from tests.conftest import EXPERIMENTS
from tests.helpers.settings import EXPERIMENT, Deblur, Place, context

ANY_SIGN = {"angle", "axis", "direction", "down", "right", "scale", "seed", "seed_everything", "taps"}
"""Settings that may be negative."""


class Accepted(Exception):
    """Training would start."""


def numbers(settings: Any, above: Place = ()) -> Iterator[Place]:
    """The path to every number."""
    for key, value in settings.items() if isinstance(settings, dict) else enumerate(settings):
        if isinstance(value, dict | list):
            yield from numbers(value, (*above, key))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (*above, key)


def replaced(settings: Any, place: Place, value: Any) -> Any:
    """A copy of ``settings`` with ``value`` at ``place``."""
    first, *rest = place
    new = settings.copy()
    new[first] = replaced(settings[first], tuple(rest), value) if rest else value
    return new


def alone(settings: Any, place: Place) -> tuple[Any, Place]:
    """Settings without the other members of the mixtures, and steps of the chains, that ``place`` lies in.

    To read mixtures within mixtures takes seconds, and their members are read apart from each other.
    """
    if not place:
        return settings, place
    first, *rest = place
    if first in ("members", "steps") and isinstance(rest[0], int):
        kept, inner = alone(settings[first][rest[0]], tuple(rest[1:]))
        weights = {"weights": [settings["weights"][rest[0]]]} if "weights" in settings else {}
        return {**settings, first: [kept], **weights}, (first, 0, *inner)
    kept, inner = alone(settings[first], tuple(rest))
    if isinstance(settings, list):
        return [kept if index == first else value for index, value in enumerate(settings)], (first, *inner)
    return {**settings, first: kept}, (first, *inner)


def first_met() -> dict[str, list[Place]]:
    """By experiment, the numbers of its model and data that no experiment before it gives to the same class.

    Of a list the first.
    """
    met: set[tuple[str, Place]] = set()
    new: dict[str, list[Place]] = {}
    for name in EXPERIMENT:
        settings = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text())
        for place in numbers(settings):
            owner, path = context(settings, place)
            where = owner, tuple(step for step in path if not isinstance(step, int))
            if place[0] in ("model", "data") and where not in met:
                met.add(where)
                new.setdefault(name, []).append(place)
    return new


NUMBERS = first_met()


@pytest.mark.slow
@pytest.mark.parametrize("name", NUMBERS)
def test_every_wrong_number_is_refused_in_one_line(
    name: str, workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(*_: Any, **__: Any) -> None:
        raise Accepted

    monkeypatch.setattr(Trainer, "fit", fit)
    settings = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text())
    accepted = []
    for place in NUMBERS[name]:
        for value in (float("nan"), *(() if ANY_SIGN & set(map(str, place)) else (-1,))):
            wrong = replaced(*alone(settings, place), value)
            (workplace / "wrong.yaml").write_text(yaml.safe_dump(wrong, sort_keys=False))
            try:
                code, _, complained = deblur("fit", "--config", "wrong.yaml", "--run=run")
            except Accepted:
                if "kernel_size" not in place:  # kornia refuses what it draws
                    accepted.append((place, value))
                continue
            assert (code, len(complained.splitlines())) == (2, 1), (place, value, complained)
    assert not accepted
