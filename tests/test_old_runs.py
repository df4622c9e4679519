"""What an earlier version has written, under the names of then, is read, tested and gone on with by this one.

``tests/old_run`` was made by commit 139e443: experiments/deconv_layer.yaml, two batches.
"""

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deblur_lightning.commands.classes import class_named
from deblur_lightning.files.moved_names import CLASSES, MODULES, class_today, with_names_of_today
from deblur_lightning.ledger.run_summaries import summarise_runs
from deblur_lightning.records import read_scores
from deblur_lightning.restoring.model import load_model, read_model

Deblur = Callable[..., tuple[int, str, str]]
OLD = Path(__file__).parent / "old_run"


@pytest.fixture
def run(workplace: Path) -> Path:
    shutil.copytree(OLD, workplace / "runs" / "old")
    return Path("runs/old")


def test_it_is_tested_with_its_figures(run: Path, deblur: Deblur) -> None:
    before = {(r.image, r.metric): r.value for r in read_scores(run / "scores.csv")}
    code, _, complained = deblur("test", "--config", run / "config.yaml", "--ckpt_path", run / "checkpoints/last.ckpt")
    assert code == 0, complained
    after = {(r.image, r.metric): r.value for r in read_scores(run / "scores.csv")}
    assert after.keys() == before.keys()
    assert after == pytest.approx(before, abs=1e-3)


def test_it_goes_on(run: Path, deblur: Deblur) -> None:
    start = ["fit", "--config", run / "config.yaml", "--ckpt_path", run / "checkpoints/last.ckpt", "--run=new"]
    code, _, complained = deblur(*start, "--trainer.max_epochs=2")
    assert code == 0, complained
    kept = yaml.safe_load(Path("new/config.yaml").read_text())
    assert kept["model"]["init_args"]["loss_border"] == 4
    assert kept["data"]["init_args"]["source"]["class_path"] == "deblur_lightning.sources.Repeated"


def test_its_model_and_its_summary_are_read(run: Path) -> None:
    assert sum(weights.numel() for weights in read_model(run / "checkpoints/last.ckpt").network.parameters()) > 0
    summaries, _, left_out = summarise_runs(Path("runs"))
    assert (len(summaries), left_out) == (1, [])


def test_the_shipped_card_is_read() -> None:
    assert load_model().card["trained_on"]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_moved_module_is_found(module: str) -> None:
    assert importlib.import_module(MODULES[module])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(module)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_renamed_class_is_found(name: str) -> None:
    assert any(_is_there(class_today(f"{module}.{name}")) for module in MODULES)
    assert class_today(name) == CLASSES[name]


def test_only_names_of_classes_change() -> None:
    settings = {"class_path": "my.module.Widened", "init_args": {"crop": 3, "rim": "Prepared"}, "note": "Unchanged"}
    assert with_names_of_today(settings) == settings


def _is_there(path: str) -> bool:
    try:
        class_named(path)
    except (AttributeError, ModuleNotFoundError):
        return False
    return True
