"""Downloads from a server of this machine: cut off, slow, wrong, absent; what is kept is whole."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from deblur_lightning.errors import UserError
from deblur_lightning.files import downloads
from deblur_lightning.files.downloads import Download, check_space, fetch

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, np.uint8).tobytes()


class Server:
    """A file behind a server of this machine.

    Attributes:
        url: of the file.
        most: bytes that one answer has at most; None for all.
        ranges: whether it can go on in the middle of the file.
        content: what it sends.
        asked: the first byte of each request.
        hangs: whether it sends nothing after ``most`` bytes, and stays.
    """

    def __init__(self) -> None:
        self.url = ""
        self.most: int | None = None
        self.ranges = True
        self.content = CONTENT
        self.asked: list[int] = []
        self.hangs = False
        self.ended = Event()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/file":
                    self.send_error(404)
                    return
                begin = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])  # type: ignore[index]
                server.asked.append(begin)
                begin = begin if server.ranges else 0
                rest = server.content[begin:]
                self.send_response(206 if server.ranges else 200)
                self.send_header("Content-Length", str(len(rest)))
                self.end_headers()
                self.wfile.write(rest[: server.most])
                self.wfile.flush()
                if server.hangs:
                    server.ended.wait()

            def log_message(self, *_: object) -> None: ...

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    described = Server()
    with serving(described):
        yield described


@contextmanager
def serving(described: Server) -> Iterator[None]:
    listening = ThreadingHTTPServer(("127.0.0.1", 0), described.handler())
    thread = Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    described.url = f"http://127.0.0.1:{listening.server_address[1]}/file"
    yield
    described.ended.set()
    listening.shutdown()
    listening.server_close()
    thread.join()


def wanted(*urls: str, content: bytes = CONTENT) -> Download:
    return Download("set.bin", urls, hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content))


def test_a_file_comes_whole_and_only_once(server: Server, tmp_path: Path) -> None:
    seen: list[int] = []
    fetch(wanted(server.url), tmp_path / "new", seen.append)
    assert (tmp_path / "new/set.bin").read_bytes() == CONTENT
    assert seen[-1] == len(CONTENT)
    fetch(wanted(server.url), tmp_path / "new")
    assert server.asked == [0]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["set.bin"]


def test_what_was_cut_off_goes_on(server: Server, tmp_path: Path) -> None:
    server.most = 120_000
    fetch(wanted(server.url), tmp_path)
    assert server.asked == [0, 120_000, 240_000]
    assert (tmp_path / "set.bin").read_bytes() == CONTENT


def test_where_a_server_cannot_go_on_it_begins_anew_and_ends(server: Server, tmp_path: Path) -> None:
    server.ranges, server.most = False, 120_000
    with pytest.raises(UserError, match=r"cannot be fetched \(the connection was cut\); 0\.1 of 0\.3 MB have come"):
        fetch(wanted(server.url), tmp_path)
    server.most = None
    fetch(wanted(server.url), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == CONTENT


def test_a_server_that_falls_silent_is_left_and_what_came_stays(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "SECONDS", 0.3)
    server.most, server.hangs = 2 * 10**5, True
    with pytest.raises(
        UserError, match=r"^http.*/file cannot be fetched \(timed out\); 0\.2 of 0\.3 MB have come: the"
    ):
        fetch(wanted(server.url), tmp_path)
    server.most, server.hangs = None, False
    fetch(wanted(server.url), tmp_path)
    assert server.asked == [0, 200_000]


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"!", CONTENT + b"more"])
def test_another_file_is_removed(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    with pytest.raises(UserError, match=r"gave another file than set\.bin \(checksum\): it was removed"):
        fetch(wanted(server.url), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_next_place_is_tried(server: Server, tmp_path: Path) -> None:
    fetch(wanted(f"{server.url}-gone", "http://127.0.0.1:1/file", server.url), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == CONTENT
    with pytest.raises(UserError, match=r"-gone cannot be fetched \(404 Not Found\); 0\.0 of 0\.0 MB have come"):
        fetch(wanted(f"{server.url}-gone", content=b"else"), tmp_path)


def test_a_damaged_file_of_the_name_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.bin").write_bytes(b"half")
    with pytest.raises(UserError, match="cannot be fetched"):
        fetch(wanted("http://127.0.0.1:1/file"), tmp_path)
    fetch(wanted(server.url), tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == CONTENT


def test_nothing_begins_without_room(tmp_path: Path) -> None:
    large = Download("set.bin", ("http://127.0.0.1:1/file",), "0" * 32, 10**17)
    folder = tmp_path / "not/there"
    with pytest.raises(UserError, match=r"has room for [\d.]+ GB, and 100000000\.0 GB are needed: make room\."):
        check_space([large], folder, 0)
    with pytest.raises(UserError, match="are needed"):
        check_space([wanted("x")], folder, 10**17)
    check_space([wanted("x")], folder, 0)
    assert not folder.parent.exists()
