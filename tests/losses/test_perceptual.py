"""The perceptual loss never runs on random features, counts every image, and stays out of checkpoints."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import vgg19

from deblur_lightning.errors import UserError
from deblur_lightning.losses import perceptual
from deblur_lightning.losses.perceptual import VGG16Perceptual, VGG19Perceptual, VGGPerceptual, places_of_layers

MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
STD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


class SmallNetwork(nn.Module):
    """As many layers as VGG-19 has features, each a convolution of one pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(37)))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """Small weights on disk, near the identity, where the loss looks for VGG-19's."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in SmallNetwork().state_dict().items():
        noise = 0.1 * torch.randn(value.shape, generator=generator)
        state[name] = noise + torch.eye(3)[..., None, None] if name.endswith("weight") else noise
    torch.save(state, tmp_path / "weights.pth")
    monkeypatch.setattr(perceptual, "vgg19", SmallNetwork)
    monkeypatch.setattr(VGG19Perceptual, "weights_file", staticmethod(lambda: tmp_path / "weights.pth"))
    return state


@pytest.fixture
def loss(weights: dict[str, Tensor]) -> VGG19Perceptual:
    loss = VGG19Perceptual()
    assert loss.load()
    return loss


def images(seed: int, batch: int = 4) -> Tensor:
    return torch.rand(batch, 3, 8, 9, generator=torch.Generator().manual_seed(seed))


def by_hand(weights: dict[str, Tensor], preds: Tensor, target: Tensor, layers: int = 16) -> Tensor:
    def features(image: Tensor) -> Tensor:
        x = (image - MEAN) / STD
        for i in range(layers):
            weight = weights[f"features.{i}.weight"][..., 0, 0]
            x = torch.einsum("oc,bchw->bohw", weight, x) + weights[f"features.{i}.bias"][:, None, None]
        return x

    return (features(preds) - features(target)).square().mean()


def test_the_features_end_after_relu3_3() -> None:
    with torch.device("meta"):
        features = vgg19().features[:16]
    pools = [i for i, layer in enumerate(features) if isinstance(layer, nn.MaxPool2d)]
    assert len(pools) == 2  # the third block
    assert sum(isinstance(layer, nn.Conv2d) for layer in features[pools[1] :]) == 3
    assert isinstance(features[-1], nn.ReLU)
    assert VGG19Perceptual().name == "vgg19.relu3_3"


def test_value_by_hand(loss: VGG19Perceptual, weights: dict[str, Tensor]) -> None:
    preds, target = images(0), images(1)
    value = loss(preds, target)
    assert value.shape == ()
    torch.testing.assert_close(value, by_hand(weights, preds, target))
    for layers in (15, 17):
        assert not torch.isclose(value, by_hand(weights, preds, target, layers), rtol=1e-3)


def test_equal_images_cost_nothing(loss: VGG19Perceptual) -> None:
    assert loss(images(0), images(0)).item() == 0


def test_every_image_of_a_batch_counts_the_same(loss: VGG19Perceptual) -> None:
    preds, target = images(0), images(1)
    preds[2] *= 0.1
    single = [loss(p[None], t[None]) for p, t in zip(preds, target, strict=True)]
    torch.testing.assert_close(loss(preds, target), torch.stack(single).mean())
    for i in range(4):
        one = target.clone()
        one[i] = preds[i]
        torch.testing.assert_close(loss(one, target), single[i] / 4)


def test_gradients_reach_the_restored_image_alone(loss: VGG19Perceptual) -> None:
    preds, target = images(0).requires_grad_(), images(1).requires_grad_()
    loss(preds, target).backward()
    assert preds.grad is not None
    assert (preds.grad != 0).all()
    assert target.grad is None


def test_missing_weights_leave_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VGG19Perceptual, "weights_file", staticmethod(lambda: tmp_path / "nothing.pth"))
    monkeypatch.setattr(perceptual, "vgg19", lambda: pytest.fail("a network of random features was made"))
    loss = VGG19Perceptual()
    assert loss.load() is False
    with pytest.raises(AssertionError, match="load"):
        loss(images(0), images(1))


def test_weights_are_looked_for_among_the_downloads_of_torchvision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert VGG19Perceptual.weights_file() == tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    assert not VGG19Perceptual().load()


def test_the_network_stays_out_of_checkpoints_and_optimizers(loss: VGG19Perceptual) -> None:
    assert loss.state_dict() == {}
    assert list(loss.parameters()) == []
    around = nn.Sequential(nn.Conv2d(3, 3, 1), loss)
    assert len(list(around.parameters())) == 2
    assert set(around.state_dict()) == {"0.weight", "0.bias"}
    VGG19Perceptual().load_state_dict(loss.state_dict())


def test_training_leaves_the_features_alone(loss: VGG19Perceptual) -> None:
    preds, target = images(0), images(1)
    before = loss(preds, target)
    loss.train()
    loss.requires_grad_(True)
    graph = loss(preds.requires_grad_(), target)
    graph.backward()
    assert torch.equal(loss(preds, target), before)


@pytest.mark.parametrize("kind", [VGG16Perceptual, VGG19Perceptual])
def test_layers_lie_where_torchvision_has_them(kind: type[VGGPerceptual]) -> None:
    with torch.device("meta"):
        features = kind.build(None).features  # type: ignore[arg-type]
    block, number, names = 1, 0, {}
    for place, layer in enumerate(features):
        number += isinstance(layer, nn.Conv2d)
        if isinstance(layer, nn.ReLU):
            names[f"relu{block}_{number}"] = place
        if isinstance(layer, nn.MaxPool2d):
            block, number = block + 1, 0
    assert places_of_layers(kind.blocks) == names


def test_several_layers_are_averaged(weights: dict[str, Tensor]) -> None:
    loss = VGG19Perceptual(weight=3.0, layers=["relu3_3", "relu1_2"])
    assert loss.load()
    assert loss.name == "vgg19.relu1_2+relu3_3"
    preds, target = images(0), images(1)
    wanted = (by_hand(weights, preds, target, 4) + by_hand(weights, preds, target, 16)) / 2
    torch.testing.assert_close(loss(preds, target), 3 * wanted)


@pytest.mark.parametrize("layers", [[], ["relu3_9"], ["relu3_3", "conv1"]])
def test_layers_that_are_not_there_are_refused(layers: list[str]) -> None:
    with pytest.raises(UserError, match=r"VGG16Perceptual layers=.*: choose one or more of relu1_1, .*relu5_3\.$"):
        VGG16Perceptual(layers=layers)


def test_the_command_that_fetches_the_weights_names_the_network() -> None:
    assert "import vgg16 as v" in VGG16Perceptual().cure
    assert VGG16Perceptual.weights_file().name == "vgg16-397923af.pth"


@pytest.mark.parametrize("content", [b"", b"cut", 5, {"features.0.weight": torch.zeros(1)}])
def test_damaged_weights_are_told_in_one_line(content: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.pth"
    monkeypatch.setattr(VGG19Perceptual, "weights_file", staticmethod(lambda: path))
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(UserError, match=r"weights\.pth is damaged: remove it, and fetch it again with python -c"):
        VGG19Perceptual().load()
