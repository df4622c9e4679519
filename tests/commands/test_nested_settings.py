"""Settings of nested classes are parsed once, to what jsonargparse makes of them otherwise."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonargparse import ArgumentError, ArgumentParser, Namespace, _typehints

from deblur_lightning.commands.experiment.run import import_all
from deblur_lightning.commands.nested_settings import frozen, parsed_once
from deblur_lightning.degradations.base import Degradation
from tests.conftest import REPOSITORY

NESTED = yaml.safe_load((REPOSITORY / "experiments/nafnet_photographs.yaml").read_text())["data"]["init_args"][
    "degradation"
]
TO_ANOTHER = [
    "--degradation=GaussianBlur",
    "--degradation.sigma=[1,2]",
    "--degradation=BoxBlur",
    "--degradation.border=circular",
]


def parsed(remembering: bool, *arguments: str, **settings: Any) -> Namespace:
    """What a parser of degradations makes of the command line's arguments, or of settings."""
    import_all("degradations")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(Degradation, "degradation")
    with parsed_once() if remembering else nullcontext():
        return parser.parse_object(settings) if settings else parser.parse_args(list(arguments))


@pytest.mark.parametrize("arguments", [TO_ANOTHER[:1], TO_ANOTHER[:3], TO_ANOTHER])
def test_what_the_command_line_says_comes_out_equal(arguments: list[str]) -> None:
    assert parsed(True, *arguments) == parsed(False, *arguments)


def test_nested_classes_come_out_equal_and_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, calls = _typehints.adapt_class_type, list[str]()

    def counted(value: Any, *arguments: Any, **more: Any) -> Any:
        calls.append(value.class_path)
        return parse(value, *arguments, **more)

    monkeypatch.setattr(_typehints, "adapt_class_type", counted)
    without = parsed(False, degradation=NESTED)
    often = len(calls)
    calls.clear()
    assert parsed(True, degradation=NESTED) == without
    assert len(calls) < often / 5
    assert _typehints.adapt_class_type is counted  # nothing is left behind


def test_a_mistake_is_told_as_ever() -> None:
    told = []
    for remembering in (True, False):
        with pytest.raises(ArgumentError) as caught:
            parsed(remembering, degradation={"class_path": "GaussianBlur", "init_args": {"sigma": "wide"}})
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_only_equal_settings_of_the_same_types_are_equal() -> None:
    assert frozen(Namespace(a=[1, {"b": None}])) == frozen(Namespace(a=[1, {"b": None}]))
    assert len({frozen(value) for value in (1, 1.0, True, "1", [1], (1,), {1}, 0.0, -0.0, False, None, int)}) == 12
    assert frozen(Namespace(a=1)) != frozen({"a": 1})
    with pytest.raises(TypeError, match="PosixPath is no setting"):
        frozen([Path("a")])
