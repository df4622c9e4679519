"""Who the page answers: asked over loopback with the headers that hostile sites and browsers send."""

import http.client
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from deblur_lightning.restoring.app_state import UPLOADS, AppState
from tests.helpers.models import random_pixels, small_model

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read as Gradio is imported
pytest.importorskip("gradio")

from deblur_lightning.restoring import serving
from deblur_lightning.restoring.app import page
from deblur_lightning.restoring.guard import LARGEST
from tests.helpers.command import free_port

UPLOAD, JOIN = "/gradio_api/upload", "/gradio_api/queue/join"


class Served:
    """The page, and how to ask it."""

    def __init__(self, port: int, state: AppState) -> None:
        self.port, self.state, self.folder = port, state, state.uploads.parent
        self.name = f"127.0.0.1:{port}"
        self.own = {"Origin": f"http://{self.name}"}

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Host": self.name} | (headers or {})
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.status, answer.headers, answer.read().decode(errors="replace")
        connection.close()
        return found

    def upload(self, headers: dict[str, str], data: bytes = b"photo") -> tuple[int, http.client.HTTPMessage, str]:
        form = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        form += data + b"\r\n--x--\r\n"
        return self.ask("POST", UPLOAD, {"Content-Type": "multipart/form-data; boundary=x"} | headers, form)

    def join(self, path: str) -> str:
        """Have a file taken into the queue of the tab "tab", and return all that the page sends for it."""
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        _, _, config = self.ask("GET", "/config")
        one = next(each for each in json.loads(config)["dependencies"] if len(each["inputs"]) == 3)
        body = json.dumps(
            {"data": [[file], "the photo", "small"], "fn_index": one["id"], "session_hash": "tab"}
        ).encode()
        status, _, text = self.ask("POST", JOIN, self.own | {"Content-Type": "application/json"}, body)
        assert status == 200, text
        return self.ask("GET", "/gradio_api/queue/data?session_hash=tab")[2]

    def kept(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / UPLOADS))
        state = AppState({"small": small_model()}, torch.device("cpu"), folder)
        with serving.serve(page(state), free_port()) as address:
            yield Served(int(address.rpartition(":")[2]), state)
        state.close()


def test_the_page_itself_is_answered(site: Served) -> None:
    for name in (site.name, f"localhost:{site.port}", "LOCALHOST", "[::1]"):
        status, headers, text = site.ask("GET", "/", {"Host": name})
        assert status == 200
        assert "<html" in text
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["access-control-allow-origin"] is None
    assert site.upload(site.own)[0] == 200
    assert site.upload({"Host": f"localhost:{site.port}", "Origin": f"http://localhost:{site.port}"})[0] == 200
    by_link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert site.ask("GET", "/", by_link)[0] == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.0.1", "localhost@evil", ""]
)
def test_another_name_is_refused_whatever_is_asked(name: str, site: Served) -> None:
    before = site.kept()
    for method, path in (("GET", "/"), ("GET", "/config"), ("POST", UPLOAD), ("OPTIONS", JOIN), ("HEAD", "/")):
        status, headers, _ = site.ask(method, path, {"Host": name, "Origin": f"http://{name}"}, b"x" * 10)
        assert status in (400, 403)  # 400 is the server's own, for a name that is none
        assert headers["access-control-allow-origin"] is None
        assert headers["access-control-allow-credentials"] is None
    assert site.kept() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another program's page on this computer
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_another_site_s_page_is_refused(headers: dict[str, str], site: Served) -> None:
    before = site.kept()
    tries = [site.upload(headers), site.ask("GET", "/config", headers), site.ask("POST", JOIN, headers, b"{}")]
    preflight = headers | {"Access-Control-Request-Method": "POST"}
    for status, answered, text in [*tries, site.ask("OPTIONS", UPLOAD, preflight)]:
        assert status == 403
        assert text == "Only the page itself may ask for this, not another site's.\n"
        assert answered["access-control-allow-origin"] is None
        assert answered["access-control-allow-credentials"] is None
    assert site.kept() == before


def test_a_change_needs_an_origin(site: Served) -> None:
    assert site.upload({})[0] == 403


def test_what_is_too_large_or_of_unknown_size_is_refused_before_it_is_read(site: Served) -> None:
    before = site.kept()
    for size, code, told in (
        ({"Content-Length": str(LARGEST + 1)}, 413, "This is larger than 400 MB, the most that the page takes: use"),
        ({"Transfer-Encoding": "chunked"}, 411, "Content-Length is missing"),
        ({}, 411, "Content-Length is missing"),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        connection.putrequest("POST", UPLOAD)
        for header, value in (site.own | size).items():
            connection.putheader(header, value)
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == code
        assert told in text
        assert text.count("\n") == 1
    assert site.kept() == before


def test_gradio_fetches_nothing_for_anybody(site: Served) -> None:
    for path in ("/gradio_api/file=http://evil.example/a", "/gradio_api/proxy=https://evil.hf.space/a"):
        assert site.ask("GET", path)[::2] == (403, "This page fetches nothing from elsewhere.\n")


def test_only_uploads_are_restored(site: Served, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.fromarray(random_pixels(9, 12, 3)).save(secret)
    site.join(str(secret))
    assert secret.exists()
    assert site.state.items("tab") == []


def test_an_answer_is_served_until_its_tab_removes_it(site: Served) -> None:
    Image.fromarray(random_pixels(9, 12, 3)).save(site.folder / "photo.png")
    data = (site.folder / "photo.png").read_bytes()
    (site.folder / "photo.png").unlink()
    path = json.loads(site.upload(site.own, data)[2])[0]
    assert Path(path).read_bytes() == data
    assert '"success":true' in site.join(path)
    until = time.monotonic() + 60
    while not site.state.finished("tab"):
        assert time.monotonic() < until
    (item,) = site.state.items("tab")
    result = item.answers["small"].file
    status, headers, _ = site.ask("GET", f"/gradio_api/file={result}")
    assert status == 200
    assert headers["content-type"] == "image/png"
    assert headers["cache-control"] == "no-store"
    site.state.clear("tab")
    assert not Path(path).exists()
    assert site.ask("GET", f"/gradio_api/file={result}")[0] in (403, 404)
