"""Networks that files name: every one of the package's comes back, one of the user's where it is trusted."""

import inspect
import json
import pkgutil
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from deblur_lightning import networks
from deblur_lightning.errors import UserError
from deblur_lightning.files.allowlist import network_of
from deblur_lightning.files.weight_files import settings_and_weights
from deblur_lightning.networks.classifiers import Classifier
from deblur_lightning.networks.published import Published
from deblur_lightning.restoring.model import load_model
from tests.helpers.small import same, weights

Deblur = Callable[..., tuple[int, str, str]]

SRCNN = {"class_path": "deblur_lightning.networks.srcnn.SRCNN", "init_args": {"channels": 1}}
SMALL: dict[str, dict[str, Any]] = {
    "ChannelAttention": {"width": 4, "window": 4},
    "ConvStem": {},
    "ConvNetTiny": {"stem": {"class_path": "deblur_lightning.networks.stems.ConvStem"}},
    "CNNClassifier": {"widths": [2], "dense": []},
    "FourierDeconv2d": {"kernel_size": [3, 3], "scale": 1},
    "ImageDiscriminator": {"widths": [1, 1, 1, 1]},
    "Luminance": {"network": SRCNN},
    "MLPClassifier": {"widths": [4]},
    "MeasuredSpectra": {"bands": 4},
    "MultiDeconv": {"filters": 3, "psf_size": 5, "width": 4},
    "MultiScalePatchGAN": {"widths": [2, 2]},
    "NAFBlock": {"width": 4, "window": 4},
    "NAFNet": {"width": 2, "encoder_blocks": [1], "decoder_blocks": [1]},
    "RegularisedDeconv": {"psf_size": 5, "noise_to_signal": [0.1, 1]},
    "ResNet18": {"stem": {"class_path": "deblur_lightning.networks.stems.ConvStem", "init_args": {"kernel_size": 3}}},
    "SRCNN": {"kernels": [3, 1], "widths": [2], "residual": True},
    "SkipAutoencoder": {"widths": [8, 4, 4, 4, 4], "margin": 1},
    "UNet": {"widths": [2, 4]},
}


def classes() -> list[type[nn.Module]]:
    """All but what comes with no settings: ``tests/networks/test_published.py`` has it."""
    modules = [
        import_module(module.name) for module in pkgutil.iter_modules(networks.__path__, f"{networks.__name__}.")
    ]
    found = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    ours = [kind for kind in found if issubclass(kind, nn.Module) and kind.__module__.startswith(networks.__name__)]
    return sorted((kind for kind in ours if kind not in (Classifier, Published)), key=lambda kind: kind.__name__)


def write(path: Path, settings: dict[str, Any], network: nn.Module) -> Path:
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    if path.suffix == ".safetensors":
        save_file(state, path, metadata={"network": json.dumps(settings)})
    else:
        state = {f"network.{name}": value for name, value in state.items()}
        torch.save({"state_dict": state, "hyper_parameters": {"network": settings}}, path)
    return path


def of_settings(value: Any) -> Any:
    if isinstance(value, dict) and "class_path" in value:
        module, _, name = value["class_path"].rpartition(".")
        kind = getattr(import_module(module), name)
        return kind(**{key: of_settings(inner) for key, inner in value.get("init_args", {}).items()})
    return value


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_each_network_of_the_package_comes_back(kind: type[nn.Module], tmp_path: Path) -> None:
    settings = {"class_path": f"{kind.__module__}.{kind.__name__}", "init_args": SMALL[kind.__name__]}
    torch.manual_seed(0)
    network = of_settings(settings)
    for value in network.parameters():
        nn.init.normal_(value)
    for suffix in (".ckpt", ".safetensors"):
        path = write(tmp_path / f"at{suffix}", settings, network)
        found = network_of(*settings_and_weights(path), path)
        assert type(found) is kind
        assert same(weights(found), weights(network))
        others = zip(found.buffers(), network.buffers(), strict=True)  # those that are not saved must be there too
        assert all(torch.equal(one, other) for one, other in others)
        assert not found.training


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model file of a network of the user's, in a package of theirs; its constructor needs values."""
    monkeypatch.syspath_prepend(tmp_path / "code")
    package = tmp_path / "code" / "theirs"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "nets.py").write_text(
        "import torch\n"
        "from torch import nn\n\n\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, wide: tuple[int, int] = (1, 2), network: nn.Module | None = None, **more: float):\n"
        "        super().__init__()\n"
        "        assert type(wide) is tuple\n"
        "        steps = torch.linspace(0, 1, wide[1]).tolist()\n"
        "        self.inner = network\n"
        "        self.layer = nn.Conv2d(3, 3, 1, bias=len(steps) > 1)\n\n"
        "    def forward(self, image):\n"
        "        return self.layer(self.inner(image))\n"
    )
    init = {"wide": [1, 2], "network": {"class_path": "deblur_lightning.networks.stems.ConvStem"}}
    settings = {"class_path": "theirs.nets.Net", "init_args": init, "dict_kwargs": {"more": 1.0}}
    network = of_settings(settings | {"init_args": init | {"wide": (1, 2)}})
    for name in [name for name in sys.modules if name.partition(".")[0] == "theirs"]:
        del sys.modules[name]
    return write(tmp_path / "own.ckpt", settings, network)


@pytest.mark.parametrize("trust", ["theirs", "theirs.nets"])
def test_a_network_of_the_user_s_is_built_where_it_is_trusted(trust: str, own: Path) -> None:
    with pytest.raises(UserError, match=r"theirs\.nets\.Net, which is not of this package.*--trust=theirs\.nets\.$"):
        load_model(own)
    for other in ("their", "theirs.nets.Net", "theirs.other"):
        with pytest.raises(UserError, match="--trust"):
            load_model(own, [other])
    assert "theirs" not in sys.modules
    assert type(load_model(own, [trust]).network).__name__ == "Net"


def test_the_command_line_is_told_whom_to_trust(own: Path, photographs: Path, tmp_path: Path, deblur: Deblur) -> None:
    photo = photographs / "test" / "00.png"
    for command in (["export", "--out", tmp_path / "out.safetensors"], ["restore", photo, "--out", tmp_path / "out"]):
        code, _, complained = deblur(*command, "--ckpt", own)
        assert code == 2
        assert complained.splitlines() == [complained.strip()]
        assert "--trust=theirs.nets" in complained
        code, _, complained = deblur(*command, "--ckpt", own, "--trust=theirs")
        assert code == 0, complained
    exported = tmp_path / "out.safetensors"
    assert type(load_model(exported, ["theirs"]).network).__name__ == "Net"
    with pytest.raises(UserError, match="--trust"):
        load_model(exported)


def test_what_restores_nothing_is_refused(tmp_path: Path) -> None:
    def refusal(name: str, module: str, **init: Any) -> str:
        settings = {"class_path": f"deblur_lightning.networks.{module}.{name}", "init_args": init}
        with pytest.raises(UserError) as error:
            load_model(write(tmp_path / "at.ckpt", settings, of_settings(settings)))
        return str(error.value)

    assert "makes something else of an image" in refusal("MultiScalePatchGAN", "patchgan", widths=[2, 2])
    assert "fails on an image" in refusal("MeasuredSpectra", "spectra", bands=4)
    assert "for images of 2 channels" in refusal("SRCNN", "srcnn", kernels=[1], widths=[], channels=2)
    assert "must be told each photo's PSF" in refusal("RegularisedDeconv", "regularised", psf_size=None)
    assert "fails on an image" in refusal("NAFBlock", "nafnet", width=4, window=4)
