"""Other people's weights: NAFNet's become ours and restore as theirs, others are run as spandrel does."""

import json
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from jsonargparse import ArgumentParser
from safetensors.torch import save_file
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.published import Published, import_spandrel
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.restoring.model import load_model

pytest.importorskip("spandrel")
pytest.importorskip("spandrel_extra_arches")
spandrel = import_spandrel()
nafnet = pytest.importorskip("spandrel.architectures.NAFNet")
extra = pytest.importorskip("spandrel_extra_arches.architectures.Restormer")

SIZES = [(64, 80), (53, 67), (9, 7)]
SMALL: dict[str, Any] = {"width": 4, "encoder_blocks": [1, 2, 11], "middle_blocks": 2, "decoder_blocks": [3, 1, 1]}


def randomised(network: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    return network.eval().requires_grad_(False)


def authors_nafnet(channels: int = 3) -> nn.Module:
    blocks = {"enc_blk_nums": [1, 2, 11], "middle_blk_num": 2, "dec_blk_nums": [1, 1, 3]}
    return randomised(nafnet.NAFNet(img_channel=channels, width=4, **blocks))


def restormer() -> nn.Module:
    blocks = {"num_blocks": [1, 1, 1, 1], "num_refinement_blocks": 1, "heads": [1, 2, 4, 8]}
    return randomised(extra.Restormer(dim=8, **blocks))


def save(weights: dict[str, Tensor], path: Path, how: str = "params") -> Path:
    """Write weights in one of the ways in which people do."""
    if how == "old":
        torch.save(weights, path, _use_new_zipfile_serialization=False)
    elif how == "safetensors":
        save_file(weights, path)
    elif how == "parallel":
        torch.save({"epoch": 7, "state_dict": {f"module.{name}": x for name, x in weights.items()}}, path)
    else:
        torch.save({how: weights} if how != "bare" else weights, path)
    return path


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_nafnet_restores_as_its_authors_code(size: tuple[int, int], channels: int, tmp_path: Path) -> None:
    """Also outside of training, where theirs takes the whole image's mean, as ours on images within one window."""
    theirs = authors_nafnet(channels)
    ours = Published(save(theirs.state_dict(), tmp_path / "at.pth"))
    image = torch.rand(2, channels, *size)
    wanted = theirs(image)
    for training, tolerance in ((True, 2e-6), (False, 1e-4)):
        found = ours.train(training)(image)
        assert ((found - wanted).abs().max() / wanted.abs().max()).item() <= tolerance
    assert (ours.channels, ours.architecture) == (channels, "NAFNet")


def test_nafnet_reads_and_writes_its_authors_weights() -> None:
    theirs = authors_nafnet().state_dict()
    ours = NAFNet(**SMALL, window=32)
    ours.load_state_dict(theirs)
    written = ours.authors_state_dict()
    assert written.keys() == theirs.keys()
    assert all(torch.equal(written[name], theirs[name]) for name in theirs)
    within = nn.Sequential(NAFNet(**SMALL, window=32))
    within.load_state_dict({f"0.{name}": value for name, value in theirs.items()})
    assert torch.equal(within[0].head[1].weight, ours.head[1].weight)


def test_the_options_that_make_nafnet_its_authors_matter() -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 3, 21, 30)
    weights = authors_nafnet().state_dict()
    made = []
    for changed in ({}, {"eps": 1e-2}, {"padding": "zeros"}):
        network = NAFNet(**SMALL, window=32, **changed)
        network.load_state_dict(weights)
        made.append(network.eval()(image))
    assert not torch.allclose(made[0], made[1])
    assert not torch.allclose(made[0], made[2])


@pytest.mark.parametrize("settings", [{"eps": 0.0}, {"padding": "mirror"}])
def test_other_options_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"NAFNet {next(iter(settings))}="):
        NAFNet(**SMALL, window=32, **settings)


def test_a_nafnet_that_takes_two_by_two_pixels_is_not_its_authors() -> None:
    with pytest.raises(UserError, match="NAFNet shuffle=2 is not of its authors' making"):
        NAFNet(**SMALL, window=32, shuffle=2).authors_state_dict()


@pytest.mark.parametrize("how", ["bare", "params", "params_ema", "state_dict", "parallel", "old", "safetensors"])
def test_files_are_read_as_people_write_them(how: str, tmp_path: Path) -> None:
    theirs = authors_nafnet()
    path = save(theirs.state_dict(), tmp_path / ("at.safetensors" if how == "safetensors" else "at.pth"), how)
    image = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(Published(path).eval()(image), theirs(image))


@pytest.mark.parametrize("size", SIZES)
def test_others_restore_as_spandrel_does(size: tuple[int, int], tmp_path: Path) -> None:
    path = save(restormer().state_dict(), tmp_path / "at.pth")
    found = Published(path).eval()
    image = torch.rand(1, 3, *size)
    wanted = spandrel.ModelLoader().load_from_file(path)(image)
    torch.testing.assert_close(found(image).clamp(0, 1), wanted)
    assert (found.architecture, found.channels, found.alignment, found.tile) == ("Restormer", 3, 8, 640)


@pytest.mark.slow
def test_others_can_be_traced_for_any_size(tmp_path: Path) -> None:
    network = Published(save(restormer().state_dict(), tmp_path / "at.pth")).eval()
    anything = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    with torch.no_grad():
        program = torch.export.export(network, (torch.rand(1, 3, 80, 72),), dynamic_shapes=(anything,))
        image = torch.rand(1, 3, 75, 50)
        torch.testing.assert_close(program.module(check_guards=False)(image), network(image))


