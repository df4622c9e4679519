"""The page: what it answers, and in a browser that it lives on after a bad file and asks nobody else for anything."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from torch import nn

from deblur_lightning.restoring import app_state
from deblur_lightning.restoring.app_state import UPLOADS, AppState
from deblur_lightning.restoring.model import Model
from deblur_lightning.restoring.photos import read_photo
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.helpers.command import free_port
from tests.helpers.models import discs, random_pixels, small_model

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read as Gradio is imported
pytest.importorskip("gradio")

from deblur_lightning.restoring import serving
from deblur_lightning.restoring.app import page

CPU = torch.device("cpu")


def models() -> dict[str, Model]:
    card = {"estimates": {"blur": [0.0, 0.1], "noise": [0.0, 3.0]}}
    small = small_model()
    return {"small": Model(small.network, small.settings, card), "idle": small_model(changes=False)}


@pytest.fixture
def state(tmp_path: Path) -> AppState:
    return AppState(models(), CPU, tmp_path)


def soft(path: Path, side: int = 200) -> Path:
    """Blurred discs."""
    blurred = ndimage.gaussian_filter(discs(side), 2.0)[..., None].repeat(3, axis=2)
    Image.fromarray(blurred.astype(np.uint8)).save(path)
    return path


def uploaded(state: AppState, name: str) -> Path:
    """Where Gradio would put an upload of that name."""
    folder = state.uploads / "0a1b"
    folder.mkdir(exist_ok=True)
    return folder / name


def idle(share: float, desc: str) -> None:
    """Nobody watches."""


def test_a_photo_comes_back_as_a_file_of_its_kind(state: AppState) -> None:
    upload = soft(uploaded(state, "photo.png"))
    pixels = read_photo(upload).pixels
    pictures, told, result = state.restore(str(upload), "small", "tab", idle)
    wanted = PhotoRestorer(models()["small"], CPU).restore(pixels)
    assert result is not None
    assert pictures is not None
    assert Path(result).name == "photo.png"
    assert np.array_equal(np.asarray(Image.open(result)), wanted)
    assert np.array_equal(np.asarray(Image.open(pictures[0])), pixels)
    assert np.array_equal(np.asarray(Image.open(pictures[1])), wanted)
    assert told.startswith("**Blur of about ")
    assert "soft as from a Gaussian of 2.0" in told
    assert "the model has learned from blur 0.00 to 0.10" in told
    assert "more blurred" in told


def test_the_model_that_was_chosen_restores_and_another_needs_no_upload(state: AppState) -> None:
    pictures, told, first = state.restore(str(soft(uploaded(state, "photo.png"))), "idle", "tab", idle)
    assert pictures is not None
    assert Path(pictures[0]).read_bytes() == Path(pictures[1]).read_bytes()
    assert "the model's card gives no ranges" in told
    _, _, second = state.again("small", "tab", idle)
    assert second is not None
    assert first is not None
    assert not Path(first).exists()
    assert np.asarray(Image.open(second)).shape == (*discs().shape, 3)


def test_only_what_a_tab_shows_is_kept(state: AppState, tmp_path: Path) -> None:
    def kept() -> set[str]:
        return {path.name for path in tmp_path.rglob("*") if path.is_file()}

    shown = {"shown.png"}
    for tab in ("one", "other"):
        state.restore(str(soft(uploaded(state, f"{tab}.png"))), "idle", tab, idle)
    assert kept() == {"one.png", "other.png"} | shown
    state.restore(str(soft(uploaded(state, "next.png"))), "idle", "one", idle)
    assert kept() == {"next.png", "other.png"} | shown
    uploaded(state, "bad.png").write_bytes(b"no photo")
    state.restore(str(uploaded(state, "bad.png")), "idle", "other", idle)
    assert kept() == {"next.png"} | shown
    state.clear("one")
    assert kept() == set()
    assert state.again("idle", "one", idle) == (None, "", None)


def test_what_was_uploaded_and_never_asked_for_goes_with_a_later_answer(state: AppState) -> None:
    old, young = state.uploads / "tmpold", state.uploads / "young" / "b.png"
    young.parent.mkdir()
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    state.restore(str(soft(uploaded(state, "photo.png"))), "idle", "tab", idle)
    assert not old.exists()
    assert young.exists()


def test_nothing_but_uploads_is_read_or_removed(state: AppState, tmp_path: Path) -> None:
    for path in (tmp_path / "mine" / "photo.png", state.uploads / "photo.png", state.answers / "photo.png"):
        path.parent.mkdir(exist_ok=True)
        assert state.restore(str(soft(path)), "small", "tab", idle) == (None, "**this was not uploaded here.**", None)
        assert path.exists()


@pytest.mark.parametrize(
    ("end", "told"), [("close", "**the page was closed.**"), ("clear", "**the photo was taken away.**")]
)
def test_what_nobody_waits_for_is_not_written(end: str, told: str, state: AppState) -> None:
    def stop(share: float, desc: str) -> None:
        state.close() if end == "close" else state.clear("tab")

    assert state.restore(str(soft(uploaded(state, "photo.png"))), "small", "tab", stop) == (None, told, None)
    assert list(state.answers.iterdir()) == []


def test_a_desk_that_is_closed_ends_its_work_within_a_tile(tmp_path: Path) -> None:
    by_name = models()
    done: list[nn.Module] = []
    layers = [module for module in by_name["small"].network.modules() if not list(module.children())]
    state = AppState(by_name, CPU, tmp_path)
    for layer in layers:
        layer.register_forward_hook(lambda module, *_: done.append(module))
    layers[0].register_forward_hook(lambda *_: state.close())
    state.restore(str(soft(uploaded(state, "photo.png"), side=600)), "small", "tab", idle)
    assert done == layers[:1]


def test_a_bad_file_gets_a_line_and_none_gets_nothing(state: AppState, tmp_path: Path) -> None:
    uploaded(state, "bad.jpg").write_bytes(b"no photo")
    pictures, told, result = state.restore(str(uploaded(state, "bad.jpg")), "small", "tab", idle)
    assert pictures is result is None
    assert "bad.jpg" in told
    assert str(tmp_path) not in told
    assert state.restore(None, "small", "tab", idle) == (None, "", None)


def test_large_photos_are_shown_in_part_and_animations_by_their_first_frame(
    state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_state, "SHOWN", 32)
    frames = [Image.fromarray(random_pixels(40, 50, 3) // n) for n in (1, 2)]
    frames[0].save(uploaded(state, "moving.gif"), save_all=True, append_images=frames[1:])
    pictures, told, result = state.restore(str(uploaded(state, "moving.gif")), "small", "tab", idle)
    assert pictures is not None
    assert [Image.open(picture).size for picture in pictures] == [(32, 32)] * 2
    assert "Shown is the middle, 32 pixels" in told
    assert Path(result or "").name == "moving.gif.png"
    assert Image.open(result or "").size == (50, 40)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that this process has asked the address of."""
    hosts: list[str] = []
    resolve: Callable[..., Any] = socket.getaddrinfo

    def noted(host: Any, *arguments: Any, **settings: Any) -> Any:
        hosts.append(str(host))
        return resolve(host, *arguments, **settings)

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    return hosts


