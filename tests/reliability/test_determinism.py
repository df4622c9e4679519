"""The same seed gives the same run, byte for byte, and another seed another, on the CPU."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers.command import SRCNN, photographs_of
from tests.helpers.resuming import assert_equal

Deblur = Callable[..., tuple[int, str, str]]

CLASSIFIER = ["--config", "experiments/mnist_mlp.yaml", "--trainer.max_epochs=1", "--data.source.length=100"]
CLASSIFIER += ["--trainer.accelerator=cpu", "--model.network.widths=[8]", "--data.batch_size=20"]


def outcome(run: Path) -> tuple[Any, list[list[str]]]:
    state = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    return state["state_dict"], list(csv.reader((run / "metrics.csv").open()))


@pytest.mark.parametrize("name", ["srcnn", "classifier"])
def test_a_seed_decides_all_of_a_run(name: str, workplace: Path, photographs: Path, deblur: Deblur) -> None:
    """The pictures too; the run's own seed decides weights and dropout, the data's order, crops and blurs."""
    given = [*SRCNN, *photographs_of(photographs)] if name == "srcnn" else CLASSIFIER
    ways = {"one": [], "again": [], "weights": ["--seed_everything=1"], "samples": ["--data.seed=1"]}
    for run, seed in ways.items():
        code, _, complained = deblur("fit", *given, *seed, f"--run={run}")
        assert code == 0, complained
    one = outcome(workplace / "one")
    assert_equal(outcome(workplace / "again"), one, name)
    for picture in (workplace / "one").glob("pictures/*.png"):
        assert picture.read_bytes() == (workplace / "again/pictures" / picture.name).read_bytes()
    for other in ("weights", "samples"):
        state, metrics = outcome(workplace / other)
        assert metrics != one[1]
        assert any(not torch.equal(value, one[0][key]) for key, value in state.items())
