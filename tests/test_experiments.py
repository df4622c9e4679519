"""Every YAML under experiments/ runs: fitted, validated, tested and used, on a tiny budget and without a network."""

import functools
import inspect
import itertools
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightning.pytorch import LightningModule, Trainer
from PIL import Image
from torchvision.transforms.functional import center_crop

from benchmarks.studies.own_digits import write_photographs
from deblur_lightning.datamodules.pairs import RealPairs
from deblur_lightning.datamodules.restoration import RestorationData
from deblur_lightning.records import read_scores
from deblur_lightning.sources import photos
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.paired_folder import PairedFolder
from deblur_lightning.sources.preprocessed import Preprocessed
from deblur_lightning.sources.stl10 import STL10
from deblur_lightning.sources.torchvision_sets import CIFAR10, CIFAR100, MNIST
from tests.conftest import EXPERIMENTS, write_image
from tests.helpers.command import FEW
from tests.helpers.settings import CLASSIFIERS, EXPERIMENT, NAMES, settings, small
from tests.helpers.standins import (
    accept_small_sets,
    write_cifar10,
    write_cifar100,
    write_mnist,
    write_pairs,
    write_stl10,
)

LABELS = {
    "data/mnist.yaml": [name for name in CLASSIFIERS if name.startswith("mnist")],
    "data/cifar10_labels.yaml": [name for name in CLASSIFIERS if name.endswith("cifar10")],
    "data/cifar100_labels.yaml": [name for name in CLASSIFIERS if name.endswith("cifar100")],
}
"""Overlays for classifiers, and those that they are for; every other overlay is for restorers."""
OVERLAYS = sorted(
    str(path.relative_to(EXPERIMENTS)) for room in ("data", "presets") for path in (EXPERIMENTS / room).glob("*.yaml")
)
FIRST_TEST_IMAGE = {
    "deconv_inverse": "astronaut.png",
    "deconv_inverse_exact": "white-noise-000000.png",
    **dict.fromkeys(("nafnet_blind", "srcnn_gaussians", "srcnn_gaussians_improved", "srcnn_wide"), "copy1/camera.png"),
}
"""By experiment, where it is not the photographs'."""
TOLD_THE_PSF = (
    "deconv_gopro_fixed",
    "hyper_laplacian",
    "oracle_wiener",
    "richardson_lucy",
    "total_variation",
    "unsupervised_wiener",
    "wiener",
)
"""Experiments that real pairs are not for: nobody knows what blurred those."""
EVERY_WAY = ("deblurgan", "srcnn_915", "srcnn_cifar10", "deconv_layer", "wiener")
"""Experiments that all commands and overlays are tried on, one of each kind; the others have data as theirs."""
GREY = ("srcnn_915", "deconv_layer")
"""Those of them that can do with grey images."""
FACES = ("gan_celeba", ["data/celeba64.yaml"])
"""The other sets' crops are not the 64x64 pixels that its discriminator judges."""
CLASSES = {
    kind.__name__: kind for kind in (CIFAR10, CIFAR100, Folder, MNIST, PairedFolder, Preprocessed, RealPairs, STL10)
}
"""By name, those that overlays change to."""

