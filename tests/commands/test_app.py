"""deblur app: its mistakes, each in a line; the page itself is in tests/restoring/test_app.py."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from urllib.request import urlopen

import pytest

from deblur_lightning.commands.app import run
from deblur_lightning.commands.app.run import load_models
from tests.helpers.command import free_port, fresh, wait_for
from tests.helpers.models import write_model

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
    monkeypatch.setitem(sys.modules, "deblur_lightning.commands.app.run", None)  # it is told before torch is imported
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


class Signalled:
    """As an event during whose wait a signal comes; looks at the page before."""

    number: ClassVar[signal.Signals] = signal.SIGINT
    seen: ClassVar[list[object]] = []

    def wait(self) -> None:
        kept = Path(os.environ["GRADIO_TEMP_DIR"])
        with urlopen(self.address()) as answer:
            Signalled.seen = [kept.parent, kept.is_dir(), answer.status, answer.headers["content-security-policy"]]
        signal.raise_signal(self.number)

    @staticmethod
    def address() -> str:
        return f"http://127.0.0.1:{os.environ['PAGE_PORT']}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_page_is_served_until_a_signal_and_leaves_nothing(
    number: signal.Signals, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gradio")
    monkeypatch.setattr(run, "Event", Signalled)
    monkeypatch.setattr(Signalled, "number", number)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PAGE_PORT", str(free.getsockname()[1]))
    former = [signal.getsignal(each) for each in run.SIGNALS]
    code, printed, complained = deblur("app", "--port", os.environ["PAGE_PORT"])
    assert code == 0, complained
    assert f"serving   {Signalled.address()}" in printed
    kept, was_there, status, policy = Signalled.seen
    assert (was_there, status) == (True, 200)
    assert str(policy).startswith("default-src 'self'")
    assert not Path(str(kept)).exists()
    assert [signal.getsignal(each) for each in run.SIGNALS] == former


def test_nohup_is_respected() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with run.ending_by_signals():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, former)


@pytest.mark.slow
def test_a_page_that_was_killed_leaves_its_photos_until_the_next_starts(workplace: Path) -> None:
    pytest.importorskip("gradio")
    kept = workplace / "temporary"
    kept.mkdir()

    def start(stop: signal.Signals) -> int:
        said = workplace / f"said-{stop}.txt"
        with (
            said.open("w") as output,
            fresh(["app", "--port", free_port()], workplace, output, TMPDIR=str(kept)) as app,
        ):
            wait_for(lambda: "serving" in said.read_text(), app)
            (folder,) = (path for path in kept.glob("deblur-app-*") if path not in before)
            (folder / "uploads" / "photo.jpg").touch()
            if stop == signal.SIGKILL:
                before.append(folder)
            else:
                assert not any(path.exists() for path in before), "removed as it starts"
            app.send_signal(stop)
            return app.wait(timeout=60)

    before: list[Path] = []
    for stop, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 0), (signal.SIGHUP, 0)):
        assert start(stop) == code
    assert list(kept.iterdir()) == []


def test_help_names_the_options(deblur: Deblur) -> None:
    code, printed, _ = deblur("app", "--help")
    assert code == 0
    for option in ("--ckpt", "--device", "--port"):
        assert option in printed


def test_models_are_chosen_by_name(tmp_path: Path) -> None:
    path = write_model(tmp_path / "mine.safetensors")
    assert list(load_models([path])) == ["nafnet_photographs", str(path)]
