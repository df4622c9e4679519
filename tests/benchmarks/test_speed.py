"""The benchmarks of speed run, and what can be counted rather than timed stays small."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml
from lightning.pytorch import Callback
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks import __main__ as entry
from benchmarks.speed import allocator, loader, overhead, precisions, scale, startup
from benchmarks.speed.plain_torch import by_hand
from benchmarks.studies import quality
from tests.conftest import REPOSITORY

TINY = ("--data.crop_size=16", "--data.batch_size=2", "--data.num_workers=0", "--data.epoch_length=1000")


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)


class Operations(TorchDispatchMode):
    """Counts what torch is asked to do."""

    count = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return function(*args, **(kwargs or {}))


class Counted(Callback):
    """Operations of three steps through the package, after three, and of three steps by hand."""

    package = hand = 0

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 2:
            self._mode = Operations()
            self._mode.__enter__()
        elif batch_idx == 5:
            self._mode.__exit__(None, None, None)
            self.package = self._mode.count // 3
            loop = by_hand(pl_module, [(batch["blurred"], batch["sharp"])], trainer.gradient_clip_val)
            for _ in range(3):
                next(loop)
            with Operations() as mode:
                for _ in range(3):
                    next(loop)
            self.hand = mode.count // 3


def counted(folder: Path, experiment: str, *settings: str) -> Counted:
    found = Counted()
    limits = ["--trainer.limit_train_batches=6", "--trainer.limit_val_batches=0", "--trainer.max_epochs=1"]
    quiet = ["--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false"]
    config = f"--config=experiments/{experiment}.yaml"
    overhead.run_with(found, [config, f"--run={folder}/run", *limits, *quiet, *TINY, *settings])
    return found


SMALL_GAN = ("--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]")


@pytest.mark.parametrize(
    ("experiment", "settings", "most"),
    [("srcnn_915", (), 330), ("deblurgan", SMALL_GAN, 310), ("nafnet_blind", (), 560)],
)
def test_operations_that_the_package_adds_to_a_step_by_hand(
    experiment: str, settings: tuple[str, ...], most: int, tmp_path: Path
) -> None:
    """Loader, draws, degradation, logging: a few hundred small ones; microseconds each."""
    found = counted(tmp_path, experiment, *settings)
    assert 0 < found.hand < found.package < found.hand + most


def test_operations_of_a_step_hardly_grow_with_the_batch(tmp_path: Path) -> None:
    """No loop over samples but the loader's own, which makes each of them a tensor."""
    small = counted(tmp_path / "2", "deblurgan", *SMALL_GAN)
    large = counted(tmp_path / "16", "deblurgan", *SMALL_GAN, "--data.batch_size=16")
    assert large.hand == small.hand
    assert large.package - small.package < 14 * 8


def test_the_entry_lists_every_script_and_runs_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry.main([])
    lines = capsys.readouterr().out.splitlines()
    assert {"overhead", "loader", "startup", "degradations"} <= {line.split()[0] for line in lines[2:]}
    assert not {"timing", "reporting", "plain_torch"} & {line.split()[0] for line in lines[2:]}
    assert all(len(line.split()) > 3 for line in lines[2:])
    monkeypatch.setattr(sys, "argv", [])
    entry.main(["deconv_layer", "--quick", "--threads", "1"])
    assert "formula / ours" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        entry.main(["overheat"])
    assert stop.value.code == 2


def test_no_module_of_the_benchmarks_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph("benchmarks", "tools")
    assert "benchmarks.studies.adversarial" in graph.find_upstream_modules("benchmarks.figures.adversarial_figures")
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            assert graph.find_shortest_chain(imported, module) is None, f"{module} imports {imported}, which imports it"


def test_overhead_is_measured_in_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--only", "srcnn_915", "--rounds", "2", "--steps", "1", "--json", str(tmp_path / "rows.json")]
    (row,) = overhead.main([*few, "--", *TINY])
    assert row.batch == 2
    assert set(row.parts) == {"loader", "degradation", "step", "rest"}
    assert all(seconds > 0 for seconds in row.parts.values())
    assert "package / hand" in capsys.readouterr().out
    assert json.loads((tmp_path / "rows.json").read_text())["machine"]["workers"] == "0"


def test_what_the_loader_made_in_advance_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[int] = []
    durations = overhead.Turns._durations

    def noted(self: overhead.Turns, trainer: Any) -> dict[str, float]:
        timed.append(trainer.fit_loop.batch_idx)
        return durations(self, trainer)

    monkeypatch.setattr(overhead.Turns, "_durations", noted)
    few = ["--only", "srcnn_915", "--rounds", "2", "--steps", "1", "--workers", "1"]
    overhead.main([*few, "--", *TINY[:2]])
    assert timed == [5, 8]  # behind three to warm up, two are left out and the third is timed


def test_every_source_has_its_rate(tmp_path: Path) -> None:
    rows = loader.main(["--quick", "--batches", "1", "--rounds", "1", "--workers", "0"])
    assert len(rows) == 5
    assert all(row.rate > 0 for row in rows)


def test_memory_and_validation_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "in_fresh_process", lambda function, *arguments: function(*arguments))
    rows = scale.main(["--quick", "--parts", "memory", "validation"])
    assert [row.unit for row in rows] == ["MiB", "ms an image", "MiB"]


def test_variants_reach_the_step() -> None:
    rows = precisions.main(["--quick", "--only", "srcnn_2048", "--steps", "1", "--variants", "fp32", "bf16"])
    assert [row.variant for row in rows] == ["fp32", "bf16"]
    assert all(0 < row.share < 2 for row in rows)


def test_networks_are_compared_photograph_for_photograph_within_their_minutes() -> None:
    gains = {("a", 1.0): [1.0, 2.0], ("b", 1.0): [2.0, 3.0], ("a", 10.0): [0.0, 1.0]}
    rows = [quality.Gains(network, minutes, 5, values) for (network, minutes), values in gains.items()]
    assert [quality.cells(row, rows)[-1] for row in rows] == ["-1.00 (-1.00 to -1.00)", "", ""]


def test_a_network_of_the_quality_table_trains_for_its_time(tmp_path: Path, deblur: Any) -> None:
    options = Namespace(runs=tmp_path, settings=[])
    run = quality.run_of("NAFNet 8", 90, options)
    config = yaml.safe_load((tmp_path / "nafnet_8-90min.yaml").read_text())
    assert config["trainer"]["max_time"] == "00:01:30:00"
    code, _, complained = deblur("fit", *run.fit, f"--run={run.folder}", "--trainer.max_steps=1", *TINY)
    assert code == 0, complained


@pytest.mark.slow
def test_a_step_is_timed_with_its_peak_in_processes_of_its_own() -> None:
    (row,) = allocator.main(["--quick", "--rounds", "1", "--steps", "1", "--only", "SRCNN 9-1-5, 32x1x64x64"])
    assert row.speed.median > 0
    assert all(peak > 0 for peak in row.peaks)


@pytest.mark.slow
def test_processes_are_compared() -> None:
    found = startup.main(["--rounds", "1"])
    assert found.seconds["deblur --version"] < found.seconds["import lightning"]
