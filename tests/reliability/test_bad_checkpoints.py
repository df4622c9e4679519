"""A checkpoint that cannot be trusted ends in one line, with nothing of it executed."""

import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from deblur_lightning.commands.experiment.checkpoints import AtomicCheckpoints
from tests.conftest import write_photographs
from tests.helpers.command import SRCNN, photographs_of
from tests.helpers.small import data, srcnn, trainer

Deblur = Callable[..., tuple[int, str, str]]


class Payload:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (Path.touch, (self.path,))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of an SRCNN without settings, as Python makes them."""
    folder = tmp_path_factory.mktemp("trained")
    write_photographs(folder / "photographs")
    runner = trainer(folder)
    runner.fit(srcnn(), data(folder / "photographs"))
    runner.save_checkpoint(folder / "sound.ckpt")
    return folder / "sound.ckpt"


@pytest.fixture
def sound(trained: Path, workplace: Path) -> Path:
    """It, in the workplace."""
    return Path(shutil.copy(trained, workplace))


def _deflated(path: Path) -> zipfile.ZipFile:
    """Of the kind that torch reads at the wrong places, though not smaller."""
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=0)


CHANGED: dict[str, dict[str, Any]] = {
    "weights of a number": {"state_dict": 5},
    "settings of a number": {"hyper_parameters": 5},
    "data's settings of a list": {"settings": [5]},
    "counters of texts": {"loops": {"fit_loop": float("nan")}},
    "features of a number": {"features": 5},
    "generators of a number": {"generators": 5},
    "optimizers of a number": {"optimizer_states": 5},
    "rates of no number": {"optimizer_states": [{"param_groups": [{"lr": float("nan")}]}]},
    # what Lightning alone looks at, and only where a run goes on
    "a version of a number": {"pytorch-lightning_version": 5},
    "callbacks of a number": {"callbacks": 5},
    "no counters": {"loops": {}},
    "optimizers of another model": {"optimizer_states": [{"state": {}, "param_groups": [{"lr": 1.0, "params": [0]}]}]},
    "generators of another kind": {"generators": {"cpu": torch.zeros(3)}},
}
"""What is put in place of a sound checkpoint's own."""

RESUMED = list(CHANGED)[8:]


def spoil(kind: str, sound: Path) -> str:
    path = sound.with_name("bad.ckpt")
    if kind == "empty":
        path.touch()
    elif kind == "truncated":
        path.write_bytes(sound.read_bytes()[:-1000])
    elif kind == "text":
        path.write_text("not a checkpoint")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pickle":
        path.write_bytes(pickle.dumps(Payload(sound.with_name("executed"))))
    elif kind == "weights alone":
        torch.save(torch.load(sound, weights_only=True)["state_dict"], path)
    elif kind == "payload":
        torch.save(torch.load(sound, weights_only=True) | {"more": Payload(sound.with_name("executed"))}, path)
    elif kind == "another model":
        content = torch.load(sound, weights_only=True)
        content["state_dict"] = {"other.weight": torch.zeros(1)}
        torch.save(content, path)
    elif kind == "older version":
        content = torch.load(sound, weights_only=True)
        del content["state_dict"]["network.layers.0.bias"]
        torch.save(content, path)
    elif kind == "packed":
        with zipfile.ZipFile(sound) as archive, _deflated(path) as packed:
            for name in archive.namelist():
                packed.writestr(name, archive.read(name))
    elif kind in CHANGED:
        torch.save(torch.load(sound, weights_only=True) | CHANGED[kind], path)
    elif kind == "http":
        return "http://127.0.0.1:9/last.ckpt"
    return str(path)


BAD = {
    "missing": "no checkpoint at",
    "folder": "no checkpoint at",
    "http": "no checkpoint at http",
    "empty": "cannot be read as a checkpoint",
    "truncated": "cannot be read as a checkpoint",
    "text": "cannot be read as a checkpoint",
    "pickle": "cannot be read as a checkpoint",
    "payload": "cannot be read as a checkpoint",
    "packed": "unpacks to more than it is",
    **{kind: "is damaged" for kind in CHANGED if kind not in RESUMED},
    "weights alone": "is no checkpoint of a run",
    "another model": "does not fit the configuration's model",
    "older version": "does not fit the configuration's model",
}


@pytest.mark.parametrize("subcommand", ["fit", "test"])  # validate and predict read it as test does
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_checkpoint_is_refused_in_one_line(
    kind: str, subcommand: str, sound: Path, photographs: Path, deblur: Deblur
) -> None:
    given = spoil(kind, sound)
    command = [subcommand, *SRCNN, "--model.network.kernels=[3,1,3]", *photographs_of(photographs)]
    code, _, complained = deblur(*command, f"--ckpt_path={given}", "--run=run")
    assert code == 2, complained
    assert complained.splitlines()[-1].startswith("deblur: error: ")
    assert BAD[kind] in complained.splitlines()[-1]
    assert "Traceback" not in complained
    assert not sound.with_name("executed").exists()
    assert kind in ("another model", "older version") or not (sound.parent / "run").exists()


@pytest.mark.parametrize("kind", RESUMED)
def test_what_a_run_cannot_go_on_from_is_told_in_one_line(
    kind: str, sound: Path, photographs: Path, deblur: Deblur
) -> None:
    network = ["--model.network.kernels=[3,1,3]", "--model.network.channels=3"]
    command = ["fit", *SRCNN, *network, *photographs_of(photographs)]
    code, _, complained = deblur(*command, "--trainer.max_epochs=2", f"--ckpt_path={spoil(kind, sound)}", "--run=run")
    assert code == 2, complained
    assert complained.splitlines()[-1].startswith("deblur: error: the checkpoint is damaged")
    assert "Traceback" not in complained


def test_only_what_a_run_has_written_is_removed(tmp_path: Path) -> None:
    """A checkpoint tells which file was the best so far, for the next better one to replace."""
    (tmp_path / "run").mkdir()
    (tmp_path / "thesis").mkdir()
    files = AtomicCheckpoints()
    files.save_checkpoint({"epoch": 1}, tmp_path / "run" / "best.ckpt")
    files.remove_checkpoint(str(tmp_path / "run" / ".." / "thesis"))
    assert (tmp_path / "thesis").is_dir()
    files.remove_checkpoint(str(tmp_path / "run" / "best.ckpt"))
    assert not (tmp_path / "run" / "best.ckpt").exists()


@pytest.mark.parametrize("kind", ["missing", "empty", "truncated", "text", "pickle", "payload", "http"])
@pytest.mark.parametrize("command", [["restore", "{photo}", "--out", "out"], ["export", "--out", "out.safetensors"]])
def test_restore_and_export_refuse_it_too(
    kind: str, command: list[str], sound: Path, photographs: Path, deblur: Deblur
) -> None:
    photo = photographs / "test" / "00.png"
    code, _, complained = deblur(*(one.format(photo=photo) for one in command), "--ckpt", spoil(kind, sound))
    assert code == 2
    assert complained.splitlines()[-1].startswith("deblur: error: ")
    assert "Traceback" not in complained
    assert not sound.with_name("executed").exists()
