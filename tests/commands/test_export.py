"""deblur export: files that restore as the checkpoint does."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from deblur_lightning.commands.export import execute
from deblur_lightning.errors import CannotWrite, UserError
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.networks.unet import UNet
from deblur_lightning.restoring import export
from deblur_lightning.restoring.export import export_onnx, refuse_transforms
from deblur_lightning.restoring.model import Model, load_model
from tests.helpers.full_disk import no_room
from tests.helpers.models import INIT, small_model, write_model
from tests.helpers.small import same, weights

Deblur = Callable[..., tuple[int, str, str]]


def test_a_safetensors_file_restores_as_its_origin(
    tmp_path: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "one.safetensors")
    code, printed, complained = deblur("export", "--ckpt", "one.safetensors", "--out", "two.safetensors")
    assert code == 0, complained
    assert "exported  two.safetensors: NAFNet" in printed
    assert same(weights(load_model(tmp_path / "two.safetensors").network), weights(small_model().network))
    code, _, complained = deblur("export", "--ckpt", "one.safetensors", "--out", "two.safetensors")
    assert code == 2
    assert "is there already" in complained


@pytest.mark.parametrize(
    ("out", "message"), [("x.pt", "ends in .safetensors, .onnx or .pth"), ("gone/x.onnx", "there is no folder gone")]
)
def test_mistakes_end_in_one_line(
    out: str, message: str, tmp_path: Path, deblur: Deblur, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, complained = deblur("export", "--out", out)
    assert code == 2
    assert message in complained
    assert complained.count("\n") == 1


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx"])
def test_a_full_disk_is_found_before_the_work(
    suffix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work(*_: object) -> None:
        pytest.fail("it began")

    monkeypatch.setattr(export, "export_onnx", work)
    monkeypatch.setattr(export, "export_safetensors", work)
    with no_room(100), pytest.raises(CannotWrite, match=f"cannot write .*one{suffix}: File too large"):
        execute(["--out", str(tmp_path / f"one{suffix}")])
    assert list(tmp_path.iterdir()) == []


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


def moved(network: nn.Module) -> Model:
    """With weights that all matter, as after training."""
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    return Model(network.eval(), {"init_args": {"channels": 1 if isinstance(network, SRCNN) else 3}})


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [small_model(), moved(SRCNN(channels=1)), moved(UNet((4,)))],
    ids=lambda model: type(model.network).__name__,
)
def test_onnx_runtime_agrees_at_any_size(model: Model, tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package)
    onnxruntime = pytest.importorskip("onnxruntime")
    assert export_onnx(model, tmp_path / "x.onnx").startswith("ONNX Runtime differs from torch by")
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"]
    session = onnxruntime.InferenceSession(str(tmp_path / "x.onnx"), providers=["CPUExecutionProvider"])
    for batch, height, width in ((1, 33, 50), (3, 17, 301)):
        blurred = torch.rand(batch, model.channels, height, width)
        (restored,) = session.run(None, {"blurred": blurred.numpy()})
        with torch.no_grad():
            wanted = model.network(blurred)
        assert (wanted - blurred).abs().max() > 0.01
        torch.testing.assert_close(torch.from_numpy(restored), wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_an_onnx_file_that_disagrees_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    monkeypatch.setattr("deblur_lightning.restoring.export.TOLERANCE", -1)
    with pytest.raises(UserError, match=r"ONNX Runtime differs from torch by .*: export \.safetensors instead"):
        export_onnx(moved(SRCNN(channels=1)), tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


class Choosy(nn.Module):
    """Does what depends on the image's values, which no graph can hold."""

    def forward(self, image: Tensor) -> Tensor:
        return image * 2 if image.mean() > 0.5 else image


def test_a_network_that_cannot_be_traced_is_told_in_one_line(tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package)
    with pytest.raises(UserError, match=r"mine cannot be written as ONNX \(.*\): export \.safetensors instead\.$"):
        export_onnx(Model(Choosy(), {}, name="mine"), tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())
