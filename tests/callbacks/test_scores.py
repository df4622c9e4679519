"""Scores of a test: records that say all that decides a comparison, and a table that can be read."""

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from deblur_lightning import __version__
from deblur_lightning.callbacks import scores
from deblur_lightning.callbacks.scores import ScoreWriter, package_commit, print_scores
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.records import ScoreRecord, mean_score, read_scores
from deblur_lightning.sources.folder import Folder
from tests.helpers.small import data, srcnn, trainer


def scored(photographs: Path, folder: Path, rounding: bool = True, crop: int = 0) -> list[ScoreRecord]:
    torch.manual_seed(0)
    folder.mkdir()
    model, module = srcnn(crop_border=crop), data(photographs, rounding=rounding)
    trainer(folder, callbacks=[ScoreWriter()]).test(model, module, verbose=False)
    return read_scores(folder / "scores.csv")


def test_every_image_has_every_figure_and_they_agree_with_what_is_logged(photographs: Path, tmp_path: Path) -> None:
    records = scored(photographs, tmp_path / "run")
    metrics = {"psnr", "psnr_blurred", "psnr_gain", "ssim", "ssim_blurred", "ssim_gain", "psnr_capped"}
    assert {(record.image, record.metric) for record in records} == {
        (f"test/{number:02d}.png", metric) for number in range(3) for metric in metrics
    }
    torch.manual_seed(0)
    (logged,) = trainer(tmp_path).test(srcnn(), data(photographs), verbose=False)
    for metric in metrics:
        assert mean_score(records, metric) == pytest.approx(logged[f"test/{metric}"], abs=1e-4)


def test_the_inputs_fingerprint_tells_two_conditions_apart_and_only_those(photographs: Path, tmp_path: Path) -> None:
    first, again = scored(photographs, tmp_path / "a"), scored(photographs, tmp_path / "b")
    assert [record.inputs for record in first] == [record.inputs for record in again]
    path = photographs / "test" / "01.png"
    path.write_bytes((photographs / "test" / "00.png").read_bytes())
    changed = {record.image: record.inputs for record in scored(photographs, tmp_path / "c")}
    before = {record.image: record.inputs for record in first}
    assert {image for image in before if before[image] != changed[image]} == {"test/01.png"}


def test_the_conditions_are_those_of_the_data(photographs: Path, tmp_path: Path) -> None:
    assert {record.rounding for record in scored(photographs, tmp_path / "a")} == {"8-bit"}
    assert {record.rounding for record in scored(photographs, tmp_path / "b", rounding=False)} == {"none"}


def test_the_protocol_is_the_one_that_was_used(photographs: Path, tmp_path: Path) -> None:
    whole, inner = scored(photographs, tmp_path / "a"), scored(photographs, tmp_path / "b", crop=16)
    assert {record.protocol for record in whole} == {"rgb8"}
    assert {record.protocol for record in inner} == {"rgb8-crop16"}
    assert mean_score(whole, "psnr_blurred") != mean_score(inner, "psnr_blurred")


def test_the_checkpoint_is_identified_by_its_bytes(photographs: Path, tmp_path: Path) -> None:
    runner = trainer(tmp_path / "fit", limit_val_batches=0)
    runner.fit(srcnn(), data(photographs))
    runner.save_checkpoint(tmp_path / "model.ckpt")
    runner = trainer(tmp_path, callbacks=[ScoreWriter()])
    runner.test(srcnn(), data(photographs), verbose=False, ckpt_path=tmp_path / "model.ckpt")
    digest = hashlib.sha256((tmp_path / "model.ckpt").read_bytes()).hexdigest()
    assert {record.checkpoint for record in read_scores(tmp_path / "scores.csv")} == {digest[:16]}


def test_the_table_shows_each_image_and_the_mean(capsys: pytest.CaptureFixture[str]) -> None:
    one = ScoreRecord("run", "a", "test", "rgb8", "psnr", 30.0, "reflect", "none", "8-bit", "none", "c", "k", "i")
    figures = {
        "psnr": 1.0,
        "psnr_blurred": 2.0,
        "psnr_gain": -1.0,
        "ssim": 0.5,
        "ssim_blurred": 0.25,
        "ssim_gain": 0.25,
    }
    rows = [
        replace(one, image=image, metric=metric, value=value * scale)
        for image, scale in {"a": 1.0, "b": 3.0}.items()
        for metric, value in figures.items()
    ]
    print_scores(rows)
    printed = capsys.readouterr().out
    lines = [line.replace("│", " ").split() for line in printed.splitlines()]
    assert ["a", "2.00", "1.00", "-1.00", "0.250", "0.500", "+0.250"] in lines
    assert ["mean", "4.00", "2.00", "-2.00", "0.500", "1.000", "+0.500"] in lines
    half = 12.70620  # of 1 and 3: Student's t with one degree of freedom, times 2^.5 / 2^.5
    gains = [f"{2 * half:.2f}", f"{half:.2f}", f"{half:.2f}", f"{half / 4:.3f}", f"{half / 2:.3f}", f"{half / 4:.3f}"]
    assert ["±", "95", "%,", "n", "=", "2", *gains] in lines
    assert "n = 2 images of split test; protocol rgb8; border reflect" in printed
    assert max(map(len, printed.splitlines())) <= 80
    print_scores([replace(row, image=f"{row.image}{number}") for row in rows for number in range(16)])
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert ["mean", "4.00", "2.00", "-2.00", "0.500", "1.000", "+0.500"] in lines
    assert not any("a0" in line for line in lines)


