"""The benchmarks of runs: what is there is not repeated, and tables are of the right runs; nothing is trained here."""

from pathlib import Path

import pytest
import torch

from benchmarks.figures import srcnn_curves
from benchmarks.speed import srcnn_speed
from benchmarks.studies import srcnn_wrapping, study_run
from benchmarks.studies.study_run import StudyRun
from deblur_lightning.files.experiments import experiment_path
from deblur_lightning.ledger.study import list_study_runs, read_study
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.records import ScoreRecord, add_scores
from tests.conftest import REPOSITORY


def pretend(run: StudyRun, metric: str, *values: float) -> None:
    """Leave behind what a run of these scores would."""
    run.note()
    (run.folder / "checkpoints").mkdir()
    for name in ("config.yaml", "checkpoints/last.ckpt"):
        (run.folder / name).touch()
    (run.folder / "metrics.csv").write_text("step,train/loss,val/psnr\n9,0.5,\n19,0.25,\n19,,30\n")
    common = dict.fromkeys(ScoreRecord.__dataclass_fields__, "x")
    for name in (metric, f"{metric}_blurred", f"{metric}_gain"):
        records = [
            ScoreRecord(**common | {"image": str(place), "metric": name, "value": value})  # type: ignore[arg-type]
            for place, value in enumerate(values)
        ]
        add_scores(run.folder / "scores.csv", records)


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)


def test_a_run_is_made_once_and_a_half_done_one_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(study_run, "deblur", lambda *arguments: commands.append(arguments))
    run = StudyRun(tmp_path / "run", ("--config=a.yaml",))
    run.folder.mkdir()
    (run.folder / "config.yaml").touch()
    run.make()
    assert not (run.folder / "config.yaml").exists()
    assert [command[0] for command in commands] == ["fit", "test"]
    assert commands[0][1:] == ("--config=a.yaml", f"--run={tmp_path}/run")
    pretend(run, "psnr", 1.0)
    run.make()
    assert len(commands) == 2


def test_scores_of_other_settings_are_not_taken_for_these(tmp_path: Path) -> None:
    pretend(StudyRun(tmp_path / "run", ("--config=a.yaml",)), "psnr", 1.0)
    other = StudyRun(tmp_path / "run", ("--config=a.yaml", "--trainer.max_epochs=1"))
    with pytest.raises(SystemExit, match="run is of other settings: give another folder as --runs, or delete it"):
        _ = other.done
    (tmp_path / "run" / "settings.json").unlink()
    with pytest.raises(SystemExit, match="other settings"):
        _ = other.done


def test_what_is_given_is_not_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(study_run.subprocess, "run", lambda command, **_: commands.append(command))
    study_run.deblur("fit", "--data.num_workers=2")
    assert commands[0][-3:] == ["fit", "--data.num_workers=2", "--trainer.enable_progress_bar=false"]


def test_the_losses_of_the_grid_are_drawn(tmp_path: Path) -> None:
    study = read_study(experiment_path("studies/srcnn_blurs"))
    for run in (run for group in list_study_runs(study, tmp_path).values() for run in group):
        (run.folder / "1").mkdir(parents=True)
        (run.folder / "1/metrics.csv").write_text("step,train/loss\n9,0.5\n19,0.25\n29,0.2\n")
    srcnn_curves.main(["--runs", str(tmp_path), "--out", str(tmp_path / "curves.png")])
    assert (tmp_path / "curves.png").stat().st_size > 10_000


def test_wrapping_costs_and_clamping_does_not(tmp_path: Path) -> None:
    output = torch.tensor([[[[0.5, 1.01, 1.0, -0.01]]]])
    assert (srcnn_wrapping.cast(output) * 255).round().flatten().tolist() == [127, 1, 255, 254]


def test_a_finished_run_s_outputs_are_cast_too(tmp_path: Path, photographs: Path) -> None:
    init = {"widths": [4, 4], "residual": True}
    network = SRCNN(**init)  # type: ignore[arg-type]
    torch.nn.init.constant_(network.state_dict(keep_vars=True)["layers.4.bias"], 0.2)  # some pixels end above 1
    checkpoint = {
        "hyper_parameters": {"network": {"class_path": "deblur_lightning.networks.srcnn.SRCNN", "init_args": init}},
        "state_dict": {f"network.{name}": value for name, value in network.state_dict().items()},
    }
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    torch.save(checkpoint, tmp_path / "run" / "checkpoints" / "last.ckpt")
    out = tmp_path / "wrapping.png"
    arguments = ["--run", str(tmp_path / "run"), "--data", str(photographs / "test"), "--out", str(out)]
    scores = srcnn_wrapping.main(arguments)
    assert {len(values) for values in scores.values()} == {3}
    clamped, wrapped = (scores[f"without a ReLU at the end, {way}"] for way in ("clamped and rounded", "cast as it is"))
    assert all(one > other for one, other in zip(clamped, wrapped, strict=True))
    assert not out.exists()


def test_the_speed_of_every_combination_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--widths", "4", "8", "--side", "16", "--steps", "1", "--variants", "fp32", "bf16, channels-last"]
    rows = srcnn_speed.main(arguments)
    assert [(row.width, row.variant) for row in rows[1:3]] == [(4, "bf16, channels-last"), (8, "fp32")]
    assert "report D's training, hours" in capsys.readouterr().out
