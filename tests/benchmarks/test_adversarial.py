"""The GANs' benchmark: its intervals, and its tables from runs that are there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.studies import study_run
from benchmarks.studies.adversarial import (
    EXPERIMENTS,
    VARIANTS,
    VARIANTS_B,
    experiments_table,
    main,
    plan,
    quarters_table,
    variants_table,
)
from deblur_lightning.records import ScoreRecord, add_scores

Deblur = Callable[..., tuple[int, str, str]]

METRICS = ("psnr", "psnr_blurred", "psnr_gain", "ssim_gain")
COMMON = {
    "split": "test", "protocol": "rgb8", "border": "reflect", "noise": "none", "rounding": "8-bit", "features": "none",
    "commit": "c", "checkpoint": "k", "inputs": "h",
}  # fmt: skip


def write_run(folder: Path, level: float) -> None:
    """A run of two images, whose figures all are ``level`` and ``level`` + 1, and of eight logged batches."""
    folder.mkdir(parents=True)
    add_scores(
        folder / "scores.csv",
        [
            ScoreRecord(run=str(folder), image=image, metric=metric, value=level + plus, **COMMON)
            for plus, image in enumerate(("a", "b"))
            for metric in METRICS
        ],
    )
    losses = ("train/loss_generator", "train/loss_discriminator", "train/loss_adversarial")
    keys = [*losses, "val/checkerboard", "val/checkerboard_sharp"]
    rows = [",".join([str(step), *[str(8.0 - step)] * len(keys)]) for step in range(8)]
    (folder / "metrics.csv").write_text("\n".join([",".join(["step", *keys]), *rows]))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for place, variant in enumerate(VARIANTS):
        for seed in range(3):
            write_run(tmp_path / variant.name / str(seed), level=2.0 - place + 0.1 * seed)
    for variant in VARIANTS_B:
        write_run(tmp_path / variant.name / "0", level=4.0)
    for name in EXPERIMENTS:
        write_run(tmp_path / name / "0", level=3.0)
    return tmp_path


def test_the_tables_show_gains_in_pairs(runs: Path) -> None:
    lines = variants_table(runs).splitlines()
    assert len(lines) == 2 + len(VARIANTS) + 2
    # each variant lies 1 dB below the one before for every seed and image: the pairs do not scatter
    assert "| -1.00 (-1.00 to -1.00) |" in lines[3]
    assert lines[2].startswith("| as the report has it, three generator steps to one | +2.60 (-3.76 to +8.96) |")
    assert "sharp images' own checkerboard is 1.00" in lines[-1]
    assert "| `gan_celeba` | 1 | 3.50 | 3.50 | +3.50 (+3.00 to +4.00) | +3.500 |" in experiments_table(runs)
    assert "| both: `gan_celeba_fixed` | +4.50 (" in variants_table(runs, VARIANTS_B)
    assert "| 7.500 (7.500 to 7.500) | 5.500 (5.500 to 5.500) |" in quarters_table(runs)


@pytest.mark.usefixtures("workplace")
def test_report_b_s_two_changes_make_its_fixed_sibling(deblur: Deblur) -> None:
    def understood(experiment: str, *changes: str) -> str:
        code, printed, complained = deblur("fit", f"--config=experiments/{experiment}.yaml", *changes, "--print_config")
        assert code == 0, complained
        return printed

    fixed = understood("gan_celeba_fixed")
    (both,) = (variant for variant in VARIANTS_B if variant.name == "b_both")
    assert understood("gan_celeba", *both.changes) == fixed
    assert understood("gan_celeba") != fixed


def test_every_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    folders = [run.folder for _, run in plan(tmp_path, 3)]
    assert len(set(folders)) == len(folders) == 3 * (len(VARIANTS) + len(VARIANTS_B)) + sum(EXPERIMENTS.values())
    assert len(list(plan(tmp_path, 1))) == len(VARIANTS) + len(VARIANTS_B) + len(EXPERIMENTS)


def test_runs_that_are_there_are_tabulated_without_being_repeated(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(study_run, "deblur", lambda *arguments: commands.append(arguments))
    for _, run in plan(runs, 1):
        run.note()
    main(["--runs", str(runs), "--seeds", "1"])
    assert not commands
    assert capsys.readouterr().out.count("| --- |") >= 4
