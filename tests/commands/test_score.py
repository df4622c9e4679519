"""deblur score: figures of images from anywhere, under named protocols."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deblur_lightning.metrics import best_psnr, scores_under
from tests.helpers.models import random_pixels
from tests.helpers.settings import Deblur

ARGUMENTS = ("score", "restored", "--sharp", "sharp")
SIZES = {"a": (24, 40), "in/b": (33, 21)}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, np.ndarray]]:
    """Sharp, blurred and restored images, and their pixels."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    written: dict[str, dict[str, np.ndarray]] = {}
    for folder, spread in {"sharp": 0, "restored": 6, "blurred": 20}.items():
        for name, size in SIZES.items():
            pixels = random_pixels(*size, 3).astype(int) + rng.integers(-spread, spread + 1, (*size, 3))
            written.setdefault(folder, {})[name] = pixels.clip(0, 255).astype(np.uint8)
            path = tmp_path / folder / f"{name}{'.png' if folder == 'sharp' else '.bmp'}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(written[folder][name]).save(path)
    return written


def rows() -> dict[tuple[str, str], float]:
    with Path("scores.csv").open(newline="") as file:
        return {(row["image"], row["metric"]): float(row["value"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize("protocol", ["rgb8", "y8", "gopro"])
@pytest.mark.parametrize("crop", [0, 4])
def test_each_image_has_its_figures(
    protocol: str, crop: int, folders: dict[str, dict[str, np.ndarray]], deblur: Deblur
) -> None:
    more = ("--blurred", "blurred", "--protocol", protocol, "--crop_border", str(crop), "--csv", "scores.csv")
    code, printed, complained = deblur(*ARGUMENTS, *more)
    assert code == 0, complained
    assert f"n = 2 images; protocol {protocol}{'-crop4' if crop else ''}" in printed
    found = rows()
    for name in SIZES:
        images = {}
        for folder, pixels in folders.items():
            whole = torch.from_numpy(pixels[name]).permute(2, 0, 1)[None].double() / 255
            images[folder] = whole[..., crop : whole.shape[-2] - crop, crop : whole.shape[-1] - crop]
        for kind, folder in (("", "restored"), ("_blurred", "blurred")):
            for metric, value in scores_under(protocol, images[folder], images["sharp"]).items():
                assert found[name, f"{metric}{kind}"] == pytest.approx(value.item(), abs=1e-5)
        assert found[name, "psnr_gain"] > 5
    mean = np.mean([found[name, "psnr"] for name in SIZES])
    assert f"{mean:.2f}" in printed


def test_what_has_no_partner_or_another_size_is_left_out(
    folders: dict[str, dict[str, np.ndarray]], deblur: Deblur
) -> None:
    Image.fromarray(random_pixels(20, 20, 3)).save("sharp/alone.png")
    Image.fromarray(random_pixels(20, 20, 3)).save("restored/stray.png")
    Image.fromarray(random_pixels(9, 9, 3)).save("restored/in/b.bmp")
    code, printed, complained = deblur(*ARGUMENTS)
    assert code == 1
    assert "n = 1 images" in printed
    for line in (
        "sharp/alone.png has no restored partner",
        "restored/stray.png has no sharp partner",
        "restored/in/b.bmp has 9x9 pixels, sharp/in/b.png has 33x21",
    ):
        assert line in complained
    (Path("restored") / "a.png").write_bytes(Path("restored/a.bmp").read_bytes())
    code, _, complained = deblur(*ARGUMENTS)
    assert code == 2
    assert "have one name: move one of them away" in complained


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", "restored"), "give two folders, as in deblur score RESTORED --sharp=SHARP"),
        ((*ARGUMENTS, "--protocol", "psnr"), "--protocol=psnr: choose from rgb8, y8, gopro"),
        ((*ARGUMENTS, "--crop_border", "-1"), "--crop_border=-1: give 0 or more"),
        (("score", "restored", "--sharp", "nowhere"), "the image folder nowhere does not exist"),
        (
            (*ARGUMENTS, "--crop_border", "99"),
            "could be scored; the first: sharp/a.png has 24x40 pixels, from which 99",
        ),
        ((*ARGUMENTS, "--crop_border", "10"), "sharp/a.png: An image of 4x20 pixels is too small for SSIM"),
    ],
)
def test_mistakes_are_told_in_a_line(
    arguments: tuple[str, ...], message: str, folders: dict[str, dict[str, np.ndarray]], deblur: Deblur
) -> None:
    code, _, complained = deblur(*arguments)
    assert code == 2
    assert message in complained
    assert len(complained.splitlines()) == 1


def test_levin_s_error_ratio_is_of_the_images_restored_with_the_true_psf(tmp_path: Path, deblur: Deblur) -> None:
    rng = np.random.default_rng(0)
    sharp = random_pixels(40, 44, 3).astype(int)
    for folder, spread in {"sharp": 0, "restored": 12, "told": 6}.items():
        pixels = (sharp + rng.integers(-spread, spread + 1, sharp.shape)).clip(0, 255).astype(np.uint8)
        (tmp_path / folder).mkdir()
        Image.fromarray(pixels).save(tmp_path / folder / "a.png")
    places = [f"{tmp_path}/{name}" for name in ("restored", "sharp", "told", "scores.csv")]
    arguments = ("score", places[0], "--sharp", places[1], "--reference", places[2])
    code, printed, complained = deblur(*arguments, "--protocol=levin", "--csv", places[3])
    assert code == 0, complained
    with (tmp_path / "scores.csv").open(newline="") as file:
        figures = {row["metric"]: float(row["value"]) for row in csv.DictReader(file)}
    assert figures["error_ratio"] == pytest.approx(figures["ssd"] / figures["ssd_reference"], abs=1e-4)
    assert 2 < figures["error_ratio"] < 6
    assert "n = 1 images; protocol levin" in printed
    code, _, complained = deblur(*arguments)
    assert (code, complained.count("\n")) == (2, 1)
    assert "--reference: it is of --protocol=levin alone" in complained


def test_further_figures_stand_below_the_table_and_in_the_file(
    folders: dict[str, dict[str, np.ndarray]], deblur: Deblur, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    metric = "torchmetrics.image.SpectralAngleMapper"
    more = ["--blurred", "blurred", "--csv", "scores.csv", "--metric", metric, "--metric", "DISTS"]
    code, printed, complained = deblur(*ARGUMENTS, *more)
    assert code == 1  # one could not be had
    assert "dists: not computed: " in complained
    assert "vgg16-397923af.pth is missing; to get it: " in complained
    found = rows()
    mean, before = (np.mean([found[name, f"spectralanglemapper{kind}"] for name in SIZES]) for kind in ("", "_blurred"))
    assert mean < before
    assert f"spectralanglemapper: restored {mean:.4f}, blurred {before:.4f}, lower is better" in printed
    for wrong, told in {
        "LPIP": "--metric=LPIP: there is no such class: give LPIPS, DISTS, or MODULE.CLASS.",
        "no_such.Module": "--metric=no_such.Module: there is no such class: give LPIPS, DISTS, or MODULE.CLASS.",
        "pathlib.Path": "--metric=pathlib.Path: it is no torch.nn.Module, or an unfinished one.",
        "ImageMetric": "--metric=ImageMetric: it is no torch.nn.Module, or an unfinished one.",
        "torch.nn.Linear": "Linear: Linear.__init__() missing 2 required positional arguments",
    }.items():
        code, _, complained = deblur(*ARGUMENTS, "--metric", wrong)
        assert code == 2
        assert complained.startswith(f"deblur: error: {told}")


def test_koehler_s_figure_is_that_of_the_best_frame(
    tmp_path: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = list(np.random.default_rng(0).integers(0, 256, (3, 24, 40, 3), np.uint8))
    blurred = (frames[0] / 3 + frames[1] / 1.5).astype(np.uint8)
    images = {"restored/a.png": frames[1] // 2, "blurred/a.png": blurred, "restored/b.png": frames[0]}
    images |= {f"sharp/a/{number}.png": frame for number, frame in enumerate(frames)}
    images |= {"sharp/b/0.png": frames[0][:, 1:]}
    for name, pixels in images.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / name)
    more = ["--protocol=koehler", "--blurred=blurred", "--csv=scores.csv"]
    code, printed, complained = deblur(*ARGUMENTS, *more)
    assert code == 1
    assert "sharp/b: a frame has 24x39 pixels, the restored image 24x40" in complained
    batches = {name: torch.from_numpy(pixels).permute(2, 0, 1) / 255 for name, pixels in images.items()}
    found = rows()
    for kind, folder in {"": "restored", "_blurred": "blurred"}.items():
        image = batches[f"{folder}/a.png"]
        alone = [best_psnr(image, [batches[f"sharp/a/{number}.png"]]).item() for number in range(3)]
        assert found["a", f"psnr{kind}"] == pytest.approx(max(alone), abs=1e-5)
        assert max(alone) == alone[1] > alone[0]
    assert set(found) == {("a", f"psnr{kind}") for kind in ("", "_blurred", "_gain")}
    assert "protocol koehler" in printed
    code, _, complained = deblur(*ARGUMENTS, "--protocol=koehler", "--metric=LPIPS")
    assert code == 2
    assert "has PSNR alone" in complained
