"""deblur data: what a set is, what of it is missing, and sets fetched from a server of this machine."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from torchvision.datasets import MNIST

from deblur_lightning.commands.data import catalogue
from deblur_lightning.commands.data.catalogue import SETS
from deblur_lightning.files.downloads import Download
from tests.helpers.standins import write_pairs

UNPACKED = {
    True: bytes([0, 0, 8, 3, *(0, 0, 0, 2), *(0, 0, 0, 28), *(0, 0, 0, 28)]) + bytes(2 * 28 * 28),
    False: bytes([0, 0, 8, 1, *(0, 0, 0, 2), 7, 1]),
}
"""Two images, and two labels, as MNIST's files have them."""

Deblur = Callable[..., tuple[int, str, str]]


def test_all_sets_are_listed_and_each_is_described(workplace: Path, deblur: Deblur) -> None:
    code, printed, _ = deblur("data")
    assert code == 0
    assert [line.split()[0] for line in printed.splitlines()[: len(SETS)]] == list(SETS)
    for name, found in SETS.items():
        code, printed, _ = deblur("data", name)
        assert code == 0
        for part in (found.about, found.licence, found.page, f"data/{name}"):
            assert part in printed
        assert "ROOT" not in printed
        assert bool(found.get) != bool(found.downloads)
    assert not (workplace / "data").exists()


def test_a_set_that_is_laid_out_by_hand_is_looked_through(workplace: Path, deblur: Deblur) -> None:
    code, printed, complained = deblur("data", "gopro", "--root", "pairs")
    assert code == 1
    assert "deblur: error: pairs lacks train, test: unpack GOPRO_Large.zip of its page into pairs" in complained
    write_pairs(workplace / "pairs", "train/GOPR1/1.png", "test/GOPR9/1.png")
    code, printed, complained = deblur("data", "gopro", "--root", "pairs")
    assert code == 0, complained
    assert printed.splitlines()[-1] == "ready     pairs"


def test_a_set_is_fetched_checked_and_unpacked(
    workplace: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MNIST's files, small ones, behind a server of this machine; torchvision unpacks them."""
    (workplace / "server").mkdir()
    resources = []
    for name, _ in MNIST.resources:
        content = gzip.compress(UNPACKED["images" in name], mtime=0)
        (workplace / "server" / name).write_bytes(content)
        resources.append((name, hashlib.md5(content, usedforsecurity=False).hexdigest()))
    monkeypatch.setattr(MNIST, "resources", resources)
    handler = partial(SimpleHTTPRequestHandler, directory=str(workplace / "server"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        place = f"http://127.0.0.1:{server.server_address[1]}/"
        downloads = tuple(
            Download(name, (place + name,), md5, (workplace / "server" / name).stat().st_size)
            for name, md5 in resources
        )
        monkeypatch.setitem(catalogue.SETS, "mnist", replace(SETS["mnist"], downloads=downloads))
        code, printed, complained = deblur("data", "mnist", "--root", "mnist")
        assert code == 0, complained
        assert printed.splitlines()[-1] == "ready     mnist"
        assert (workplace / "mnist/MNIST/raw/train-labels-idx1-ubyte").read_bytes() == UNPACKED[False]
        server.shutdown()
    raw = workplace / "mnist/MNIST/raw/t10k-images-idx3-ubyte"
    for damaged in (None, raw.read_bytes()[:-9]):  # the server is gone, and is not needed
        if damaged:
            raw.write_bytes(damaged)
        code, printed, complained = deblur("data", "mnist", "--root", "mnist")
        assert code == 0, complained
        assert ("unpacking" in printed) == bool(damaged)
        assert raw.read_bytes() == UNPACKED[True]
    wrong = (replace(downloads[0], md5="0" * 32, urls=("http://127.0.0.1:1/file",)),)
    monkeypatch.setitem(catalogue.SETS, "mnist", replace(SETS["mnist"], downloads=wrong))
    code, _, complained = deblur("data", "mnist", "--root", "other")
    assert code == 2
    assert "http://127.0.0.1:1/file cannot be fetched (Connection refused)" in complained


def test_a_set_that_is_not_known_is_told_in_a_line(deblur: Deblur) -> None:
    code, _, complained = deblur("data", "gopr")
    assert code == 2
    assert complained == f"deblur: error: no set 'gopr': choose from {', '.join(SETS)}.\n"
