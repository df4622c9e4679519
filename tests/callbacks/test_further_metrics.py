"""Further figures of a test: image by image beside PSNR and SSIM, or a line that says why not."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torchmetrics.functional.image import visual_information_fidelity
from torchmetrics.image import VisualInformationFidelity

from deblur_lightning.callbacks.further_metrics import FurtherMetrics
from deblur_lightning.errors import UserError
from deblur_lightning.metrics import LPIPS
from deblur_lightning.records import mean_score, read_scores
from tests.helpers.command import photographs_of

Deblur = Callable[..., tuple[int, str, str]]

TEST = ["test", "--config", "experiments/nafnet_blind.yaml", "--config", "tiny.yaml", "--weights=shipped"]
TEST += ["--data.degradation=GaussianBlur", "--run=run"]
VIF = ["--trainer.callbacks+=FurtherMetrics"]
VIF += ["--trainer.callbacks.metrics=[torchmetrics.image.VisualInformationFidelity]"]


@pytest.fixture(autouse=True)
def no_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))


def test_they_are_recorded_image_by_image_of_8_bit_images_without_their_border(
    workplace: Path, photographs: Path, deblur: Deblur
) -> None:
    further = [*VIF[:1], "--trainer.callbacks.metrics=[LPIPS,torchmetrics.image.VisualInformationFidelity]"]
    code, printed, complained = deblur(*TEST, *further, *photographs_of(photographs), "--model.crop_border=5")
    assert code == 0, complained
    records = read_scores(workplace / "run" / "scores.csv")
    found = [record for record in records if record.metric == "visualinformationfidelity"]
    assert len({record.image for record in found}) == 3
    assert {record.protocol for record in found} == {"rgb8-crop5"}
    means = [mean_score(records, f"visualinformationfidelity{kind}") for kind in ("", "_blurred")]
    assert means[0] > means[1] + 0.01
    assert f"visualinformationfidelity: restored {means[0]:.4f}, blurred {means[1]:.4f}, higher is better" in printed
    assert "lpips_alex: not computed: " in printed
    assert "alexnet-owt-7be5be79.pth is missing; to get it: python -c" in printed
    assert not [record for record in records if record.metric.startswith("lpips")]
    assert "Test metric" not in printed  # Lightning's own table


def test_a_classifier_restores_nothing() -> None:
    told = "FurtherMetrics scores restored images, and this model restores none: leave FurtherMetrics out."
    with pytest.raises(UserError, match=f"^{told}$"):
        FurtherMetrics([LPIPS()]).on_test_batch_end(None, None, {"label": 1}, None)  # type: ignore[arg-type]


def test_the_figure_is_that_of_the_images() -> None:
    images = torch.rand(3, 2, 3, 60, 60)
    restored, blurred, sharp = (images * 255).round() / 255
    logged: dict[str, float] = {}
    module = SimpleNamespace(
        crop_border=6, device=torch.device("cpu"), log=lambda name, value, **_: logged.update({name: float(value)})
    )
    outputs = {"restored": restored, "scores": {}}
    callback = FurtherMetrics([VisualInformationFidelity()])
    callback.on_test_start(None, module)  # type: ignore[arg-type]
    callback.on_test_batch_end(None, module, outputs, {"blurred": blurred, "sharp": sharp})  # type: ignore[arg-type]
    cut = (..., slice(6, -6), slice(6, -6))
    for name, image in {"": restored, "_blurred": blurred}.items():
        for index in range(2):
            wanted = visual_information_fidelity(image[cut][index][None], sharp[cut][index][None])
            value = outputs["scores"][f"visualinformationfidelity{name}"][index]  # type: ignore[index]
            assert value.item() == pytest.approx(wanted.item())


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ("[]", "metrics=[]: name at least one, such as LPIPS"),
        ("[DISTS,DISTS]", "two metrics are called dists: leave one out"),
        ("[torch.nn.Dropout,torch.nn.Bilinear]", "Bilinear"),
        ("[LPIP]", "LPIP"),  # a mistake in what a callback holds
    ],
)
def test_mistakes_are_told_in_a_line(metrics: str, told: str, workplace: Path, deblur: Deblur) -> None:
    code, _, complained = deblur(*TEST, VIF[0], f"--trainer.callbacks.metrics={metrics}")
    assert code == 2
    (line,) = [line for line in complained.splitlines() if line.startswith("deblur: error: ")]
    assert told in line


def test_the_same_title_needs_another_network() -> None:
    FurtherMetrics([LPIPS("alex"), LPIPS("vgg")])
    with pytest.raises(UserError, match="two metrics are called lpips_vgg"):
        FurtherMetrics([LPIPS("vgg"), LPIPS("vgg")])
