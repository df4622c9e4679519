"""The page: what it answers, and in a browser that it lives on after a bad file and asks nobody else for anything."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from deblur_lightning.restoring.model import Model
from deblur_lightning.restoring.photos import read_photo
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.restoring.models import pixels, small_model
from tests.restoring.test_estimates import discs

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read as Gradio is imported
pytest.importorskip("gradio")

from deblur_lightning.restoring import app

CPU = torch.device("cpu")


def models() -> dict[str, Model]:
    card = {"estimates": {"blur": [0.0, 0.1], "noise": [0.0, 3.0]}}
    small = small_model()
    return {"small": Model(small.network, small.settings, card), "idle": small_model(changes=False)}


@pytest.fixture
def desk(tmp_path: Path) -> app.Desk:
    return app.Desk(models(), CPU, tmp_path)


def soft(path: Path) -> Path:
    """Blurred discs."""
    blurred = ndimage.gaussian_filter(discs(), 2.0)[..., None].repeat(3, axis=2)
    Image.fromarray(blurred.astype(np.uint8)).save(path)
    return path


def test_a_photo_comes_back_as_a_file_of_its_kind(desk: app.Desk, tmp_path: Path) -> None:
    (before, after), told, result = desk.restore(str(soft(tmp_path / "photo.png")), "small")
    wanted = PhotoRestorer(models()["small"], CPU).restore(read_photo(tmp_path / "photo.png").planes)
    assert result is not None
    assert Path(result).name == "photo.png"
    assert np.array_equal(np.asarray(Image.open(result)), wanted)
    assert np.array_equal(after, wanted)
    assert np.array_equal(before, np.asarray(Image.open(tmp_path / "photo.png")))
    assert "Estimated blur 2.0" in told
    assert "the model has learned from blur 0.00 to 0.10" in told
    assert "more blurred" in told


def test_the_model_that_was_chosen_restores(desk: app.Desk, tmp_path: Path) -> None:
    (before, after), told, _ = desk.restore(str(soft(tmp_path / "photo.png")), "idle")
    assert np.array_equal(before, after)
    assert "the model's card gives no ranges" in told


def test_a_bad_file_gets_a_line_and_none_gets_nothing(desk: app.Desk, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    pictures, told, result = desk.restore(str(tmp_path / "bad.jpg"), "small")
    assert pictures is result is None
    assert "bad.jpg" in told
    assert str(tmp_path) not in told
    assert desk.restore(None, "small") == (None, "", None)


def test_large_photos_are_shown_in_part_and_animations_by_their_first_frame(
    desk: app.Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "SHOWN", 32)
    frames = [Image.fromarray(pixels(40, 50, 3) // n) for n in (1, 2)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    (before, after), told, result = desk.restore(str(tmp_path / "moving.gif"), "small")
    assert before.shape == after.shape == (32, 32, 3)
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
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "kept"))
    blocks = app.page(models(), CPU, tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = app.launched(blocks, port)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto(address)
        yield page
        browser.close()
    blocks.close(verbose=False)
    local = (address, f"blob:{address}", "data:")
    assert [url for url in page.requested if not url.startswith(local)] == []
    assert set(asked) <= {"127.0.0.1", "localhost", "None"}


def given(tab: Any, path: Path) -> None:
    """Drop a photo, in place of the one before."""
    if tab.locator("#photo button[aria-label=Clear]").count():
        tab.click("#photo button[aria-label=Clear]")
    tab.set_input_files("#photo input[type=file]", path)


@pytest.mark.slow
def test_in_a_browser(tab: Any, tmp_path: Path) -> None:
    good = soft(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    for _ in range(2):
        given(tab, good)
        with tab.expect_download() as download:
            tab.click("#result a", timeout=60_000)
        download.value.save_as(tmp_path / "saved.png")
        wanted = PhotoRestorer(models()["small"], CPU).restore(read_photo(good).planes)
        assert np.array_equal(np.asarray(Image.open(tmp_path / "saved.png")), wanted)
        tab.wait_for_selector("#slider img >> nth=1")
        assert "more blurred" in tab.inner_text("#told")
        given(tab, tmp_path / "bad.jpg")
        tab.wait_for_selector("#told >> text=bad.jpg")
        assert tab.locator("#result a").count() == 0
