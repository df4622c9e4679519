"""synthesize as a user types it: what the pairs hold, going on, what is refused, and what is left out."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from deblur_lightning.commands.synthesize import run
from deblur_lightning.commands.synthesize.pair_folder import Pair
from deblur_lightning.degradations.base import Degradation, degrade
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.mixture import Mixture
from deblur_lightning.degradations.motion import MotionBlur, motion_psf
from deblur_lightning.files.images import read_rgb, write_png
from tests.conftest import write_image
from tests.helpers.pairs import contents, manifest

Deblur = Callable[..., tuple[int, str, str]]

HALF = {
    "class_path": "Mixture",
    "init_args": {"members": [{"class_path": "GaussianBlur"}, {"class_path": "MotionBlur"}]},
}
CURE = "give an --out that is new, empty, or from the same command."


def pair_by_hand(degradation: Degradation, image: Tensor, index: int, seed: int = 0) -> Any:
    batch: Any = {"sharp": image[None], "index": torch.tensor([index]), "visit": torch.tensor([0])}
    return degrade(degradation, batch, seed=seed, split="train", trim=0, rounding=True)


def test_pairs_are_the_images_and_what_the_degradation_makes_of_them(synthesize: Deblur, sharp: Path) -> None:
    code, printed, complained = synthesize("out", "--data.seed=5")
    assert code == 0, complained
    names = {"a.png": "a.png", "b.png": "b.jpg", "c.png": "c.BMP", "d.e.png": "d.e.png"}
    names |= {name: name for name in ("train/f.png", "train/g.png")}
    files = {f"{side}/{name}" for side in ("sharp", "blurred") for name in names}
    assert set(contents(Path("out"))) == files | {"manifest.csv", "config.yaml"}
    rows = manifest("out")
    assert {name: row["source"] for name, row in rows.items()} == names
    for name, source in names.items():
        image = read_rgb(sharp / source)
        assert torch.equal(read_rgb(Path("out/sharp", name)), image)
        assert (int(rows[name]["height"]), int(rows[name]["width"])) == image.shape[1:]
        expected = pair_by_hand(Mixture([GaussianBlur(), MotionBlur()]), image, int(rows[name]["index"]), seed=5)
        blurred = read_rgb(Path("out/blurred", name))
        assert torch.equal(blurred, (expected["blurred"][0] * 255).round().to(torch.uint8))
        assert not torch.equal(blurred, image)
    assert "weights: null" in Path("out/config.yaml").read_text(), "what is laid over an experiment sets everything"
    assert "pairs     out/blurred and out/sharp: 6, of them written now: 6\nmanifest  out/manifest.csv\n" in printed


def test_the_manifest_holds_what_was_drawn(synthesize: Deblur, sharp: Path) -> None:
    overlay = ["--data.degradation=MotionBlur", "--data.degradation.length=[3,9]", "--data.seed=7"]
    assert synthesize("out", *overlay)[0] == 0
    degradation = MotionBlur(length=(3, 9))
    for row in manifest("out").values():
        assert list(row)[:6] == ["name", "source", "height", "width", "seed", "index"]
        assert set(list(row)[6:]) == {"motion.angle", "motion.length"}
        length, angle = (torch.tensor([float(row[f"motion.{name}"])]) for name in ("length", "angle"))
        pair = pair_by_hand(degradation, read_rgb(sharp / row["source"]), int(row["index"]), int(row["seed"]))
        assert torch.equal(pair["psf"], motion_psf(length, angle, degradation.psf_size))
        assert row["seed"] == "7"
    assert len({row["motion.length"] for row in manifest("out").values()}) == 6


def test_half_are_gaussian_and_half_are_motion_blurs(synthesize: Deblur, sharp: Path) -> None:
    for number in range(60):
        write_image(sharp / f"{number}.png", 21, 21, seed=number)
    assert synthesize("out")[0] == 0
    rows = manifest("out").values()
    gaussian = [row for row in rows if row["0/gaussian.sigma"]]
    assert 0.35 < len(gaussian) / len(rows) < 0.65
    for row in rows:
        assert bool(row["0/gaussian.sigma"]) == (not row["1/motion.length"]) == (float(row["choice"]) < 0.5)


def test_a_second_call_writes_nothing(synthesize: Deblur) -> None:
    assert synthesize("out")[0] == 0
    times = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}
    code, printed, complained = synthesize("out")
    assert code == 0, complained
    assert "written now: 0" in printed
    assert times == {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}


@pytest.mark.parametrize("files_before", [0, 1, 6, 7])
def test_an_interrupted_call_goes_on_to_the_same_bytes(
    files_before: int, synthesize: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an odd number of files, the sharp one of a pair is there and the blurred one is not."""
    assert synthesize("whole")[0] == 0
    written: list[Path] = []

    def interrupted(path: Path, image: Tensor) -> None:
        if len(written) == files_before:
            raise KeyboardInterrupt
        written.append(path)
        write_png(path, image)

    with monkeypatch.context() as patch:
        patch.setattr(run, "write_png", interrupted)
        code, _, complained = synthesize("parts", "--workers=1")
    assert code == 130
    assert complained.splitlines()[-1] == "stopped; the same command goes on from here."
    assert {path.as_posix() for path in Path("parts").rglob("*.png")} == {path.as_posix() for path in written}
    assert not list(Path("parts").rglob("*.partial"))
    code, printed, complained = synthesize("parts")
    assert code == 0, complained
    assert f"written now: {6 - files_before // 2}" in printed
    assert contents(Path("parts")) == contents(Path("whole"))


