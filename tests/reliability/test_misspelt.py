"""Every setting of every experiment, misspelt in turn, ends in one line that names it, before anything is built."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import EXPERIMENTS
from tests.helpers.settings import EXPERIMENT, Deblur, Place, context


def places(settings: Any, above: Place = ()) -> Iterator[Place]:
    """The path to every key, whatever it lies in."""
    inside = settings.items() if isinstance(settings, dict) else enumerate(settings)
    for key, value in inside:
        if isinstance(settings, dict):
            yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, (*above, key))


def misspelt(settings: Any, place: Place) -> Any:
    """A copy of ``settings`` in which the key at ``place`` has two letters more."""
    first, *rest = place
    if isinstance(settings, list):
        return [misspelt(value, tuple(rest)) if number == first else value for number, value in enumerate(settings)]
    if not rest:
        return {(f"{key}xq" if key == first else key): value for key, value in settings.items()}
    return {key: misspelt(value, tuple(rest)) if key == first else value for key, value in settings.items()}


def refused(settings: Any, workplace: Path, deblur: Deblur) -> str:
    (workplace / "wrong.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    code, _, complained = deblur("fit", "--config", "wrong.yaml", "--run=run")
    assert code == 2, complained
    assert "Traceback" not in complained
    assert len(complained.splitlines()) == 1, complained
    assert not (workplace / "run").exists()
    return complained


def first_met() -> dict[str, list[Place]]:
    """By experiment, its keys that no experiment before it gives to the same class."""
    met: set[tuple[str, Place]] = set()
    new: dict[str, list[Place]] = {}
    for name in EXPERIMENT:
        settings = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text())
        for place in places(settings):
            if (where := context(settings, place)) not in met:
                met.add(where)
                new.setdefault(name, []).append(place)
    return new


KEYS = first_met()


@pytest.mark.slow
@pytest.mark.parametrize("name", KEYS)
def test_every_key_misspelt_is_refused_in_one_line(name: str, workplace: Path, deblur: Deblur) -> None:
    settings = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text())
    found = KEYS[name]
    untold = []
    for place in found:
        complained = refused(misspelt(settings, place), workplace, deblur)
        if f"{place[-1]}xq" not in complained and place[-1] not in ("class_path", "init_args"):
            untold.append((place, complained))
    assert not untold