def test_it_can_be_trained(tmp_path: Path) -> None:
    network = Published(save(restormer().state_dict(), tmp_path / "at.pth")).train().requires_grad_(True)
    network(torch.rand(2, 3, 16, 20)).mean().backward()
    assert all(value.grad is not None for value in network.parameters())


def test_weights_alone_say_which_network_they_are_of(tmp_path: Path) -> None:
    """So does a checkpoint of a training that began with such a file."""
    for network in (authors_nafnet(), restormer()):
        first = Published(save(network.state_dict(), tmp_path / "at.pth")).eval()
        inner = {name.removeprefix("network."): value for name, value in first.state_dict().items()}
        image = torch.rand(1, 3, 24, 31)
        assert torch.equal(Published.of_weights(inner, "it").eval()(image), first(image))


def test_what_is_unknown_or_does_something_else_is_refused(tmp_path: Path) -> None:
    unknown = save(SRCNN().state_dict(), tmp_path / "at.pth")
    with pytest.raises(UserError, match=r"^/.*at\.pth: spandrel knows no network with these weights\."):
        load_model(unknown)
    with pytest.raises(UserError, match=r"path=.*at\.pth: spandrel knows no network with these weights\."):
        Published(unknown)
    esrgan = pytest.importorskip("spandrel.architectures.Compact").Compact(num_feat=8, num_conv=1, upscale=4)
    with pytest.raises(UserError, match="which enlarges or completes images: give one that restores"):
        Published(save(esrgan.state_dict(), tmp_path / "enlarges.pth"))
    with pytest.raises(UserError, match=r"no file .*gone\.pth"):
        Published(tmp_path / "gone.pth")
    with pytest.raises(UserError, match=r"Published Restormer is for 3 channels|channels"):
        Published(save(restormer().state_dict(), tmp_path / "r.pth"))(torch.rand(1, 1, 16, 16))


def test_a_file_of_this_package_says_its_network_itself(tmp_path: Path) -> None:
    given = json.dumps({"class_path": "deblur_lightning.networks.SRCNN"})
    save_file(SRCNN().state_dict(), tmp_path / "at.safetensors", metadata={"network": given})
    with pytest.raises(UserError, match="is a file of this package, which says its network: use --weights"):
        Published(tmp_path / "at.safetensors")


class Calls:
    """Pickled as a call."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("called"),)


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize(
    "content", [Calls(), {"params": {"a": Calls()}}, 5, {}, {"params": {"a": 5}}, {"a": bytearray(9)}]
)
def test_a_file_that_is_no_weights_is_refused(
    content: Any, old: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, "at.pth", _use_new_zipfile_serialization=not old)
    with pytest.raises(UserError, match=r"at\.pth cannot be read as weights"):
        Published("at.pth")
    assert {path.name for path in tmp_path.iterdir()} == {"at.pth"}


def test_weights_that_are_less_than_they_seem_are_refused(tmp_path: Path) -> None:
    state = {name: torch.zeros(1).expand(x.shape) for name, x in authors_nafnet().state_dict().items()}
    torch.save({**state, "intro.weight": torch.zeros(1).expand(2**20, 3, 3, 3)}, tmp_path / "at.pth")
    with pytest.raises(UserError, match="it is smaller than its tensors"):
        Published(tmp_path / "at.pth")


def test_weights_of_a_checkpoint_too(tmp_path: Path) -> None:
    state = {f"network.network.{name}": x for name, x in authors_nafnet().state_dict().items()}
    state["network.network.intro.weight"] = torch.zeros(1).expand(2**20, 3, 3, 3)
    given = {"class_path": "deblur_lightning.networks.Published"}
    torch.save({"state_dict": state, "hyper_parameters": {"network": given}}, tmp_path / "at.ckpt")
    with pytest.raises(UserError, match="it is smaller than its tensors"):
        load_model(tmp_path / "at.ckpt")


def test_names_hold_nothing_that_a_terminal_would_obey(tmp_path: Path) -> None:
    name = "\x1b[2J\n" + 999 * "x"
    for state in ({name: torch.full((1,), float("nan"))}, authors_nafnet().state_dict() | {name: torch.zeros(1)}):
        with pytest.raises(UserError) as error:
            Published(save(state, tmp_path / "at.pth"))
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 500


def test_a_network_that_would_be_larger_than_its_weights_is_not_built(tmp_path: Path) -> None:
    """A first layer of 4,000 channels would ask for a hundred gigabytes further down."""
    state = authors_nafnet().state_dict() | {"intro.weight": torch.zeros(4000, 3, 3, 3)}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match="is of no NAFNet that its authors have"):
        Published(save(state, tmp_path / "at.pth"))
    wide = restormer().state_dict() | {"patch_embed.proj.weight": torch.zeros(4000, 3, 3, 3)}
    for more in ({}, {"meta tensors": torch.zeros(1)}):  # of which torch's own complaint may tell
        with pytest.raises(UserError, match="its weights fit no network of spandrel's"):
            Published(save(wide | more, tmp_path / "wide.pth"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**19  # in kilobytes


def test_a_value_that_is_no_number_is_refused(tmp_path: Path) -> None:
    state = authors_nafnet().state_dict() | {"intro.bias": torch.full((4,), float("nan"))}
    with pytest.raises(UserError, match=r"holds values that are no numbers, in network\.intro\.bias"):
        Published(save(state, tmp_path / "at.pth"))


def test_short_names_in_settings_stay_ours() -> None:
    """Both have a NAFNet; without this a run's settings could not be read once spandrel is imported."""
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--network", type=nn.Module)
    assert parser.parse_args(["--network=NAFNet"]).network.class_path == "deblur_lightning.networks.NAFNet"
