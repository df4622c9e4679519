"""deblur app: its mistakes, each in a line; the page itself is in tests/restoring/test_app.py."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deblur_lightning.commands.app_serving import named
from tests.restoring.models import write_model

Deblur = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "0"], "--port=0: give a number from 1 to 65535"),
        (["--port", "many"], "--port=many"),
        (["--device", "tpu"], "--device=tpu: choose from auto, cpu, cuda"),
        (["--ckpt", "gone.ckpt"], "no file gone.ckpt"),
        (["--ckpt", "one.safetensors", "--ckpt", "one.safetensors"], "--ckpt=one.safetensors is given twice"),
        (["photo.jpg"], "photo.jpg"),
    ],
)
def test_mistakes_end_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "one.safetensors")
    code, _, complained = deblur("app", *arguments)
    assert code == 2
    assert message in complained
    assert complained.count("\n") == 1


def test_without_gradio_the_cure_is_told(deblur: Deblur, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    monkeypatch.delitem(sys.modules, "deblur_lightning.restoring.app", raising=False)
    code, _, complained = deblur("app")
    assert code == 2
    assert "pip install 'deblur_lightning[app]'" in complained
    assert complained.count("\n") == 1


def test_a_taken_port_is_told(deblur: Deblur) -> None:
    pytest.importorskip("gradio")
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, complained = deblur("app", "--port", port)
    assert code == 2
    assert f"--port={port} is taken" in complained


def test_help_names_the_options(deblur: Deblur) -> None:
    code, printed, _ = deblur("app", "--help")
    assert code == 0
    for option in ("--ckpt", "--device", "--port"):
        assert option in printed


def test_models_are_chosen_by_name(tmp_path: Path) -> None:
    path = write_model(tmp_path / "mine.safetensors")
    assert list(named([path])) == ["nafnet_blind", str(path)]
