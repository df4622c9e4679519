"""Models from files: the right weights, and one line where something is wrong."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from deblur_lightning.errors import UserError
from deblur_lightning.networks.regularised import RegularisedDeconv
from deblur_lightning.restoring import model as models
from deblur_lightning.restoring.export import export_safetensors
from deblur_lightning.restoring.model import Model, load_model, sha256, weights_folder
from tests.helpers.models import SETTINGS, small_model, write_model
from tests.helpers.small import same, weights


def write_checkpoint(path: Path, **changes: Any) -> Path:
    state = small_model().network.state_dict()
    checkpoint: dict[str, Any] = {"hyper_parameters": {"network": SETTINGS}}
    checkpoint["state_dict"] = {f"network.{name}": torch.zeros_like(value) for name, value in state.items()}
    checkpoint["state_dict"] |= {f"average.network.{name}": value for name, value in state.items()}
    torch.save(checkpoint | changes, path)
    return path


def test_a_checkpoint_gives_its_averaged_weights(tmp_path: Path) -> None:
    model = load_model(write_checkpoint(tmp_path / "at.ckpt"))
    assert same(weights(model.network), weights(small_model().network))
    assert not model.network.training
    assert model.channels == 3


def test_a_safetensors_file_holds_everything(tmp_path: Path) -> None:
    model = load_model(write_model(tmp_path / "mine.safetensors"))
    assert same(weights(model.network), weights(small_model().network))
    assert (model.name, model.card, model.settings) == ("mine", {}, SETTINGS)


def shipped(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Path:
    """A model and its card where the package has its own."""
    monkeypatch.setattr(models, "weights_folder", lambda: folder)
    path = write_model(folder / f"{models.SHIPPED}.safetensors")
    path.with_suffix(".json").write_text(json.dumps({"sha256": sha256(path)} | changes))
    return path


def test_the_shipped_model_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped(tmp_path, monkeypatch, note="a card")
    model = load_model()
    assert same(weights(model.network), weights(small_model().network))
    assert model.card["note"] == "a card"


def test_weights_that_are_not_the_card_s_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shipped(tmp_path, monkeypatch)
    export_safetensors(small_model(changes=False), path)
    with pytest.raises(UserError, match=r"is not the file that nafnet_photographs\.json describes"):
        load_model()
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(UserError, match="is no card of weights"):
        load_model()


def test_an_installation_without_weights_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "weights_folder", lambda: tmp_path)
    with pytest.raises(UserError, match="this installation has no weights"):
        load_model()


REGULARISED = {"class_path": "deblur_lightning.networks.regularised.RegularisedDeconv", "init_args": {"psf_size": None}}
TOLD_THE_PSF = {f"network.{name}": value for name, value in RegularisedDeconv(psf_size=None).state_dict().items()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hyper_parameters": {}}, "does not say which network it is of"),
        ({"hyper_parameters": {"network": {"class_path": "nowhere.Net"}}}, "nowhere.Net, which is not of this package"),
        ({"hyper_parameters": {"network": REGULARISED}, "state_dict": TOLD_THE_PSF}, "must be told each photo's PSF"),
        ({"state_dict": {"network.one": torch.zeros(1)}}, "does not fit the NAFNet"),
    ],
)
def test_checkpoints_that_cannot_restore_are_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message) as error:
        load_model(write_checkpoint(tmp_path / "at.ckpt", **changes))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.ckpt", r"no file .*missing\.ckpt"),
        ("bad.ckpt", "cannot be read as a checkpoint"),
        ("bad.safetensors", "is no sound safetensors file"),
    ],
)
def test_files_that_are_none_are_refused(name: str, message: str, tmp_path: Path) -> None:
    if name.startswith("bad"):
        (tmp_path / name).write_bytes(b"something")
    with pytest.raises(UserError, match=message):
        load_model(tmp_path / name)


def test_weights_without_a_network_are_refused(tmp_path: Path) -> None:
    save_file({"one": torch.zeros(1)}, tmp_path / "one.safetensors")
    with pytest.raises(UserError, match=r"one\.safetensors: (spandrel knows no network with|to know other people's)"):
        load_model(tmp_path / "one.safetensors")


def test_what_a_network_does_not_say_has_a_default() -> None:
    model = Model(torch.nn.Identity(), {})
    assert (model.channels, model.receptive_radius, model.alignment) == (3, None, 1)


def test_the_card_names_the_list_of_photographs_by_its_hash() -> None:
    listed = weights_folder() / "photographs.tsv"
    card = load_model().card
    assert sha256(listed) in card["photographs"]
    heads, *rows = (line.split("\t") for line in listed.read_text().splitlines())
    assert heads == ["file", "title", "author", "licence", "source", "original_size", "reduced_by", "md5"]
    assert len(rows) == 186
    assert all(len(row) == len(heads) and all(row[:5]) for row in rows)
    assert re.search(r'"/\w', json.dumps(card)) is None  # no path of a machine
