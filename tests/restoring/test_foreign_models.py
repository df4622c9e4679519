"""Model files made to harm: nothing in them runs or fetches, nothing is allocated as they say, one line is told."""

import json
import multiprocessing
import os
import resource
import socket
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from safetensors.torch import save_file

from deblur_lightning.errors import UserError
from deblur_lightning.restoring.model import load_model, sha256
from tests.helpers.models import INIT, SETTINGS, small_model, write_model

OWN = "deblur_lightning.networks"
NAFNET = f"{OWN}.nafnet.NAFNet"
PATCHES: dict[str, Any] = {"class_path": "kornia.feature.dedode.transformer.layers.patch_embed.PatchEmbed"}
PATCHES["init_args"] = {"norm_layer": "os._exit", "embed_dim": 77}
HARDNET = {"class_path": "kornia.feature.HardNet", "init_args": {"pretrained": True}}
PAYLOAD = {"class_path": "payload.Net"}
ROOM = 2**29
"""Bytes that reading a file may take beside what the process has; one more NAFNet of width 4096 takes 11.8 GB."""

_starter = multiprocessing.get_context("forkserver")
_starter.set_forkserver_preload(["deblur_lightning.restoring.model", "deblur_lightning.commands.experiment.run"])


def told(path: Path) -> str:
    """What is told of ``path`` by a process of its own, which must neither be ended by it nor run short of memory."""
    process = _starter.Process(target=_load, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 2, f"it ended with {process.exitcode}"
    assert {one.name for one in path.parent.iterdir()} <= {
        path.name,
        path.with_suffix(".json").name,
        "payload.py",
        "told",
    }
    line = (path.parent / "told").read_text()
    assert line.isprintable()
    assert len(line) < 500
    return line


def _load(path: Path) -> None:
    os.chdir(path.parent)
    os.sys.path.insert(0, str(path.parent))  # type: ignore[attr-defined]
    os.environ["HOME"] = os.environ["TORCH_HOME"] = str(path.parent)
    socket.socket.connect = _connected  # type: ignore[assignment, method-assign]
    torch.set_num_threads(1)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
    try:
        load_model(path)
    except UserError as error:
        Path("told").write_text(str(error))
        raise SystemExit(2) from error


def _connected(*_: Any) -> NoReturn:
    Path("connected").touch()
    raise OSError


def nafnet(**changes: Any) -> dict[str, Any]:
    return {"class_path": NAFNET, "init_args": INIT | changes}


DESCRIBED: dict[str, tuple[Any, str]] = {
    "a module that runs as it is imported": (PAYLOAD, "names the network payload.Net"),
    "the same within a network": (
        {"class_path": f"{OWN}.luminance.Luminance", "init_args": {"network": PAYLOAD}},
        "names the network payload.Net",
    ),
    "another file within a network": (
        {"class_path": f"{OWN}.Luminance", "init_args": {"network": {"class_path": f"{OWN}.published.Published"}}},
        "it can be no part of another network",
    ),
    "a callable among the arguments": (PATCHES, "which is not of this package"),
    "one that fetches its weights": (HARDNET, "which is not of this package"),
    "a module beside ours": ({"class_path": f"{OWN}_payload.Net"}, "which is not of this package"),
    "what ours imports": ({"class_path": f"{OWN}.unet.nn.Linear"}, "cannot be built here"),
    "a function of ours": ({"class_path": f"{OWN}.resnet.resnet18"}, "cannot be built here (it is no network)"),
    "no path": ({"class_path": "../payload"}, "does not say which network"),
    "no text": ({"class_path": 5}, "does not say which network"),
    "a list": ([1], "does not"),
    "arguments that are none": ({"class_path": NAFNET, "init_args": 5}, "cannot be built here"),
    "keys beside": ({"class_path": NAFNET, "more": 1}, "does not say which network"),
    "a text in place of a network": (
        {"class_path": f"{OWN}.resnet.ResNet18", "init_args": {"stem": "os._exit"}},
        "stem=os._exit does not fit",
    ),
    "a gigantic network": (nafnet(width=4096), "does not fit the NAFNet"),
    "more layers than memory holds": (nafnet(middle_blocks=999_999), "far more layers"),
    "a number beyond any": (nafnet(width=10**30), "a number beyond any use"),
    "one below 0": (nafnet(middle_blocks=-1), "cannot be built here (NAFNet width=4"),
    "no whole number": (nafnet(window=32.0), "window=32.0 does not fit"),
    "a text for a number": (nafnet(width="4"), "width=4 does not fit"),
    "a truth value for a number": (nafnet(width=True), "width=True does not fit"),
    "not a number": (nafnet(width=float("nan")), "it holds nan, which is no number"),
    "an argument there is not": (nafnet(more=1), "cannot be built here"),
    "a terminal's commands": ({"class_path": "a.b\x1b[2J\n" + 999 * "x"}, "does not say which network"),
    "a classifier": (
        {"class_path": f"{OWN}.classifiers.MLPClassifier", "init_args": {"widths": []}},
        "does not fit the MLPClassifier",
    ),
}


@pytest.mark.parametrize("kind", ["ckpt", "safetensors"])
@pytest.mark.parametrize("case", DESCRIBED)
def test_a_network_that_is_no_network_of_ours_is_refused(case: str, kind: str, tmp_path: Path) -> None:
    described, wanted = DESCRIBED[case]
    (tmp_path / "payload.py").write_text("open('ran', 'w')\nraise SystemExit(77)\n")
    path = tmp_path / f"at.{kind}"
    weights = {name: value.contiguous() for name, value in small_model().network.state_dict().items()}
    if kind == "safetensors":
        save_file(weights, path, metadata={"network": json.dumps(described)})
    else:
        write_checkpoint(path, described)
    assert wanted in told(path)


def write_checkpoint(path: Path, network: Any = SETTINGS, **changes: Any) -> None:
    state = {f"network.{name}": value for name, value in small_model().network.state_dict().items()}
    torch.save({"state_dict": state, "hyper_parameters": {"network": network}} | changes, path)


@pytest.mark.parametrize(
    "text", ["[", "5", "null", "[" * 100_000, '{"a":' * 100_000, '{"class_path": 1e400}', "9" * 5000, "\x1b[2J"]
)
def test_a_header_that_says_nothing_is_refused(text: str, tmp_path: Path) -> None:
    save_file({"one": torch.zeros(1)}, tmp_path / "at.safetensors", metadata={"network": text})
    assert "does not" in told(tmp_path / "at.safetensors")


def test_a_safetensors_file_whose_header_lies_is_refused(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    (tmp_path / "at.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    assert "is no sound safetensors file" in told(tmp_path / "at.safetensors")


class Calls:
    """Pickled as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def laughs() -> Any:
    """A list that is small in memory, and endless to who goes through it."""
    found: list[Any] = ["ha"]
    for _ in range(50):
        found = [found, found]
    return found


def deep() -> Any:
    found: Any = 1
    for _ in range(100):
        found = {"a": found}
    return found


CONTENTS: dict[str, tuple[Any, str]] = {
    "weights that are a number": ({"state_dict": 5}, "is damaged"),
    "weights that are a list": ({"state_dict": [torch.zeros(1)]}, "is damaged"),
    "weights by number": ({"state_dict": {5: torch.zeros(1)}}, "is damaged"),
    "weights that are texts": ({"state_dict": {"network.head.1.bias": "0"}}, "is damaged"),
    "weights that are nowhere": ({"state_dict": {"network.a": torch.zeros(9, device="meta")}}, "cannot be read"),
    "weights of another layout": ({"state_dict": {"network.a": torch.zeros(9, 9).to_sparse()}}, "cannot be read"),
    "settings that are a number": ({"hyper_parameters": 5}, "is damaged"),
    "endless settings": ({"hyper_parameters": {"network": laughs()}}, "is damaged"),
    "deep settings": ({"hyper_parameters": {"network": deep()}}, "is damaged"),
    "counters that are texts": ({"loops": {"fit_loop": "x"}, "epoch": float("nan")}, "is damaged"),
    "a byte array of any size": ({"more": Calls(bytearray, 99)}, "cannot be read"),
    "a tensor made of its size": ({"more": Calls(torch.Tensor, 9, 9)}, "cannot be read"),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_a_checkpoint_of_another_structure_is_refused(case: str, tmp_path: Path) -> None:
    changes, wanted = CONTENTS[case]
    write_checkpoint(tmp_path / "at.ckpt", **changes)
    assert wanted in told(tmp_path / "at.ckpt")


def test_a_checkpoint_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "sound.ckpt")
    folder = tmp_path / "alone"
    folder.mkdir()
    with (
        zipfile.ZipFile(tmp_path / "sound.ckpt") as sound,
        zipfile.ZipFile(folder / "at.ckpt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in sound.namelist():
            packed.writestr(name, sound.read(name))
        with packed.open("archive/data/more", "w", force_zip64=True) as entry:
            for _ in range(20):
                entry.write(bytes(2**25))
    assert (folder / "at.ckpt").stat().st_size < 2**20
    assert "unpacks to more than it is" in told(folder / "at.ckpt")


def test_weights_that_are_less_than_they_seem_are_refused(tmp_path: Path) -> None:
    settings = nafnet(width=4096)
    torch.manual_seed(0)
    with torch.device("meta"):
        from deblur_lightning.networks.nafnet import NAFNet

        shapes = {name: value.shape for name, value in NAFNet(**settings["init_args"]).state_dict().items()}
    state = {f"network.{name}": torch.zeros(1).expand(shape) for name, shape in shapes.items()}
    write_checkpoint(tmp_path / "at.ckpt", settings, state_dict=state)
    assert "is smaller than the NAFNet that it says it is of" in told(tmp_path / "at.ckpt")


@pytest.mark.parametrize("kind", ["ckpt", "safetensors"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value: float, kind: str, tmp_path: Path) -> None:
    weights = {name: x.contiguous() for name, x in small_model().network.state_dict().items()}
    weights["head.1.bias"] = torch.full((4,), value)
    path = tmp_path / f"at.{kind}"
    if kind == "ckpt":
        write_checkpoint(path, state_dict={f"network.{name}": x for name, x in weights.items()})
    else:
        save_file(weights, path, metadata={"network": json.dumps(SETTINGS)})
    with pytest.raises(UserError, match=r"holds values that are no numbers, in head\.1\.bias"):
        load_model(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": 5},
        {"estimates": 5},
        {"estimates": {"blur": [0, 1]}},
        {"estimates": {"blur": 3, "noise": [0, 1]}},
        {"estimates": {"blur": [0, 1], "noise": [0, 1, 2]}},
        {"estimates": {"blur": [1, 0], "noise": [0, 1]}},
        {"estimates": {"blur": [-1, 0], "noise": [0, 1]}},
        {"estimates": {"blur": [0, 1], "noise": [0, "1"]}},
        {"estimates": {"blur": [0, float("nan")], "noise": [0, 1]}},
        {"estimates": {"blur": [0, 10**400], "noise": [0, 1]}},
        [1],
        "[" * 100_000,
        "9" * 10_000,
        '{"sha256": 1e400}',
    ],
)
def test_a_card_that_is_none_is_refused(changes: Any, tmp_path: Path) -> None:
    path = write_model(tmp_path / "at.safetensors")
    card = {"sha256": sha256(path)} | changes if isinstance(changes, dict) else changes
    path.with_suffix(".json").write_text(card if isinstance(card, str) else json.dumps(card))
    with pytest.raises(UserError, match=r"is no card of weights|is not the file that at\.json describes"):
        load_model(path)
