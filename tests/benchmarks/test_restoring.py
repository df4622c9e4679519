"""The benchmarks of restoring run, and a training run becomes a shipped model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter

from benchmarks.speed import restoring
from benchmarks.studies import blind, reading, real_blur
from deblur_lightning.restoring.model import load_model
from tests.conftest import write_image
from tests.helpers import graphics
from tests.helpers.models import SETTINGS, small_model, write_model
from tools import release_weights


@pytest.mark.slow
def test_the_table_has_every_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_model(tmp_path / "small.safetensors", changes=False)
    families = ["Gaussian, sigma 1", "sharp", "motion, 41 px"]
    found = blind.main(["--ckpt", str(model), "--side", "64", "--families", families[0]])
    assert list(found[families[0]]) == [
        "blurred",
        "small",
        "Richardson-Lucy",
        "total variation",
        "unsupervised Wiener",
        "hyper-Laplacian, PSF estimated",
        "hyper-Laplacian, told the PSF",
        "oracle Wiener, best linear",
    ]
    assert found[families[0]]["small"] == pytest.approx(found[families[0]]["blurred"])
    for reference in list(found[families[0]])[-2:]:
        gain = torch.tensor(found[families[0]][reference]) - torch.tensor(found[families[0]]["blurred"])
        assert gain.mean() > 0.5
    capsys.readouterr()
    blind.main(["--ckpt", str(model), "--side", "64", "--only-model", "--families", *families])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| blur | blurred | small |"
    assert lines[3].startswith("| sharp | 100.00 | 100.00 dB (100.00) |")
    assert "motion, 41 px, beyond" in lines[4]
    assert lines[5] == "| **mean in range** |  | **+0.00** |"


def test_a_folder_of_photographs_takes_the_place_of_the_test_split(photographs: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "small.safetensors")
    found = blind.main(
        ["--ckpt", str(model), "--data", str(photographs / "train"), "--only-model", "--families", "sharp"]
    )
    assert len(found["sharp"]["small"]) == 12


@pytest.mark.slow
def test_a_run_becomes_the_shipped_model(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    leaves = {"class_path": "deblur_lightning.sources.dead_leaves.DeadLeaves", "init_args": {"length": 3, "size": 96}}
    blur = "deblur_lightning.degradations.gaussian.GaussianBlur"
    data = {"source": leaves, "degradation": {"class_path": blur, "init_args": {"sigma": [1.0, 2.0]}}}
    config = {
        "model": {"init_args": {"network": SETTINGS}},
        "data": {"init_args": data | {"crop_size": 32, "batch_size": 4}},
    }
    (run / "config.yaml").write_text(f"# commit abc123\n{yaml.safe_dump(config)}")
    state = {f"network.{name}": value for name, value in small_model().network.state_dict().items()}
    checkpoint = {"hyper_parameters": {"network": SETTINGS}, "state_dict": state, "global_step": 7}
    torch.save(checkpoint, run / "checkpoints" / "last.ckpt")
    small = ["--visits", "3", "--side", "48", "--note", "device=a clock, 3 = 2 + 1"]
    weights = release_weights.main([str(run), "--out", str(tmp_path / "weights"), *small])
    model = load_model(weights)
    card = json.loads(weights.with_suffix(".json").read_text())
    assert model.card == card
    assert (card["steps"], card["commit"], card["device"]) == (7, "abc123", "a clock, 3 = 2 + 1")
    low, high = card["estimates"]["blur"]
    assert 0.5 < low < high < 3
    assert set(card["test_psnr"]["sharp"]) == {"blurred", "restored"}
    assert card["trained_on"]["degradation"]["init_args"] == {"sigma": [1.0, 2.0]}


@pytest.mark.parametrize("shift", [(0, 0), (12, -12), (-3, 7)])
def test_real_pairs_are_compared_where_they_fit_best(shift: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    scene = (gaussian_filter(rng.random((120, 140, 3)), (1, 1, 0)) * 255).astype(np.uint8)
    noisy = (scene + rng.integers(-4, 5, scene.shape)).clip(0, 255).astype(np.uint8)
    sharp, moved = scene[20:-20, 20:-20], np.roll(noisy, shift, (0, 1))[20:-20, 20:-20]
    middle = np.s_[28:-28, 28:-28]
    assert real_blur.aligned_psnr(moved, sharp) == pytest.approx(
        graphics.psnr(noisy[20:-20, 20:-20][middle], sharp[middle])
    )


def test_the_table_of_real_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("set", "set_sharp", "other"):
        (tmp_path / name).mkdir()
        write_image(tmp_path / name / "a.png", height=80, width=90, seed=1)
        write_image(tmp_path / name / "b.png", height=80, width=90, seed=2)
    model = write_model(tmp_path / "small.safetensors", changes=False)
    found = real_blur.main(["--data", str(tmp_path), "--ckpt", str(model), "--out", str(tmp_path / "scores.json")])
    assert list(found) == ["set"]
    for scores in found["set"].values():
        assert scores[:2] == (100, 100)
        assert scores.moved_blurred == scores.moved_restored > 40
    assert json.loads((tmp_path / "scores.json").read_text())["set"]["a.png"] == list(found["set"]["a.png"])
    assert "| set | 2 | 100.00 | +0.00 | +0.00 | 0% | 2 | +0.00 | +0.00 |" in capsys.readouterr().out


def test_a_turned_image_is_compared_after_it_is_turned_back(tmp_path: Path) -> None:
    write_image(tmp_path / "sharp.png", height=160, width=200, seed=1)
    sharp = Image.open(tmp_path / "sharp.png")
    turned = sharp.rotate(2, Image.Resampling.BICUBIC)
    pair = ("a", np.asarray(sharp.rotate(2).filter(ImageFilter.GaussianBlur(1.5))), np.asarray(sharp))
    scores = real_blur.score(lambda blurred: np.asarray(turned), [pair])["a"]
    assert scores.moved_restored - scores.moved_blurred > scores.restored - scores.blurred + 3


def test_pages_are_words_and_their_picture() -> None:
    (text, black_on_white), (other, white_on_black) = (reading.page(number) for number in (0, 1))
    assert len(text.split()) > 50
    assert text != other
    assert black_on_white.mean() > 200
    assert white_on_black.mean() < 55


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Debian's tesseract-ocr is not installed")
def test_a_sharp_page_is_read_and_an_empty_one_is_not() -> None:
    text, pixels = reading.page(0)
    assert reading.share_read(pixels, text) > 0.95
    assert reading.share_read(np.full_like(pixels, 255), text) == 0


@pytest.mark.slow
def test_memory_time_and_difference_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_model(tmp_path / "small.safetensors")
    found = restoring.main(
        ["--ckpt", str(model), "--megapixels", "0.1", "--whole", "0.1", "0.2", "--tiles", "64", "--threads", "1"]
    )
    ratios = {"ratio of 0.1", "ratio of 0.2"}
    assert set(found) == {"seconds", "MiB", "imports", "difference", "seconds by 64", "MiB by 64"} | ratios
    assert all(found[ratio] > 0 for ratio in ratios)
    assert found["difference"] < 1
    assert "| processor time per megapixel " in capsys.readouterr().out