Deblur = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("this test must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def small_photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("skimage")
    (root / "data").mkdir()
    for name in itertools.chain(*photos.PHOTOS.values()):
        with Image.open(str(photos.resources.files("skimage") / "data" / name)) as image:
            sides = [min(176, length) for length in image.size[::-1]]
            center_crop(image.convert("RGB"), sides).save(root / "data" / name, quality=100)
    return root


SLOW = ("nafnet_photographs", "total_variation")


@pytest.fixture
def _small_photographs(small_photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the bundled photographs the middle of each, of no more than 176 pixels a side."""
    files = photos.resources.files
    monkeypatch.setattr(photos.resources, "files", lambda name: small_photographs if name == "skimage" else files(name))


@pytest.mark.usefixtures("_small_photographs")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in NAMES]
)
def test_every_experiment_is_fitted_and_tested(name: str, workplace: Path, deblur: Deblur) -> None:
    """On the experiment's own data, with one image each for validation and test; one of each kind in every way."""
    one = ["--trainer.accelerator=cpu"]
    fit = ["--trainer.limit_val_batches=1", "--run=run", *small(name)]
    code, printed, complained = deblur(
        "fit", "--config", f"experiments/{name}.yaml", "--config", "tiny.yaml", *fit, *one
    )
    assert code == 0, complained
    batches = 1 if "limit_train_batches" in settings(name)["trainer"] else 3
    assert (workplace / "run" / "pictures" / f"val_{batches:06d}.png").is_file()
    assert "deblur test --config run/config.yaml --ckpt_path run/checkpoints/best.ckpt" in printed
    others = {"validate": "val/psnr_gain", "predict": "predictions"} if name in EVERY_WAY else {}
    for subcommand, result in {"test": "scores.csv", **others}.items():
        limit = f"--trainer.limit_{subcommand.removesuffix('idate')}_batches=1"
        code, printed, complained = deblur(
            subcommand, "--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt", limit, *one
        )
        assert code == 0, complained
        assert result in printed
    assert (workplace / "run" / "pictures" / "test.png").is_file()
    image = FIRST_TEST_IMAGE.get(name, "camera.png")
    predictions = workplace / "run" / "predictions"
    written = [path.relative_to(predictions).as_posix() for path in predictions.rglob("*.png")]
    assert written == ([image] if name in EVERY_WAY else [])
    assert {Path(record.image).stem for record in read_scores(workplace / "run" / "scores.csv")} == {Path(image).stem}


@pytest.fixture
def sets(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workplace with a small stand-in for each set, where the overlays expect it."""
    accept_small_sets(monkeypatch)
    write_cifar10(workplace / "data/cifar10", per_file=2)
    write_cifar100(workplace / "data/cifar100", per_file=6)
    write_stl10(workplace / "data/stl10", train=4, test=2)
    frames = [f"{place}/{frame}.png" for place in ("train/one", "train/two", "test/three") for frame in range(2)]
    write_pairs(workplace / "data/gopro", *frames, size=(256, 272))
    photographs = ["photos", "data/celeba/img_align_celeba"]
    photographs += [f"data/bsds500/BSDS500/data/images/{part}" for part in ("train", "val", "test")]
    for folder, number in itertools.product(photographs, range(3)):
        path = workplace / folder / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, 400, 400, seed=number)
    return workplace


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "overlays"),
    [
        *(
            (name, [overlay])
            for name, overlay in itertools.product(EVERY_WAY, sorted(set(OVERLAYS) - set(LABELS)))
            if not (name in TOLD_THE_PSF and overlay == "data/gopro.yaml")
            and not (name not in GREY and overlay in ("data/grey_folder.yaml", "data/grey_pairs.yaml"))
        ),
        *((name, ["presets/quick.yaml", "data/folder.yaml"]) for name in NAMES if name not in EVERY_WAY),
        FACES,
    ],
)
def test_overlays_fit_every_experiment(
    name: str, overlays: list[str], sets: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The overlays' settings arrive, whatever they are laid over, and the whole runs for a batch."""
    fit = Trainer.fit

    @functools.wraps(fit)  # the command line's options are read off its signature
    def one_batch(trainer: Trainer, model: LightningModule, datamodule: RestorationData, **arguments: Any) -> None:
        datamodule.batch_size, datamodule.epoch_length, datamodule.num_workers = 2, 2, 0
        trainer.limit_train_batches = trainer.limit_val_batches = trainer.fit_loop.max_epochs = 1
        trainer.val_check_interval = trainer.check_val_every_n_epoch = 1
        fit(trainer, model, datamodule=datamodule, **arguments)

    monkeypatch.setattr(Trainer, "fit", one_batch)
    files = [f"--config=experiments/{file}" for file in (f"{name}.yaml", *overlays)]
    code, printed, complained = deblur("fit", *files, *small(name), "--trainer.accelerator=cpu", "--run=run")
    assert code == 0, complained
    assert "val_000001.png" in printed
    used = yaml.safe_load((sets / "run" / "config.yaml").read_text())
    for overlay in overlays:
        assert_arrived(yaml.safe_load((EXPERIMENTS / overlay).read_text()), used)


@pytest.mark.filterwarnings("ignore:Training starts from scratch")
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_classifier_is_fitted_and_tested(name: str, workplace: Path, deblur: Deblur) -> None:
    files = ["--config", f"experiments/{name}.yaml"]
    code, printed, complained = deblur("fit", *files, *FEW, "--data.source.length=100", "--run=run")
    assert code == 0, complained
    assert "deblur test --config run/config.yaml --ckpt_path run/checkpoints/best.ckpt" in printed
    others = {"validate": "val/accuracy", "predict": "predictions"} if name == CLASSIFIERS[0] else {}
    for subcommand, result in {"test": "scores.csv", **others}.items():
        last = ["--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt"]
        code, printed, complained = deblur(subcommand, *last)
        assert code == 0, complained
        assert result in printed
    for file in ("scores.csv", "classes.csv", "confusion.csv", "pictures/test.png"):
        assert (workplace / "run" / file).is_file()
    assert (workplace / "run" / "predictions/labels.csv").is_file() == bool(others)
    assert len(read_scores(workplace / "run" / "scores.csv")) == 40


@pytest.mark.filterwarnings("ignore:Training starts from scratch")
@pytest.mark.parametrize(("name", "overlay"), [(name, overlay) for overlay in LABELS for name in LABELS[overlay]])
def test_every_labelled_overlay_fits_its_classifiers(
    name: str, overlay: str, workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_small_sets(monkeypatch)
    write_cifar10(workplace / "data/cifar10", per_file=3)
    write_cifar100(workplace / "data/cifar100", per_file=12)
    write_mnist(workplace / "data/mnist", per_file=12)
    files = ["--config", f"experiments/{name}.yaml", "--config", f"experiments/{overlay}"]
    code, _, complained = deblur("fit", *files, *FEW, "--run=run")
    assert code == 0, complained
    used = yaml.safe_load((workplace / "run" / "config.yaml").read_text())
    assert_arrived(yaml.safe_load((EXPERIMENTS / overlay).read_text()), used)


def test_one_s_own_digits_are_labelled(workplace: Path, deblur: Deblur) -> None:
    code, _, complained = deblur(
        "fit", "--config", "experiments/mnist_cnn.yaml", *FEW, "--data.source.length=20", "--run=run"
    )
    assert code == 0, complained
    write_photographs(workplace / "photos", hands=1)
    last = ["--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt"]
    code, _, complained = deblur("predict", *last, "--data.source=PhotographedDigits", "--data.source.root=photos")
    assert code == 0, complained
    assert len((workplace / "run" / "predictions" / "labels.csv").read_text().splitlines()) == 11
    assert (workplace / "run" / "predictions" / "contact_sheet.png").is_file()


def assert_arrived(wanted: dict[str, Any], used: dict[str, Any], path: str = "") -> None:
    """Every setting in ``wanted`` is in ``used``, where classes and folders are named in full."""
    for key, value in wanted.items():
        # "data: {source: ...}" is short for "data: {init_args: {source: ...}}"
        arrived = used[key] if key in used else used["init_args"][key]
        if isinstance(value, dict):
            assert_arrived(value, arrived, f"{path}{key}.")
        elif key == "class_path":
            assert arrived.rsplit(".", 1)[-1] == value, path
        elif key == "root":
            assert Path(arrived) == Path(value).absolute(), f"{path}{key}"
        else:
            assert arrived == value, f"{path}{key}"


@pytest.mark.parametrize("overlay", [path for path in OVERLAYS if path.startswith("data/")])
def test_every_class_in_an_overlay_is_given_all_its_settings(overlay: str) -> None:
    """A setting left out would keep its value from a class of before, if that had one of the same name."""
    settings = yaml.safe_load((EXPERIMENTS / overlay).read_text())["data"]
    classes = [settings, settings.get("source", {}), settings.get("init_args", {}).get("source", {})]
    for given in classes:
        if "class_path" in given:
            arguments = inspect.signature(CLASSES[given["class_path"]]).parameters
            assert sorted(given["init_args"]) == sorted(arguments)


@pytest.mark.usefixtures("_small_photographs")
def test_the_sweep_s_every_value_is_understood(workplace: Path, deblur: Deblur) -> None:
    sweep = yaml.safe_load((EXPERIMENTS / "sweeps" / "srcnn_blurs.yaml").read_text())
    values = [setting["values"] for setting in sweep["parameters"].values()]
    assert [len(each) for each in values] == [3, 3, 2]
    quick = ["--trainer.fast_dev_run=1", "--data.crop_size=32", "--data.num_workers=0", "--trainer.accelerator=cpu"]
    for place in range(3):
        given = {name: each[place % len(each)] for name, each in zip(sweep["parameters"], values, strict=True)}
        code, _, complained = deblur("fit", *(f"--{name}={value}" for name, value in given.items()), *quick)
        assert code == 0, complained


def header(path: Path) -> str:
    return "\n".join(itertools.takewhile(lambda line: line.startswith("#"), path.read_text().splitlines()))


def test_every_yaml_opens_with_what_it_is_and_how_to_run_it() -> None:
    for path in EXPERIMENTS.rglob("*.yaml"):
        assert f"experiments/{path.relative_to(EXPERIMENTS)}" in header(path), path
        assert "Command" in header(path), path


@pytest.mark.parametrize("name", EXPERIMENT)
def test_every_experiment_says_report_claim_command_data_expected_result_and_cost(name: str) -> None:
    fields = re.findall(r"^# ([A-Z]\w+)\s+\S", header(EXPERIMENTS / f"{name}.yaml").split("\n#\n")[1], re.MULTILINE)
    assert fields == ["Report", "Claim", "Command", "Data", "Expected", "Cost"]
