"""What runs on the day there is an accelerator, rehearsed on a CPU."""

import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.speed import accelerator


@pytest.mark.slow
def test_each_part_runs_and_is_in_the_tables(tmp_path: Path) -> None:
    out = tmp_path / "out"
    parts = accelerator.main(["--device=cpu", "--quick", "--minutes=20", f"--out={out}"])
    assert [part.name for part in parts] == [
        *("tests", "device_agreement", "device_resume", "precisions", "overhead", "fit", "test")
    ]
    assert {part.name: part.code for part in parts} == {part.name: 0 for part in parts}
    tables = (out / "tables.md").read_text()
    for part in parts:
        assert f"## {part.name}" in tables
        assert (out / f"{part.name}.json").exists() == (part.command[2] == "benchmarks")
    assert " NO " not in tables  # what agrees and what is equal
    assert "PSNR" in parts[-1].printed


@pytest.mark.slow
def test_the_weights_that_ship_can_be_trained(tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for index in range(4):
        pixels = np.random.default_rng(index).integers(0, 256, (48, 48, 3), np.uint8)
        Image.fromarray(pixels).save(photographs / f"{index}.png")
    options = Namespace(out=tmp_path / "out", device="cpu", quick=True, data=None, shipped=photographs)
    options.out.mkdir()
    for part in accelerator.training(options, 600):
        accelerator.carry_out(part, options, 600)
        assert part.code == 0, part.printed


def test_a_part_ends_when_its_time_is_up(tmp_path: Path) -> None:
    options = Namespace(out=tmp_path, device="cpu")
    endless = accelerator.Part("endless", [sys.executable, "-m", "http.server", "0"])
    absent = accelerator.Part("absent", [sys.executable, "-m", "no_such_module"])
    accelerator.carry_out(endless, options, 0)
    accelerator.carry_out(absent, options, 60)
    assert endless.code is None
    assert absent.code == 1
    accelerator.write_tables([endless, absent], tmp_path / "tables.md")
    tables = (tmp_path / "tables.md").read_text()
    assert "its time was up" in tables
    assert "No module named no_such_module" in tables
