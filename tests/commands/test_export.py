"""deblur export: files that restore as the checkpoint does."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from deblur_lightning.errors import UserError
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.restoring.export import export_onnx, refuse_transforms
from deblur_lightning.restoring.model import Model, load
from tests.restoring.models import INIT, small_model, write_model
from tests.small import same, weights

Deblur = Callable[..., tuple[int, str, str]]


def test_a_safetensors_file_restores_as_its_origin(
    tmp_path: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "one.safetensors")
    code, printed, complained = deblur("export", "--ckpt", "one.safetensors", "--out", "two.safetensors")
    assert code == 0, complained
    assert "exported  two.safetensors: NAFNet" in printed
    assert same(weights(load(tmp_path / "two.safetensors").network), weights(small_model().network))
    code, _, complained = deblur("export", "--ckpt", "one.safetensors", "--out", "two.safetensors")
    assert code == 2
    assert "is there already" in complained


@pytest.mark.parametrize(
    ("out", "message"), [("x.pt", "ends in .safetensors or .onnx"), ("gone/x.onnx", "there is no folder gone")]
)
def test_mistakes_end_in_one_line(
    out: str, message: str, tmp_path: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, complained = deblur("export", "--out", out)
    assert code == 2
    assert message in complained
    assert complained.count("\n") == 1


def test_fourier_transforms_are_refused_in_a_sentence(tmp_path: Path) -> None:
    model = Model(FourierDeconv2d(kernel_size=(3, 3)), {"init_args": {"channels": 1}})
    with pytest.raises(UserError, match="FourierDeconv2d uses Fourier transforms, which ONNX Runtime cannot run"):
        export_onnx(model, tmp_path / "x.onnx")
    refuse_transforms(small_model())


def test_the_network_can_be_traced_for_any_size() -> None:
    network = NAFNet(**INIT | {"encoder_blocks": [0], "decoder_blocks": [0]}).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    anything = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    with torch.no_grad():
        program = torch.export.export(network, (torch.rand(1, 3, 80, 72),), dynamic_shapes=(anything,))
        for size in ((64, 96), (75, 50), (33, 200)):
            image = torch.rand(1, 3, *size)
            # ONNX has no guards: what they say of the layout of memory is no matter there
            torch.testing.assert_close(program.module(check_guards=False)(image), network(image))


def test_onnx_runtime_agrees(tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    agreement = export_onnx(small_model(), tmp_path / "small.onnx")
    assert agreement.startswith("ONNX Runtime differs from torch by")
    assert (tmp_path / "small.onnx").stat().st_size > 1000