@pytest.mark.parametrize(
    ("border", "noise", "rounding", "marked"),
    [
        ("circular", "none", "none", True),
        ("reflect", "none", "none", False),
        ("circular", "read 1/255", "none", False),
        ("circular", "none", "8-bit", False),
    ],
)
def test_an_inverse_crime_is_marked_in_one_line(
    border: str, noise: str, rounding: str, marked: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = ("psnr", "psnr_blurred", "psnr_gain", "ssim", "ssim_blurred", "ssim_gain")
    print_scores(
        [
            ScoreRecord("r", "a", "test", "rgb8", name, 1.0, border, noise, rounding, "n", "c", "k", "i")
            for name in metrics
        ]
    )
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("inverse crime")]
    told = (
        "inverse crime: the blur is exactly the model that the filter inverts (circular border, no noise, no rounding)"
    )
    assert len(lines) == marked
    assert all(line.startswith(told) for line in lines)


def test_circular_noiseless_unrounded_data_are_an_inverse_crime(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for border, rounding in (("circular", False), ("reflect", True)):
        module = SyntheticBlur(Folder(photographs), MotionBlur(border=border), rounding=rounding, num_workers=0)
        trainer(tmp_path, callbacks=[ScoreWriter()]).test(srcnn(), module, verbose=False)
        assert ("inverse crime" in capsys.readouterr().out) == (border == "circular")


def test_the_commit_is_the_package_s_own_or_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    package = tmp_path / "package" / "scores.py"
    package.parent.mkdir()
    package.touch()
    monkeypatch.setattr(scores, "__file__", str(package))
    assert package_commit() == f"v{__version__}"
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "of another project")
    assert package_commit() == f"v{__version__}"  # installed below somebody else's checkout
    git("add", ".")
    git("commit", "-q", "-m", "of this package")
    assert git("rev-parse", "HEAD").startswith(package_commit())
    package.write_text("changed")
    assert package_commit().endswith("-dirty")


def test_copies_of_one_target_have_a_mean_each(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [f"{name}{part}" for name in ("psnr", "ssim") for part in ("", "_blurred", "_gain")]
    common = dict.fromkeys(ScoreRecord.__dataclass_fields__, "x")
    records = [
        ScoreRecord(**common | {"image": f"copy{copy}/{name}.png", "metric": metric, "value": 10.0 * copy})  # type: ignore[arg-type]
        for copy in (1, 2)
        for name in "ab"
        for metric in columns
    ]
    print_scores(records)
    means = [line for line in capsys.readouterr().out.splitlines() if "mean" in line]
    assert ["mean of copy1" in means[0], "10.00" in means[0]] == [True, True]
    assert ["mean of copy2" in means[1], "20.00" in means[1]] == [True, True]
    assert len(means) == 2


def test_a_long_name_is_shortened_in_its_middle(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    metrics = ("psnr", "psnr_blurred", "psnr_gain", "ssim", "ssim_blurred", "ssim_gain")
    common = dict.fromkeys(ScoreRecord.__dataclass_fields__, "x") | {"value": 1.0}
    common["image"] = "GOPR0384_11_00/blurred/000001-of-a-very-long-name.png"
    print_scores([ScoreRecord(**common | {"metric": metric}) for metric in metrics])  # type: ignore[arg-type]
    printed = capsys.readouterr().out
    assert "GOPR038…ame.png " in printed
    assert max(map(len, printed.splitlines()[:6])) <= 80


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["test/GOPR0477_11_00-659.png", "test/GOPR0477_11_00-792.png"], ["…659.png", "…792.png"]),
        (["GOPR0477_11_00-659-n_avg-8.png", "GOPR0477_11_00-651-n_avg-8.png"], ["…659…", "…651…"]),
        (["a.png", "GOPR0477_11_00_000659.png"], ["a.png", "GOPR047…659.png"]),
        (["a1.png", "a2.png"], ["a1.png", "a2.png"]),
    ],
)
def test_long_names_are_told_apart(
    names: list[str], shown: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    metrics = ("psnr", "psnr_blurred", "psnr_gain", "ssim", "ssim_blurred", "ssim_gain")
    common = dict.fromkeys(ScoreRecord.__dataclass_fields__, "x") | {"value": 1.0}
    print_scores([ScoreRecord(**common | {"image": i, "metric": m}) for i in names for m in metrics])  # type: ignore[arg-type]
    lines = [line.split("│")[1].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert lines[: len(shown)] == shown


def test_an_image_s_name_is_not_taken_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = ("psnr", "psnr_blurred", "psnr_gain", "ssim", "ssim_blurred", "ssim_gain")
    common = dict.fromkeys(ScoreRecord.__dataclass_fields__, "x") | {"image": "[/red].png", "value": 1.0}
    print_scores([ScoreRecord(**common | {"metric": metric}) for metric in metrics])  # type: ignore[arg-type]
    assert "[/red].png" in capsys.readouterr().out
