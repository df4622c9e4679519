"""What docs/adding.md shows is run as it stands."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

Deblur = Callable[..., tuple[int, str, str]]

PAGE = (REPOSITORY / "docs" / "adding.md").read_text()
FILES = re.findall(r"`(\w+\.py)`:\n\n```python\n(.*?)```\n\n    deblur (.*?)\n", PAGE, flags=re.DOTALL)


def test_the_page_has_a_network_a_blur_and_a_source() -> None:
    assert [name for name, _, _ in FILES] == ["dilated.py", "cross.py", "stripes.py"]
    for _, text, _ in FILES:
        code = [line for line in text.split('"""')[-1].splitlines() if line.strip()]
        assert len(code) <= 25


@pytest.mark.parametrize(("name", "text", "command"), FILES)
def test_what_is_added_trains(
    name: str, text: str, command: str, workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(workplace))
    (workplace / name).write_text(text)
    tiny = ["--config=tiny.yaml", "--trainer.limit_val_batches=1", "--run=run", "--trainer.check_val_every_n_epoch=1"]
    code, _, complained = deblur(*shlex.split(command), *tiny)
    assert code == 0, complained
    module = name.removesuffix(".py")
    assert f"class_path: {module}." in (workplace / "run" / "config.yaml").read_text()
    assert any((workplace / "run" / "pictures").iterdir())