@pytest.fixture
def tab(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch, chromium: str) -> Iterator[Any]:
    """The page in a headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / UPLOADS))
    monkeypatch.setattr(serving, "LARGEST", 200_000)
    state = AppState(models(), CPU, tmp_path)
    with serving.serve(page(state), free_port()) as address, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.requested = []
        tab.on("request", lambda request: tab.requested.append(request.url))
        tab.goto(address)
        yield tab
        assert list(state.answers.iterdir())
        tab.close()
        wait_until(lambda: not list(state.answers.iterdir()))
        browser.close()
    local = (address, f"blob:{address}", "data:")
    assert [url for url in tab.requested if not url.startswith(local)] == []
    assert set(asked) <= {"127.0.0.1", "localhost", "None"}


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def given(tab: Any, path: Path) -> None:
    """Drop a photo, in place of the one before."""
    if tab.locator("#photo button[aria-label=Clear]").count():
        tab.click("#photo button[aria-label=Clear]")
    tab.set_input_files("#photo input[type=file]", path)


@pytest.mark.slow
def test_in_a_browser(tab: Any, tmp_path: Path) -> None:
    good = soft(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    (tmp_path / "large.png").write_bytes(bytes(300_000))
    given(tab, tmp_path / "large.png")
    tab.wait_for_selector("text=exceed the maximum allowed size")
    tab.reload()
    for _ in range(2):
        given(tab, good)
        with tab.expect_download() as download:
            tab.click("#result a", timeout=60_000)
        download.value.save_as(tmp_path / "saved.png")
        wanted = PhotoRestorer(models()["small"], CPU).restore(read_photo(good).pixels)
        assert np.array_equal(np.asarray(Image.open(tmp_path / "saved.png")), wanted)
        tab.wait_for_selector("#slider img >> nth=1")
        assert "more blurred" in tab.inner_text("#told")
        assert not list((tmp_path / UPLOADS).rglob("good.png"))
        given(tab, tmp_path / "bad.jpg")
        tab.wait_for_selector("#told >> text=bad.jpg")
        assert tab.locator("#result a").count() == 0
    given(tab, good)
    tab.wait_for_selector("#result a")  # an answer that goes with its tab
