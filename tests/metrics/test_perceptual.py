"""LPIPS and DISTS are torchmetrics', image by image, of weights on disk, and never of others."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchmetrics.functional.image.dists import deep_image_structure_and_texture_similarity
from torchmetrics.functional.image.lpips import learned_perceptual_image_patch_similarity
from torchvision.models import alexnet

from deblur_lightning.errors import UserError
from deblur_lightning.metrics import DISTS, LPIPS
from deblur_lightning.metrics.perceptual import NETWORKS, PerceptualDistance


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where torchvision keeps its downloads."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def write_weights(metric: PerceptualDistance) -> None:
    """Random weights in place of those that would be fetched; zeros, of no size, where no feature hangs on them."""
    with torch.device("meta"):
        shapes = NETWORKS[metric.network][0]().state_dict()
    weights = {name: torch.zeros(1).expand(shape.shape) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        if name.startswith("features"):
            weights[name] = torch.randn(shape.shape) / max(1, shape[0].numel()) ** 0.5
    torch.save(weights, metric.weights_file)


def pair(count: int = 2, channels: int = 3, side: int = 33) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(count, channels, side, side + 2, generator=generator)
    return (target + 0.2 * torch.randn(target.shape, generator=generator)).clamp(0, 1), target


def of_lpips(preds: Tensor, target: Tensor) -> Tensor:
    return learned_perceptual_image_patch_similarity(preds, target, net_type="alex", normalize=True)


@pytest.mark.parametrize(
    ("metric", "reference"),
    [(LPIPS, of_lpips), (DISTS, deep_image_structure_and_texture_similarity)],
)
def test_each_image_has_torchmetrics_figure(
    metric: type[PerceptualDistance], reference: Callable[[Tensor, Tensor], Tensor], downloads: Path
) -> None:
    found = metric()
    write_weights(found)
    before = torch.get_rng_state()
    assert found.load() == ""
    assert torch.equal(torch.get_rng_state(), before)  # its networks draw weights before they read them
    preds, target = pair()
    with torch.no_grad():
        values = found(preds, target)
        assert values.mean().item() == pytest.approx(reference(preds, target).mean().item(), rel=1e-5)
        assert values[0] != values[1]
        assert values[0].item() == pytest.approx(found(preds[:1], target[:1]).item(), rel=1e-5)
        assert found(target, target).abs().max() < 1e-5
        grey = found(preds[:, :1], target[:, :1])
        assert torch.equal(grey, found(preds[:, :1].expand(-1, 3, -1, -1), target[:, :1].expand(-1, 3, -1, -1)))


def test_absent_weights_are_told_with_their_cure_and_damaged_ones_refused(downloads: Path) -> None:
    metric = LPIPS()
    assert metric.load() == (
        f'{downloads / "alexnet-owt-7be5be79.pth"} is missing; to get it: python -c "from torchvision.models import '
        "alexnet as n; n(weights='IMAGENET1K_V1')\""
    )
    assert "vgg16-397923af.pth" in LPIPS("vgg").load()
    assert "vgg16-397923af.pth" in DISTS().load()
    metric.weights_file.write_bytes(b"half of it")
    with pytest.raises(UserError, match=r"alexnet-owt-7be5be79.pth is damaged: remove it"):
        metric.load()
    torch.save(torch.nn.Linear(2, 2).state_dict(), metric.weights_file)
    with pytest.raises(UserError, match="is damaged"):
        metric.load()


def test_what_is_too_small_is_told_in_a_line(downloads: Path) -> None:
    torch.save(alexnet().state_dict(), downloads / "alexnet-owt-7be5be79.pth")
    metric = LPIPS()
    metric.load()
    assert metric(*pair(side=31)).isfinite().all()
    with pytest.raises(UserError, match=r"An image of 30x32 pixels is too small for lpips_alex: .* 31 pixels a side"):
        metric(*pair(side=30))
