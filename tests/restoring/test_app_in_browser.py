"""The page in a browser lives on after a bad file, and asks nobody else for anything."""

import os
import re
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deblur_lightning.restoring.app_state import UPLOADS, AppState
from deblur_lightning.restoring.photos import read_photo
from deblur_lightning.restoring.restorer import PhotoRestorer
from tests.helpers.app import CPU, models, pixels_of, soft, wait_until
from tests.helpers.command import free_port

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read as Gradio is imported
pytest.importorskip("gradio")

from deblur_lightning.restoring import serving
from deblur_lightning.restoring.app import page


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


@pytest.mark.slow
def test_in_a_browser(tab: Any, tmp_path: Path) -> None:
    """What is asked for are the figures that the page shows, and the bytes that it gives."""
    good, wide = soft(tmp_path / "good.png"), soft(tmp_path / "wide.png", side=240)
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    (tmp_path / "large.png").write_bytes(bytes(300_000))
    tab.set_input_files("#photos input[type=file]", [tmp_path / "large.png"])
    tab.wait_for_selector("text=exceed the maximum allowed size")
    tab.reload()
    tab.set_input_files("#photos input[type=file]", [good, tmp_path / "bad.jpg"])
    tab.wait_for_selector("#result a", timeout=60_000)
    tab.wait_for_selector("#queue >> text=bad.jpg is not an image")
    assert [row.split("\n")[0] for row in tab.locator("#queue .item").all_inner_texts()] == ["good.png", "bad.jpg"]
    tab.set_input_files("#photos input[type=file]", [wide])  # the queue grows
    tab.wait_for_selector("#bundle:visible", timeout=60_000)
    for number, photo in enumerate((good, wide)):
        with tab.expect_download() as download:
            tab.locator("#result a").nth(number).click()
        assert download.value.suggested_filename == f"{photo.stem}-restored.png"
        download.value.save_as(tmp_path / "saved.png")
        wanted = PhotoRestorer(models()["small"], CPU).restore(read_photo(photo).pixels)
        assert np.array_equal(pixels_of(tmp_path / "saved.png"), wanted)
    with tab.expect_download() as download:
        tab.click("#bundle")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == ["good-restored.png", "wide-restored.png"]
    tab.wait_for_selector("#slider img >> nth=1")
    told = tab.inner_text("#told")
    assert "more blurred" in told
    assert re.search(r"^Blur of about \d+ pixels .*: restored by the network\.", told)
    assert tab.locator("#told img").count() == 1
    shares = [float(bar.get_attribute("value")) for bar in tab.locator("#queue progress").all()]
    assert shares == [1, 1, 1]
    tab.locator("#photo label").nth(1).click()
    tab.wait_for_selector("#told >> text=bad.jpg is not an image")
    for width in (1300, 390):
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.click("#remove")
    tab.wait_for_selector("#queue .item", state="detached")
    assert not list((tmp_path / UPLOADS).rglob("*.png"))
    tab.set_input_files("#photos input[type=file]", [good])
    tab.wait_for_selector("#result a")  # an answer that goes with its tab
