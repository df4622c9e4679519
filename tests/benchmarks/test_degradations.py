"""The benchmark of degradations runs and has a row for everything; what it measures is no test's business."""

import json
from pathlib import Path

import pytest

from benchmarks.speed.degradations import main


def test_the_quick_run_has_every_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = main(["--quick", "--threads", "1", "--json", str(tmp_path / "rows.json")])
    names = {row.line for row in rows}
    assert {"motion", "Gaussian", "box", "defocus", "camera shake", "mixture of four"} <= names
    for row in rows:
        assert row.rates["ours"]
        assert row.rates["ours"] > 0
    written = json.loads((tmp_path / "rows.json").read_text())
    assert len(written["rows"]) == len(rows)
    printed = capsys.readouterr().out
    assert "ours / kornia" in printed
    assert "never slower than kornia" in printed
