"""Means of a few test images, against all ways to choose them."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from benchmarks.studies import lucky_five
from deblur_lightning.errors import UserError
from deblur_lightning.records import ScoreRecord, add_scores

VALUES = np.array([0.5, -1.0, 3.0, 2.0, 0.0, 1.0])


def test_draws_are_of_different_images_each_as_likely() -> None:
    means = lucky_five.means_of_draws(VALUES, 3)
    every = sorted(np.mean(chosen) for chosen in combinations(VALUES, 3))
    found, counts = np.unique(np.round(means, 9), return_counts=True)
    wanted, weights = np.unique(np.round(every, 9), return_counts=True)
    assert np.array_equal(found, wanted)
    assert counts / len(means) == pytest.approx(weights / len(every), abs=0.002)


def test_the_best_that_reach_a_figure() -> None:
    assert [lucky_five.best_that_reach(VALUES, figure) for figure in (3.1, 3.0, 2.5, 2.0, -9.0)] == [0, 1, 2, 3, 6]


def test_the_table_is_of_the_runs_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = dict.fromkeys(ScoreRecord.__dataclass_fields__, "x") | {"metric": "psnr_gain"}
    records = [ScoreRecord(**common | {"image": str(i), "value": v}) for i, v in enumerate(VALUES)]  # type: ignore[arg-type]
    add_scores(tmp_path / "scores.csv", records)
    lucky_five.main([str(tmp_path), "--images=2", "--figure=2.5"])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| psnr_gain"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:2] == ["psnr_gain", "6"]
    assert cells[3] == "+3.00"
    assert float(cells[5].rstrip("%")) == pytest.approx(100 / 15, abs=0.2)
    assert cells[6] == "2"
    with pytest.raises(UserError, match="has 6 images with psnr_gain: too few"):
        lucky_five.main([str(tmp_path), "--images=7"])
