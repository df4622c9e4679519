"""The table of deconvolution has the methods that were asked for, and both references by default."""

from pathlib import Path

import pytest

from benchmarks.studies import oracle
from deblur_lightning.records import ScoreRecord, add_scores

BLUR = "box 3"


def pretend(runs: Path, method: str, *values: float, inputs: str = "same") -> None:
    """Leave behind what a test of these scores would."""
    common = dict.fromkeys(ScoreRecord.__dataclass_fields__, "x") | {"inputs": inputs}
    for metric, shift in (("psnr", 0.0), ("psnr_blurred", -10.0)):
        records = [
            ScoreRecord(**common | {"image": str(place), "metric": metric, "value": value + shift})  # type: ignore[arg-type]
            for place, value in enumerate(values)
        ]
        folder = oracle.folder_of(runs, method, BLUR, 1) / "bundled"
        folder.mkdir(parents=True, exist_ok=True)
        add_scores(folder / "scores.csv", records)


def test_both_references_stand_beside_the_layers(tmp_path: Path) -> None:
    for place, method in enumerate(oracle.LAYERS_TOO):
        pretend(tmp_path, method, 30.0 + place, 32.0 + place)
    head, _, row = oracle.psnr_table(tmp_path, "bundled", oracle.LAYERS_TOO).splitlines()
    assert head == (
        "| blur | noise, % | blurred | Wiener | oracle Wiener, best linear | hyper-Laplacian | one layer "
        "| four layers, CNN | one layer - linear | four - linear |"
    )
    assert row.startswith("| box 3 | 1 | 21.00 | 31.00 | 32.00 | 33.00 | 34.00 | 35.00 | +2.00 ")
    assert row.count("|") == head.count("|")


def test_filters_alone_need_no_layer_s_run(tmp_path: Path) -> None:
    for method in oracle.FILTERS:
        pretend(tmp_path, method, 30.0, 31.0)
    head, _, row = oracle.psnr_table(tmp_path, "bundled", oracle.FILTERS).splitlines()
    assert "Richardson-Lucy | total variation | oracle Wiener, best linear | hyper-Laplacian |" in head
    assert row == "| box 3 | 1 | 20.50 |" + " 30.50 |" * 6


def test_scores_of_other_images_are_refused(tmp_path: Path) -> None:
    pretend(tmp_path, "wiener", 30.0)
    pretend(tmp_path, "hyper_laplacian", 30.0, inputs="others")
    with pytest.raises(SystemExit, match="not tested on the same images"):
        oracle.psnr_table(tmp_path, "bundled", ("wiener", "hyper_laplacian"))
