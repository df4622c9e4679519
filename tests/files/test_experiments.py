"""Experiments are found by name, from whatever folder."""

from pathlib import Path

import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.files.experiments import (
    experiment_names,
    experiment_path,
    experiments_folder,
    with_experiment_paths,
)


@pytest.mark.parametrize("given", ["deblurgan", "deblurgan.yaml", "experiments/deblurgan.yaml"])
def test_an_experiment_has_a_name(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert experiment_path(given) == experiments_folder() / "deblurgan.yaml"


def test_a_file_of_one_s_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = Path("experiments/deblurgan.yaml")
    own.parent.mkdir()
    own.write_text("seed_everything: 1\n")
    assert experiment_path(str(own)) == own


@pytest.mark.parametrize(
    ("given", "cure"),
    [
        ("deblugan", "did you mean deblurgan? deblur experiments lists them."),
        ("nothing/like/it", "of that name: deblur experiments lists them."),
    ],
)
def test_a_misspelt_name_is_told(given: str, cure: str) -> None:
    with pytest.raises(UserError, match=f"^no file {given}, and no experiment") as error:
        experiment_path(given)
    assert str(error.value).endswith(cure)


def test_every_config_of_a_command_line_is_found() -> None:
    folder = experiments_folder()
    given = ["fit", "--config", "deblurgan", "--config=presets/quick", "--run=deblurgan", "-c", "data/stl10"]
    assert with_experiment_paths(given) == [
        "fit",
        "--config",
        str(folder / "deblurgan.yaml"),
        f"--config={folder / 'presets/quick.yaml'}",
        "--run=deblurgan",
        "-c",
        str(folder / "data/stl10.yaml"),
    ]


def test_names_are_of_all_files_but_the_claims() -> None:
    names = experiment_names()
    assert {"deblurgan", "data/stl10", "presets/quick", "sweeps/srcnn_blurs"} <= set(names)
    assert "claims" not in names
    assert len(names) == len(list(experiments_folder().rglob("*.yaml"))) - 1
