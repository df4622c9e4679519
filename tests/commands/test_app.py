"""deblur app: its mistakes, each in a line; the page itself is in tests/restoring/test_app.py."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from urllib.request import urlopen

import pytest

from deblur_lightning.commands import app_serving
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
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, complained = deblur("app", "--port", port)
    assert code == 2
    assert f"--port={port} is taken" in complained


class Stopped:
    """As an event during whose wait somebody presses Ctrl-C; looks at the page before."""

    seen: ClassVar[list[object]] = []

    def wait(self) -> None:
        kept = Path(os.environ["GRADIO_TEMP_DIR"])
        with urlopen(self.address()) as answer:
            self.seen += [kept, kept.is_dir(), answer.status, answer.headers["content-security-policy"]]
        raise KeyboardInterrupt

    @staticmethod
    def address() -> str:
        return f"http://127.0.0.1:{os.environ['PAGE_PORT']}"


def test_the_page_is_served_until_ctrl_c_and_leaves_nothing(deblur: Deblur, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gradio")
    monkeypatch.setattr(app_serving, "Event", Stopped)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PAGE_PORT", str(free.getsockname()[1]))
    code, printed, complained = deblur("app", "--port", os.environ["PAGE_PORT"])
    assert code == 0, complained
    assert f"serving   {Stopped.address()}" in printed
    kept, was_there, status, policy = Stopped.seen
    assert (was_there, status) == (True, 200)
    assert str(policy).startswith("default-src 'self'")
    assert not Path(str(kept)).exists()


def test_help_names_the_options(deblur: Deblur) -> None:
    code, printed, _ = deblur("app", "--help")
    assert code == 0
    for option in ("--ckpt", "--device", "--port"):
        assert option in printed


def test_models_are_chosen_by_name(tmp_path: Path) -> None:
    path = write_model(tmp_path / "mine.safetensors")
    assert list(named([path])) == ["nafnet_blind", str(path)]
