"""Regression with an average over the weights: what follows the rate, what restores, what a checkpoint keeps."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import timer
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.files.weight_files import network_weights
from deblur_lightning.losses.reconstruction import L1
from deblur_lightning.methods.regression import RegressionRestorer
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.optim.ema import ExponentialMovingAverage
from deblur_lightning.optim.schedules import Constant, Cosine
from tests.helpers.small import data, same, trainer, weights


def restorer(**settings: Any) -> RegressionRestorer:
    torch.manual_seed(0)
    net = NAFNet(width=4, encoder_blocks=(1,), middle_blocks=1, decoder_blocks=(1,), window=32, shuffle=2)
    return RegressionRestorer(net, **settings)


def test_training_raises_the_score(photographs: Path, tmp_path: Path) -> None:
    model = restorer(lr=5e-3, ema_decay=0.9)
    trainer(tmp_path, max_epochs=8).fit(model, data(photographs))
    (scores,) = trainer(tmp_path).validate(model, data(photographs), verbose=False)
    assert scores["val/psnr_gain"] > 0.05


def test_the_average_restores_and_the_network_learns(photographs: Path, tmp_path: Path) -> None:
    model = restorer(ema_decay=0.9)
    assert model.average is not None
    trainer(tmp_path, max_steps=3).fit(model, data(photographs))
    assert not same(weights(model.network), weights(model.average.network))
    assert model.average.updates == 3
    blurred = torch.rand(1, 3, 16, 16)
    model.eval()
    assert torch.equal(model(blurred), model.average.network(blurred))
    assert not torch.equal(model(blurred), model.network(blurred))
    model.train()
    assert torch.equal(model(blurred), model.network(blurred))
    assert not model.average.network.training


def test_without_an_average_the_network_restores(photographs: Path, tmp_path: Path) -> None:
    model = restorer(ema_decay=0)
    assert model.average is None
    trainer(tmp_path, max_steps=2).fit(model, data(photographs))
    blurred = torch.rand(1, 3, 16, 16)
    assert torch.equal(model.eval()(blurred), model.network(blurred))


def test_the_average_moves_by_what_the_decay_leaves() -> None:
    network = nn.BatchNorm1d(1)
    average = ExponentialMovingAverage(network, decay=0.5)
    nn.init.constant_(network.weight, 11.0)
    network.num_batches_tracked.fill_(7)
    wanted = 1.0
    for step in range(12):
        average.update(network)
        keep = min(0.5, (1 + step) / (10 + step))
        wanted = keep * wanted + (1 - keep) * 11
        assert average.network.weight.item() == pytest.approx(wanted)  # type: ignore[operator, union-attr]
    assert average.network.num_batches_tracked == 7


@pytest.mark.parametrize("decay", [0.0, 0.999])
def test_a_checkpoint_tells_what_restores(decay: float, photographs: Path, tmp_path: Path) -> None:
    model = restorer(ema_decay=decay)
    runner = trainer(tmp_path, max_steps=2)
    runner.fit(model, data(photographs))
    runner.save_checkpoint(tmp_path / "at.ckpt")
    state = torch.load(tmp_path / "at.ckpt", weights_only=True)["state_dict"]
    restores = model.network if model.average is None else model.average.network
    assert {name: value.tolist() for name, value in network_weights(state).items()} == {
        name: value.tolist() for name, value in restores.state_dict().items()
    }
    assert network_weights({"other.weight": torch.zeros(1)}) == {}


def test_the_rate_rises_and_falls(photographs: Path, tmp_path: Path) -> None:
    rates: list[float] = []

    class Watched(RegressionRestorer):  # type: ignore[misc]  # final for users; here its rate is watched
        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            loss: Tensor = super().training_step(batch, batch_idx)
            rates.append(self.optimizers().param_groups[0]["lr"])  # type: ignore[union-attr]
            return loss

    model = Watched(restorer().network, lr=1.0, schedule=Cosine())
    trainer(tmp_path, max_steps=4).fit(model, data(photographs, epoch_length=16))
    assert rates == pytest.approx([1.0, 0.853553, 0.5, 0.146447], abs=1e-5)


def test_settings_reach_the_optimizer_and_the_loss(photographs: Path, tmp_path: Path) -> None:
    model = restorer(lr=0.25, betas=(0.1, 0.2), weight_decay=0.5, loss=L1(), schedule=Constant())
    trainer(tmp_path, max_steps=1).fit(model, data(photographs))
    group = model.optimizers().param_groups[0]  # type: ignore[union-attr]
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.25, (0.1, 0.2), 0.5)
    batch: Any = {"blurred": torch.zeros(1, 3, 8, 8), "sharp": torch.ones(1, 3, 8, 8)}
    difference = (model(batch["blurred"]) - 1).abs().mean()
    assert model.loss(model(batch["blurred"]), batch["sharp"]).item() == pytest.approx(difference.item())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": 0}, "lr=0: give a learning rate above 0"),
        ({"betas": (0.9, 1.0)}, r"betas=\[0.9, 1.0\]"),
        ({"weight_decay": -1}, "weight_decay=-1: give 0 or more"),
        ({"ema_decay": 1.0}, "ema_decay=1.0: give 0 for no average"),
        ({"ema_decay": -0.1}, "ema_decay=-0.1"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        restorer(**settings)


def test_where_time_ends_the_run_the_rate_falls_with_time(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, rates = [0.0], []

    class Watched(RegressionRestorer):  # type: ignore[misc]  # final for users; here its rate is watched
        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            loss: Tensor = super().training_step(batch, batch_idx)
            rates.append(self.optimizers().param_groups[0]["lr"])  # type: ignore[union-attr]
            now[0] += 15
            return loss

    monkeypatch.setattr(timer, "time", SimpleNamespace(monotonic=lambda: now[0]))
    model = Watched(restorer().network, lr=1.0, schedule=Cosine())
    trainer(tmp_path, max_epochs=1000, max_time="00:00:01:00").fit(model, data(photographs, epoch_length=16))
    assert rates == pytest.approx([1.0, 0.853553, 0.5, 0.146447], abs=1e-3)