def test_ctrl_c_does_not_wait_for_all_that_is_queued(
    synthesize: Deblur, sharp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        write_image(sharp / f"{number}.png", 30, 30, seed=number)

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run.Progress, "advance", pressed)
    assert synthesize("out", "--workers=1")[0] == 130
    assert 0 < len(list(Path("out/blurred").rglob("*.png"))) < 60


def test_a_blur_is_kept_when_its_image_changes_format() -> None:
    assert Pair("a/b.png", "a/b.jpg").index == Pair("a/b.png", "a/b.TIF").index != Pair("b.png", "b.jpg").index
    assert Pair("a/b.png", "a/b.jpg").index == 2281424031918905685, "other pairs from here on"


def test_neither_workers_nor_what_else_is_in_the_folder_change_a_pair(synthesize: Deblur, sharp: Path) -> None:
    assert synthesize("whole", "--workers=3")[0] == 0
    aside = sharp.with_name("aside")
    shutil.copytree(sharp, aside)
    for name in ("a.png", "train/f.png"):
        (sharp / name).unlink()
    assert synthesize("grown", "--workers=1")[0] == 0
    assert len(manifest("grown")) == 4
    shutil.copytree(aside, sharp, dirs_exist_ok=True)
    assert synthesize("grown")[0] == 0
    assert contents(Path("grown")) == contents(Path("whole"))
    (sharp / "a.png").unlink()
    assert synthesize("grown")[0] == 0
    assert contents(Path("grown")) == contents(Path("whole")), "a pair whose source has gone stays, and in the manifest"


def test_the_configuration_is_understood_as_fit_understands_it(deblur: Deblur, sharp: Path) -> None:
    """Overlays, what a run keeps of its configuration, and what ``synthesize`` keeps."""
    over = ["--config", "experiments/data/stl10.yaml", "--model.lr=0.1", "--trainer.max_epochs=3"]
    over += ["--data.degradation=GaussianBlur", "--data.degradation.sigma=[1,2]", "--data.seed=4"]
    given = ["--config", "experiments/deblurgan.yaml", *over]
    code, wanted, _ = deblur("fit", *given, "--print_config")
    assert code == 0
    Path("run.yaml").write_text(wanted)
    understood = yaml.safe_load(wanted)["data"]["init_args"]
    for out, configs in (("one", given), ("two", ["--config", "run.yaml"])):
        code, _, complained = deblur("synthesize", sharp, "--out", out, *configs)
        assert code == 0, complained
        kept = yaml.safe_load(Path(out, "config.yaml").read_text())["data"]
        assert kept["degradation"] == understood["degradation"]
        assert kept["seed"] == understood["seed"] == 4
    code, laid_over, _ = deblur(
        "fit", "--config=experiments/deblurgan.yaml", "--config=one/config.yaml", "--print_config"
    )
    assert code == 0
    data = yaml.safe_load(laid_over)["data"]["init_args"]
    assert (data["degradation"], data["seed"]) == (understood["degradation"], 4)
    assert data["source"]["init_args"]["root"] == str(sharp)


def test_the_printed_command_trains_on_the_pairs(photographs: Path, workplace: Path, deblur: Deblur) -> None:
    configs = ["--config", "experiments/srcnn_915.yaml", "--config", "tiny.yaml"]
    code, printed, complained = deblur("synthesize", photographs, "--out", "my #1 'pairs\"", *configs)
    assert code == 0, complained
    words = shlex.split(printed.splitlines()[-1].removeprefix("train     deblur "))
    assert words[:5] == ["fit", *configs]
    code, _, complained = deblur(*words, "--model.network.widths=[4,4]", "--run=run")
    assert code == 0, complained
    data = yaml.safe_load(Path("run/config.yaml").read_text())["data"]
    assert data["class_path"].endswith(".RealPairs")
    assert data["init_args"]["source"]["init_args"]["root"] == str(workplace / "my #1 'pairs\"")


def test_pairs_for_testing_only_print_no_command_to_train(synthesize: Deblur, sharp: Path) -> None:
    shutil.rmtree(sharp / "train")
    for name in ("b.jpg", "c.BMP"):
        (sharp / name).unlink()
    code, printed, _ = synthesize("out")
    assert code == 0
    assert "deblur fit" not in printed
