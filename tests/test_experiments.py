"""Every YAML under experiments/ runs: fitted, validated, tested and used, on a tiny budget and without a network."""

import functools
import itertools
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightning.pytorch import LightningModule, Trainer

from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.records import read_scores
from tests.conftest import EXPERIMENTS, write_image

NAMES = sorted(path.stem for path in EXPERIMENTS.glob("*.yaml"))
OVERLAYS = sorted(
    str(path.relative_to(EXPERIMENTS)) for room in ("data", "presets") for path in (EXPERIMENTS / room).glob("*.yaml")
)
SMALL = {
    "UNet": ["--model.network.widths=[4,8]", "--model.discriminator.widths=[4,8]"],
    "SRCNN": ["--model.network.widths=[4,4]"],
}
"""By network, what makes it small."""

Deblur = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("this test must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def settings(name: str) -> dict[str, dict[str, object]]:
    experiment: dict[str, dict[str, object]] = yaml.safe_load((EXPERIMENTS / f"{name}.yaml").read_text())
    return experiment


def small(name: str) -> list[str]:
    network = settings(name)["model"]["init_args"]["network"]["class_path"]  # type: ignore[index]
    return SMALL[network]


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_runs_from_fit_to_prediction(name: str, workplace: Path, deblur: Deblur) -> None:
    """On the experiment's own data, with one image each for validation and test."""
    one = ["--trainer.accelerator=cpu"]
    fit = ["--trainer.limit_val_batches=1", "--run=run", *small(name)]
    code, printed, complained = deblur(
        "fit", "--config", f"experiments/{name}.yaml", "--config", "tiny.yaml", *fit, *one
    )
    assert code == 0, complained
    assert (workplace / "run" / "pictures" / "val_000003.png").is_file()
    assert "deblur test --config run/config.yaml --ckpt_path run/checkpoints/best.ckpt" in printed
    for subcommand, result in {"validate": "val/psnr_gain", "test": "scores.csv", "predict": "predictions"}.items():
        limit = f"--trainer.limit_{subcommand.removesuffix('idate')}_batches=1"
        code, printed, complained = deblur(
            subcommand, "--config", "run/config.yaml", "--ckpt_path", "run/checkpoints/last.ckpt", limit, *one
        )
        assert code == 0, complained
        assert result in printed
    assert (workplace / "run" / "pictures" / "test.png").is_file()
    assert [path.name for path in (workplace / "run" / "predictions").iterdir()] == ["camera.png"]
    assert {record.image for record in read_scores(workplace / "run" / "scores.csv")} == {"camera.png"}


@pytest.mark.parametrize(("name", "overlay"), list(itertools.product(NAMES, OVERLAYS)))
def test_every_overlay_fits_every_experiment(
    name: str, overlay: str, workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The overlay's settings arrive, whatever they are laid over, and the whole runs for a batch."""
    for folder in ("photos", "data/stl10"):
        for number in range(3):
            path = workplace / folder / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, 96, 96, seed=number)
    wanted = yaml.safe_load((EXPERIMENTS / overlay).read_text())
    fit = Trainer.fit

    @functools.wraps(fit)  # the command line's options are read off its signature
    def one_batch(trainer: Trainer, model: LightningModule, datamodule: SyntheticBlur, **arguments: Any) -> None:
        for key, value in [*wanted.get("trainer", {}).items(), *wanted.get("data", {}).items()]:
            arrived = getattr(datamodule if key in wanted.get("data", {}) else trainer, key)
            assert type(arrived).__name__ == value["class_path"] if isinstance(value, dict) else arrived == value
        datamodule.batch_size, datamodule.epoch_length, datamodule.num_workers = 2, 2, 0
        trainer.limit_train_batches = trainer.limit_val_batches = trainer.fit_loop.max_epochs = 1
        trainer.val_check_interval = 1
        fit(trainer, model, datamodule=datamodule, **arguments)

    monkeypatch.setattr(Trainer, "fit", one_batch)
    files = ["--config", f"experiments/{name}.yaml", "--config", f"experiments/{overlay}"]
    code, printed, complained = deblur("fit", *files, *small(name), "--trainer.accelerator=cpu")
    assert code == 0, complained
    assert "val_000001.png" in printed


def test_every_experiment_opens_with_what_it_is_and_how_to_run_it() -> None:
    for path in EXPERIMENTS.rglob("*.yaml"):
        comment = "\n".join(itertools.takewhile(lambda line: line.startswith("#"), path.read_text().splitlines()))
        assert f"experiments/{path.relative_to(EXPERIMENTS)}" in comment, path
        assert "Command" in comment, path
