"""--weights: training goes on from those of a file, and a file's network is scored; published files go anywhere."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor

from deblur_lightning.files.images import read_rgb
from deblur_lightning.files.weight_files import settings_and_weights
from deblur_lightning.ledger.run_summaries import summarise_runs
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.published import import_spandrel
from deblur_lightning.restoring.model import load_model, sha256, weights_folder
from tests.conftest import write_image
from tests.helpers.command import CLASSIFIER, GAN, photographs_of, write_tiny_labels
from tests.helpers.small import same

Deblur = Callable[..., tuple[int, str, str]]

WIDTHS = ["width=4", "encoder_blocks=[1]", "middle_blocks=1", "decoder_blocks=[1]"]
NAF = ["--config=experiments/nafnet_blind.yaml", "--config=tiny.yaml", *(f"--model.network.{one}" for one in WIDTHS)]
NAF += ["--model.network.window=48", "--data.epoch_length=2", "--model.network.shuffle=1"]
UNET = ["--config=experiments/nafnet_blind.yaml", "--config=tiny.yaml", "--data.epoch_length=2"]
UNET += ["--model.network=UNet", "--model.network.widths=[4,8]"]


def nafnet(seed: int = 5) -> NAFNet:
    torch.manual_seed(seed)
    network = NAFNet(width=4, encoder_blocks=[1], middle_blocks=1, decoder_blocks=[1], window=48)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return network.requires_grad_(False)


@pytest.fixture
def published(workplace: Path) -> str:
    """A NAFNet as its authors publish theirs."""
    torch.save({"params": nafnet().authors_state_dict()}, workplace / "published.pth")
    return "published.pth"


def trained(run: str) -> list[Tensor]:
    return list(settings_and_weights(Path(run, "checkpoints/last.ckpt"))[1].values())


def checkpoints(run: str) -> set[str]:
    """Of which files the scores are."""
    with Path(run, "scores.csv").open() as file:
        return {row["checkpoint"] for row in csv.DictReader(file)}


def test_a_training_starts_from_weights_and_what_is_frozen_stays(
    workplace: Path, photographs: Path, published: str, deblur: Deblur
) -> None:
    given = [*NAF, *photographs_of(photographs), f"--weights={published}", "--model.lr=1e-9"]
    code, _, complained = deblur("fit", *given, "--freeze=[encoders,down.0.weight]", "--run=one")
    assert code == 0, complained
    began = nafnet().state_dict()
    _, found = settings_and_weights(Path("one/checkpoints/last.ckpt"))
    for name, value in began.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-7)
    code, _, complained = deblur(
        "fit", *given, "--freeze=[encoders,down.0.weight]", "--model.lr=1e-2", "--data.epoch_length=6", "--run=two"
    )
    assert code == 0, complained
    _, found = settings_and_weights(Path("two/checkpoints/last.ckpt"))
    kept = {name for name, value in began.items() if torch.equal(found[name], value)}
    assert kept == {name for name in began if name.startswith("encoders.") or name == "down.0.weight"}
    settings = yaml.safe_load(Path("two/config.yaml").read_text())
    assert (settings["weights"], settings["freeze"]) == (str(workplace / published), ["encoders", "down.0.weight"])


def test_a_checkpoint_goes_before_the_weights_that_its_run_began_with(
    photographs: Path, published: str, deblur: Deblur
) -> None:
    given = [*NAF, *photographs_of(photographs), f"--weights={published}"]
    assert deblur("fit", *given, "--run=one")[0] == 0
    Path(published).unlink()
    for command in ("test", "validate"):
        code, _, complained = deblur(command, "--config=one/config.yaml", "--ckpt_path=one/checkpoints/last.ckpt")
        assert code == 0, complained
    code, _, complained = deblur("test", "--config=one/config.yaml")
    assert code == 2
    assert "needs a trained restorer" in complained


def test_a_generator_that_has_learned_by_regression_starts_a_gan(
    workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    given = photographs_of(photographs)
    assert deblur("fit", *UNET, *given, "--run=regression")[0] == 0
    flags = ["--weights=regression/checkpoints/last.ckpt", "--model.lr=1e-12"]
    code, _, complained = deblur("fit", *GAN, *given, *flags, "--run=gan")
    assert code == 0, complained
    for one, other in zip(trained("gan"), trained("regression"), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_a_classifier_starts_from_weights_too(workplace: Path, deblur: Deblur) -> None:
    write_tiny_labels(workplace)
    assert deblur("fit", *CLASSIFIER, "--run=one")[0] == 0
    flags = ["--weights=one/checkpoints/last.ckpt", "--model.lr=1e-12", "--run=two"]
    code, _, complained = deblur("fit", *CLASSIFIER, *flags)
    assert code == 0, complained
    for one, other in zip(trained("two"), trained("one"), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    code, printed, complained = deblur("test", *CLASSIFIER, "--weights=two/checkpoints/last.ckpt")
    assert code == 0, complained
    assert "runs/mnist_mlp/001" in printed


@pytest.mark.parametrize("kind", ["pth", "safetensors", "ckpt"])
def test_a_file_is_scored_whatever_network_the_settings_have(
    kind: str, photographs: Path, published: str, deblur: Deblur
) -> None:
    path = published
    if kind == "safetensors":
        assert deblur("export", "--ckpt", published, "--out", "at.safetensors")[0] == 0
        path = "at.safetensors"
    elif kind == "ckpt":
        given = [*NAF, *photographs_of(photographs), f"--weights={published}", "--model.lr=1e-12", "--run=run"]
        assert deblur("fit", *given)[0] == 0
        path = "run/checkpoints/last.ckpt"
    code, printed, complained = deblur("test", *UNET, *photographs_of(photographs), f"--weights={path}")
    assert code == 0, complained
    assert "scores    runs/nafnet_blind/001/scores.csv" in printed
    assert checkpoints("runs/nafnet_blind/001") == {sha256(Path(path))[:16]}
    (summary,), _, left_out = summarise_runs(Path("runs"))
    assert (summary.method, left_out) == ({"pth": "published", "safetensors": "at", "ckpt": "NAFNet"}[kind], [])
    pictures = []
    for number, weights in enumerate((path, published)):
        flags = [f"--weights={weights}", f"--run=p{number}"]
        code, _, complained = deblur("predict", *UNET, *photographs_of(photographs), *flags)
        assert code == 0, complained
        pictures.append([read_rgb(found) for found in sorted(Path(f"p{number}/predictions").rglob("*.png"))])
    assert len(pictures[0]) == 3
    assert all((one - other.float()).abs().max() <= 1 for one, other in zip(*pictures, strict=True))


@pytest.mark.slow
def test_the_shipped_model_is_scored_by_its_name(workplace: Path, photographs: Path, deblur: Deblur) -> None:
    code, _, complained = deblur("test", *UNET, *photographs_of(photographs), "--weights=shipped", "--run=run")
    assert code == 0, complained
    (shipped,) = weights_folder().glob("*.safetensors")
    assert checkpoints("run") == {sha256(shipped)[:16]}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["fit", *UNET, "--weights=published.pth"], "is of another architecture than this UNet: it has no "),
        (
            ["fit", *NAF, "--model.network.width=8", "--weights=published.pth"],
            "head.1.weight is 4x3x3x3 and not 8x",
        ),
        (["fit", *NAF, "--weights=gone.pth"], "--weights=gone.pth does not exist: give a .ckpt, .safetensors or .pth"),
        (["fit", *NAF, "--freeze=[encoder]"], "freeze=encoder is no part of NAFNet: give some of head, encoders,"),
        (["fit", *NAF, "--freeze=[head,encoders,middle,decoders,down,up,tail]"], "leaves no weight to train"),
        (
            ["fit", "--config=experiments/wiener.yaml", "--config=tiny.yaml", "--weights=published.pth"],
            "has no network",
        ),
        (["test", *NAF, "--weights=published.pth", "--ckpt_path=x.ckpt"], "give one of them"),
        (
            ["test", "--config=experiments/mnist_mlp.yaml", "--data.source.length=40", "--weights=published.pth"],
            "is of Published, which is no classifier: give a classifier's",
        ),
        (["test", *NAF], "--ckpt_path=RUN/checkpoints/best.ckpt, or --weights=FILE"),
    ],
)
def test_mistakes_end_in_one_line(
    arguments: list[str], wanted: str, photographs: Path, published: str, deblur: Deblur
) -> None:
    data = [] if "--data.source.length=40" in arguments else photographs_of(photographs)
    code, _, complained = deblur(*arguments, *data)
    assert code == 2
    assert wanted in complained
    assert complained.count("\n") == 1
    assert not Path("runs").exists() or not list(Path("runs").glob("*/*"))


def test_published_weights_go_wherever_a_model_goes(published: str, deblur: Deblur) -> None:
    """Restored in tiles and whole, exported, and read again; grey too."""
    write_image(Path("photo.png"), 90, 120, seed=1)
    code, printed, complained = deblur("restore", "photo.png", "--out", "one", "--ckpt", published)
    assert code == 0, complained
    assert "model     published: NAFNet, 0.0 million weights; its file names no licence" in printed
    wanted = load_model(Path(published)).network(read_rgb(Path("photo.png"))[None] / 255)[0]
    assert torch.equal(read_rgb(Path("one/photo.png")), (wanted.clamp(0, 1) * 255).round().byte())
    for name in ("at.safetensors", "again.pth"):
        assert deblur("export", "--ckpt", published, "--out", name)[0] == 0
        assert same(list(load_model(Path(name)).network.state_dict().values()), list(nafnet().state_dict().values()))
    theirs = torch.load("again.pth", weights_only=True)["params"]
    assert theirs.keys() == nafnet().authors_state_dict().keys()


@pytest.mark.parametrize("kind", ["NAFNet", "Restormer"])
def test_a_published_network_is_trained_on_and_its_checkpoint_needs_no_other_file(
    kind: str, photographs: Path, published: str, deblur: Deblur
) -> None:
    if kind == "Restormer":
        pytest.importorskip("spandrel")
        import_spandrel()
        extra = pytest.importorskip("spandrel_extra_arches.architectures.Restormer")
        blocks = {"num_blocks": [1, 1, 1, 1], "num_refinement_blocks": 1, "heads": [1, 2, 4, 8]}
        torch.save({"params": extra.Restormer(dim=8, **blocks).state_dict()}, published)
    given = [*UNET[:3], *photographs_of(photographs), "--model.network=Published", f"--model.network.path={published}"]
    code, _, complained = deblur("fit", *given, "--run=run")
    assert code == 0, complained
    Path(published).unlink()
    write_image(Path("photo.png"), 50, 70, seed=1)
    for place, ckpt in {"one": "run/checkpoints/last.ckpt", "two": "at.safetensors"}.items():
        code, printed, complained = deblur("restore", "photo.png", "--out", place, "--ckpt", ckpt)
        assert code == 0, complained
        assert kind in printed
        deblur("export", "--ckpt", ckpt, "--out", "at.safetensors")
    assert torch.equal(read_rgb(Path("one/photo.png")), read_rgb(Path("two/photo.png")))


def test_other_networks_have_no_authors_format(workplace: Path, deblur: Deblur, photographs: Path) -> None:
    assert deblur("fit", *UNET, *photographs_of(photographs), "--run=run")[0] == 0
    code, _, complained = deblur("export", "--ckpt", "run/checkpoints/last.ckpt", "--out", "at.pth")
    assert code == 2
    assert ".pth files are NAFNet's, and this is UNet: export .safetensors instead" in complained
