"""What `deblur synthesize` refuses or leaves out."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import Tensor

from deblur_lightning.commands.synthesize import run
from deblur_lightning.commands.synthesize.pair_folder import Pair, PairFolder
from deblur_lightning.errors import UserError
from tests.conftest import write_image
from tests.helpers.pairs import contents, manifest

Deblur = Callable[..., tuple[int, str, str]]

HALF = {
    "class_path": "Mixture",
    "init_args": {"members": [{"class_path": "GaussianBlur"}, {"class_path": "MotionBlur"}]},
}
CURE = "give an --out that is new, empty, or from the same command."


def test_what_cannot_be_read_or_blurred_is_left_out_and_listed(synthesize: Deblur, sharp: Path) -> None:
    (sharp / "broken.png").write_bytes((sharp / "a.png").read_bytes()[:-100])
    write_image(sharp / "tiny.png", 20, 30, seed=1)
    for _ in range(2):
        code, _, complained = synthesize("out")
        assert code == 1
        first, broken, tiny = complained.splitlines()[-3:]
        assert first == "deblur: error: images left out: 2"
        assert broken.startswith(f"  cannot decode {sharp}/broken.png (")
        assert tiny == f"  {sharp}/tiny.png has 20x30 pixels, and the blur needs 21; leave it out, or blur less"
        assert len(manifest("out")) == len(list(Path("out/blurred").rglob("*.png"))) == 6
    write_image(sharp / "broken.png", 30, 30, seed=2)
    (sharp / "tiny.png").unlink()
    assert synthesize("out")[0] == 0
    assert len(manifest("out")) == 7


def test_pipes_and_broken_links_are_listed_and_never_opened(synthesize: Deblur, sharp: Path) -> None:
    os.mkfifo(sharp / "pipe.png")
    (sharp / "link.png").symlink_to("nowhere")
    code, _, complained = synthesize("out")
    assert code == 1
    assert complained.splitlines()[-2:] == [
        f"  {sharp}/link.png does not exist; check its path",
        f"  {sharp}/pipe.png is a named pipe, which is not read; give an image file",
    ]
    assert len(manifest("out")) == 6


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("could not create a primitive")])
def test_one_image_s_failure_does_not_end_the_rest(
    error: Exception, synthesize: Deblur, sharp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blurred = run.PairWriter._blur

    def failing(self: run.PairWriter, image: Tensor, index: int) -> Tensor:
        if image.shape[-1] == 41:
            raise error
        return blurred(self, image, index)

    write_image(sharp / "odd.png", 30, 41, seed=1)
    monkeypatch.setattr(run.PairWriter, "_blur", failing)
    code, _, complained = synthesize("out")
    assert code == 1
    told = str(error) or "the memory does not hold it"
    assert complained.splitlines()[-2:] == [
        "deblur: error: images left out: 1",
        f"  cannot blur {sharp}/odd.png: {told}",
    ]
    assert len(manifest("out")) == 6


def test_one_pair_that_cannot_be_written_is_listed_with_the_rest(synthesize: Deblur, sharp: Path) -> None:
    (sharp / "broken.png").write_bytes((sharp / "a.png").read_bytes()[:-100])
    assert synthesize("out")[0] == 1
    Path("out/sharp/a.png").unlink()
    Path("out/sharp/a.png").mkdir()
    code, _, complained = synthesize("out")
    assert code == 1
    first, cannot, broken = complained.splitlines()[-3:]
    assert first == "deblur: error: images left out: 2"
    assert cannot.startswith("  cannot write out/sharp/a.png: Is a directory;")
    assert broken.startswith(f"  cannot decode {sharp}/broken.png (")


@pytest.mark.parametrize(
    ("stranger", "told"),
    [
        ("out/notes.txt", f"out/notes.txt was there before, and not from deblur synthesize: {CURE}"),
        ("out/sharp/a.png", f"out/sharp was there before, and not from deblur synthesize: {CURE}"),
        ("out/config.yaml", f"out/config.yaml is not from deblur synthesize: {CURE}"),
        ("out", f"out is a file: {CURE}"),
    ],
)
def test_a_folder_with_other_files_is_refused_and_left_alone(stranger: str, told: str, synthesize: Deblur) -> None:
    Path(stranger).parent.mkdir(parents=True, exist_ok=True)
    Path(stranger).write_text("mine: 1")
    before = contents(Path())
    assert synthesize("out") == (2, "", f"deblur: error: {told}\n")
    assert contents(Path()).keys() - before.keys() == set()
    assert Path(stranger).read_text() == "mine: 1"


def test_a_file_in_a_pair_s_place_is_never_replaced(synthesize: Deblur, sharp: Path) -> None:
    assert synthesize("out")[0] == 0
    Path("out/blurred/new.png").write_text("mine")
    write_image(sharp / "new.png", 30, 30, seed=1)
    before = contents(Path("out"))
    told = f"out/blurred/new.png is there already, and not made of new.png: move it away, or {CURE}"
    assert synthesize("out") == (2, "", f"deblur: error: {told}\n")
    Path("out/blurred/new.png").unlink()
    (sharp / "new.png").unlink()
    shutil.move(sharp / "a.png", sharp / "a.bmp")
    told = f"out/sharp/a.png is there already, and not made of a.bmp: move it away, or {CURE}"
    assert synthesize("out") == (2, "", f"deblur: error: {told}\n")
    assert contents(Path("out")) == {name: data for name, data in before.items() if name != "blurred/new.png"}


def test_other_settings_want_another_folder(synthesize: Deblur, sharp: Path, deblur: Deblur) -> None:
    assert synthesize("out")[0] == 0
    before = contents(Path("out"))
    for argument, told in (
        ("--data.seed=1", "data.seed=0, this command 1"),
        ("--data.degradation.weights=[1,2]", "data.degradation.init_args.weights=None, this command [1.0, 2.0]"),
    ):
        assert synthesize("out", argument) == (2, "", f"deblur: error: out/config.yaml says {told}: {CURE}\n")
    shutil.copytree(sharp, "moved")
    configs = ["--config", "experiments/srcnn_915.yaml", "--config", "half.yaml"]
    code, _, complained = deblur("synthesize", "moved", "--out", "out", *configs)
    assert (code, complained.count("\n")) == (2, 1)
    assert f"data.source.init_args.root={sharp}, this command {Path('moved').resolve()}" in complained
    assert contents(Path("out")) == before
    assert synthesize("out", "--data.rounding=false")[0] == 0, "PNG files are rounded either way"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "no folder given: name one, as in deblur synthesize FOLDER --out=OUT --config=experiments/NAME.yaml"),
        (["sharp", "images", "--out=o"], "sharp and images given: name one, as in deblur synthesize FOLDER"),
        (["nowhere", "--out=o"], "the image folder nowhere does not exist: check its path."),
        (["sharp images"], "no place for the pairs: give a new folder with --out=OUT."),
        (["sharp images", "--out=sharp images"], "--out=sharp images lies in sharp images, whose images are read:"),
        (["sharp images", "--out=sharp images/../sharp images/x"], "--out=sharp images/../sharp images/x lies in"),
        (["experiments", "--out=o"], "experiments holds no image (none of its"),
        (["twice", "--out=o"], "twice/a.bmp and a.png would both become a.png: rename one of them."),
        (["sharp images", "--out=o", "--device=gpu"], "--device=gpu: choose from auto, cpu, cuda."),
        (["sharp images", "--out=o", "--device=cuda"], "--device=cuda, but there is no GPU that torch can use:"),
        (["sharp images", "--out=o", "--workers=0"], "--workers=0: give 1 or more."),
        (["sharp images", "--out=o", "--worker=2"], "no setting 'worker': did you mean 'workers'?"),
        (["sharp images", "--out=o", "--data.sed=2"], "SyntheticBlur has no setting 'sed': did you mean 'seed'?"),
        (["sharp images", "--out=o", "--data.degradation=Blurr"], "no class 'Blurr' for data.degradation: "),
        (["sharp images", "--out=o", "--data.degradation.length=[0,3]"], "MotionBlur length starts at 0.0: give"),
        (["sharp images", "--out=o", "--config=none.yaml"], "no file none.yaml, and no experiment of that name: "),
        (["sharp images", "--out=o", "--config=top.yaml"], "no setting 'dta.seed': deblur SUBCOMMAND --help"),
        (["sharp images", "--out=o", "--config=experiments/data/gopro.yaml"], "data=RealPairs blurs nothing: give"),
    ],
)
def test_mistakes_end_in_one_line(arguments: list[str], told: str, sharp: Path, deblur: Deblur) -> None:
    Path("top.yaml").write_text("dta: {seed: 1}")
    Path("twice").mkdir()
    for name in ("a.bmp", "a.png"):
        write_image(Path("twice", name), 30, 30, seed=0)
    code, printed, complained = deblur("synthesize", "--config", "experiments/deblurgan.yaml", *arguments)
    assert (code, printed, complained.count("\n")) == (2, "", 1)
    assert complained.startswith("deblur: error: " + told.replace("{here}", str(Path.cwd())))
    assert not Path("o").exists()


def test_no_experiment_is_a_mistake_too(sharp: Path, deblur: Deblur) -> None:
    told = "no experiment: give one with --config; deblur experiments lists them."
    assert deblur("synthesize", sharp, "--out=o") == (2, "", f"deblur: error: {told}\n")


def test_two_commands_with_other_settings_do_not_share_a_new_folder(tmp_path: Path) -> None:
    """Both have looked at it before either has written."""
    source, seeds = {"class_path": "Folder", "init_args": {"root": "/sharp"}}, (0, 1, 0)
    settings = [{"data": {"source": source, "degradation": {"class_path": "X"}, "seed": seed}} for seed in seeds]
    first, other, same = [PairFolder(tmp_path / "out", [Pair("a.png", "a.png")], one) for one in settings]
    first.begin({}, seed=0)
    before = contents(tmp_path / "out")
    with pytest.raises(UserError, match=r"config\.yaml says data\.seed=0, this command 1: give an --out that is new"):
        other.begin({}, seed=1)
    same.begin({}, seed=0)
    assert contents(tmp_path / "out") == before
