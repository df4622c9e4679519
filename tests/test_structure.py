"""What holds for the code as a whole: the layers of its imports, and names that are found."""

import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from torch import nn

from deblur_lightning.commands.experiment.run import import_all
from deblur_lightning.networks.published import import_spandrel
from tests.conftest import EXPERIMENTS, REPOSITORY

Deblur = Callable[..., tuple[int, str, str]]


def test_a_wrong_way_import_fails_the_check(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "deblur_lightning", tmp_path / "deblur_lightning")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    lint = [Path(sys.executable).with_name("lint-imports")]
    assert subprocess.run(lint, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    with (tmp_path / "deblur_lightning" / "draws.py").open("a") as file:
        file.write("\nimport deblur_lightning.methods.base\n")
    answer = subprocess.run(lint, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert "deblur_lightning.draws -> deblur_lightning.methods.base" in answer.stdout


def test_every_class_an_experiment_names_is_found_by_its_short_name() -> None:
    for path in set(EXPERIMENTS.rglob("*.yaml")) - {EXPERIMENTS / "claims.yaml"}:
        assert not re.search(r"class_path: (?!kornia\.)[\w.]*\.", path.read_text()), path


def test_no_other_package_takes_the_short_name_of_a_network() -> None:
    """It would be refused as ambiguous once something imports it; what has a base of ours is looked for there."""
    import_all("networks")
    for package in ("kornia.losses", "kornia.metrics", "kornia.augmentation", "kornia.filters", "torchvision.models"):
        importlib.import_module(package)
    if find_spec("spandrel"):
        import_spandrel()
    owners: dict[str, set[str]] = {}
    waiting: list[type] = [nn.Module]
    while waiting:
        kind = waiting.pop()
        if "<locals>" not in kind.__qualname__:  # which the command line passes over
            owners.setdefault(kind.__name__, set()).add(kind.__module__)
        waiting += kind.__subclasses__()
    ours = {name for name, by in owners.items() if any(module.startswith("deblur_lightning.networks") for module in by)}
    assert "NAFNet" in ours
    assert {name: owners[name] for name in ours if len(owners[name]) > 1} == {}


def test_what_tests_share_lies_in_helpers() -> None:
    """No test module imports from another; fixtures of a folder are in its conftest."""
    for path in (REPOSITORY / "tests").rglob("*.py"):
        assert not re.search(r"^from tests\.(?!conftest |helpers[. ])", path.read_text(), re.MULTILINE), path
