"""A checkpoint that cannot be trusted ends in one line, with nothing of it executed."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.reliability.command import SRCNN, photographs_of
from tests.small import data, srcnn, trainer

Deblur = Callable[..., tuple[int, str, str]]


class Payload:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (Path.touch, (self.path,))


@pytest.fixture
def sound(workplace: Path, photographs: Path) -> Path:
    """A checkpoint of an SRCNN without settings, as Python makes them."""
    runner = trainer(workplace)
    runner.fit(srcnn(), data(photographs))
    runner.save_checkpoint(workplace / "sound.ckpt")
    return workplace / "sound.ckpt"


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
    "weights alone": "is no checkpoint of a run",
    "another model": "does not fit the configuration's model",
    "older version": "does not fit the configuration's model",
}


@pytest.mark.parametrize("subcommand", ["fit", "test", "predict"])
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
