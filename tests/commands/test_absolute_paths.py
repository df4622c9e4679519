"""The settings of a run hold wherever the next command is started from."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from jsonargparse import Namespace

from deblur_lightning.commands.experiment.absolute_paths import make_absolute
from deblur_lightning.commands.experiment.settings import check_course
from deblur_lightning.errors import UserError
from tests.conftest import EXPERIMENTS
from tests.helpers.command import SRCNN

Deblur = Callable[..., tuple[int, str, str]]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "else" / "where"
    folder.mkdir(parents=True)
    (folder / "experiments").symlink_to(EXPERIMENTS)
    return folder


def test_a_run_is_tested_and_continued_from_another_folder(
    workplace: Path, photographs: Path, elsewhere: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save("psf.npy", np.ones((3, 3)))
    relative = ["--data.source=Folder", f"--data.source.root={os.path.relpath(photographs)}"]
    relative += ["--data.degradation=MeasuredBlur", "--data.degradation.files=[psf.npy]"]
    code, _, complained = deblur("fit", *SRCNN, *relative, "--run=run")
    assert code == 0, complained
    monkeypatch.chdir(elsewhere)
    run = Path("../../run")
    code, _, complained = deblur("test", f"--config={run}/config.yaml", f"--ckpt_path={run}/checkpoints/best.ckpt")
    assert code == 0, complained
    code, _, complained = deblur(
        *("fit", f"--config={run}/config.yaml", f"--ckpt_path={run}/checkpoints/last.ckpt"), "--trainer.max_epochs=2"
    )
    assert code == 0, complained


def test_what_synthesize_keeps_holds_in_another_folder(
    workplace: Path, photographs: Path, elsewhere: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save("psf.npy", np.ones((3, 3)))
    blur = ["--data.degradation=MeasuredBlur", "--data.degradation.files=[psf.npy]"]
    given = ["--config=experiments/srcnn_915.yaml", *blur]
    for _ in range(2):
        code, _, complained = deblur("synthesize", os.path.relpath(photographs), "--out=pairs", *given)
        assert code == 0, complained
    kept = yaml.safe_load(Path("pairs/config.yaml").read_text())["data"]
    assert kept["source"]["init_args"]["root"] == str(photographs)
    assert kept["degradation"]["init_args"]["files"] == [str(workplace / "psf.npy")]
    monkeypatch.chdir(elsewhere)
    overlay = ["--config=experiments/srcnn_915.yaml", "--config=../../pairs/config.yaml"]
    code, _, complained = deblur("synthesize", photographs, "--out=../../pairs", *overlay)
    assert code == 0, complained


def test_paths_are_found_by_their_annotation_and_nothing_else_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    room = "deblur_lightning.sources"
    folder = {"class_path": f"{room}.folder.Folder", "init_args": {"root": "a", "subfolders": {"train": "b"}}}
    prepared = {"class_path": f"{room}.preprocessed.Preprocessed", "init_args": {"base": folder, "side": 4}}
    stl10 = Namespace(class_path=f"{room}.stl10.STL10", init_args=Namespace(root=str(tmp_path / "c"), train_size=None))
    settings = [{"source": prepared, "other": None}, stl10, "d"]
    make_absolute(settings)
    assert folder["init_args"] == {"root": str(tmp_path / "a"), "subfolders": {"train": "b"}}
    assert prepared["init_args"]["side"] == 4
    assert stl10.init_args.root == str(tmp_path / "c")
    assert settings[2] == "d"


def test_a_run_of_before_is_continued_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    former = {"data": {"source": {"class_path": "Folder", "init_args": {"root": "a"}}}, "trainer": {}}
    torch.save({"state_dict": {}, "settings": former}, "last.ckpt")
    wanted = {"data": {"source": {"class_path": "Folder", "init_args": {"root": str(tmp_path / "a")}}}, "trainer": {}}
    check_course(Path("last.ckpt"), wanted, allow_changes=False)
    wanted["data"]["source"]["init_args"]["root"] = "/b"  # type: ignore[index]
    with pytest.raises(UserError, match=r"data\.source\.root=a, now /b"):
        check_course(Path("last.ckpt"), wanted, allow_changes=False)
