"""The GAN trains as configured: its ratio, its clipping, its average, and batches as the one unit of everything."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn

from deblur_lightning.errors import UserError
from deblur_lightning.methods.adversarial import AdversarialRestorer
from deblur_lightning.networks.patchgan import MultiScalePatchGAN
from deblur_lightning.networks.unet import UNet
from deblur_lightning.optim.schedules import Cosine
from tests.helpers.small import data, gan, same, trainer, weights

RATIOS = {(3, 1): (30, 10), (1, 1): (30, 30), (1, 5): (6, 30), (5, 2): (30, 12)}
"""Generator and discriminator steps of a cycle, and their updates over 30 batches."""


class Watched(AdversarialRestorer):  # type: ignore[misc]  # final for users; here its updates are watched
    """Notes every update: the batch, the network, and which of the two networks it changed."""

    def on_train_start(self) -> None:
        self.updates: list[tuple[int, str, tuple[bool, bool]]] = []

    def _descend(self, optimizer: Any, loss: Tensor, *, leads: bool) -> None:
        before = [weights(self.network), weights(self.discriminator)]  # type: ignore[arg-type]
        super()._descend(optimizer, loss, leads=leads)
        now = [weights(self.network), weights(self.discriminator)]  # type: ignore[arg-type]
        changed = (not same(before[0], now[0]), not same(before[1], now[1]))
        name = "generator" if optimizer is self._optimizer(0) else "discriminator"
        self.updates.append((self.trainer.fit_loop.epoch_loop.total_batch_idx, name, changed))


def watched(ratio: tuple[int, int], **settings: Any) -> Watched:
    torch.manual_seed(0)
    steps = {"generator_steps": ratio[0], "discriminator_steps": ratio[1]}
    return Watched(UNet(widths=[4]), MultiScalePatchGAN(widths=[4, 8]), **steps, **settings)


def small(photographs: Path) -> Any:
    return data(photographs, batch_size=1, crop_size=16)


@pytest.mark.parametrize("ratio", RATIOS)
def test_updates_over_thirty_batches_also_when_resumed_in_mid_cycle(
    ratio: tuple[int, int], photographs: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"max_epochs": -1, "max_steps": 30, "limit_val_batches": 0}
    whole, saving = watched(ratio), ModelCheckpoint(tmp_path, "{step}", every_n_train_steps=7, save_top_k=-1)
    runner = trainer(tmp_path, **settings, callbacks=[saving], enable_checkpointing=True)
    runner.fit(whole, small(photographs))
    assert runner.global_step == 30
    by_network = {name: [u for u in whole.updates if u[1] == name] for name in ("generator", "discriminator")}
    assert (len(by_network["generator"]), len(by_network["discriminator"])) == RATIOS[ratio]
    assert {changed for *_, changed in by_network["generator"]} == {(True, False)}
    assert {changed for *_, changed in by_network["discriminator"]} == {(False, True)}

    rest = watched(ratio)
    trainer(tmp_path, **settings).fit(rest, small(photographs), ckpt_path=tmp_path / "step=7.ckpt")
    assert rest.updates == [update for update in whole.updates if update[0] >= 7]
    assert same(weights(rest), weights(whole))


class Batches(Callback):
    """Counts the batches themselves."""

    seen = 0

    def on_train_batch_start(self, *_: Any) -> None:
        self.seen += 1


@pytest.mark.parametrize("every", [1, 2, 3, 5, 8])
def test_checkpoints_and_the_end_come_at_the_batch_asked_for(every: int, photographs: Path, tmp_path: Path) -> None:
    seen: dict[str, int] = {}

    class Saving(ModelCheckpoint):
        def _save_checkpoint(self, trainer: Any, filepath: str) -> None:
            seen[Path(filepath).stem] = batches.seen

    batches, saving = Batches(), Saving(tmp_path, "{step}", every_n_train_steps=every, save_top_k=-1)
    runner = trainer(
        tmp_path,
        max_epochs=-1,
        max_steps=3 * every,
        limit_val_batches=0,
        callbacks=[batches, saving],
        enable_checkpointing=True,
    )
    runner.fit(watched((3, 1)), small(photographs))
    assert batches.seen == 3 * every
    assert seen == {f"step={n * every}": n * every for n in (1, 2, 3)}


@pytest.mark.parametrize("batches", [1, 2, 3, 5, 8])
def test_learning_rates_follow_their_curve_over_the_batches(batches: int, photographs: Path, tmp_path: Path) -> None:
    rates: list[tuple[float, ...]] = []

    class Rates(Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            rates.append(tuple(adam.param_groups[0]["lr"] for adam in trainer.optimizers))

    model = watched((3, 1), lr=1.0, discriminator_lr=0.5, schedule=Cosine())
    settings: dict[str, Any] = {"max_epochs": -1, "max_steps": batches, "limit_val_batches": 0}
    trainer(tmp_path, **settings, callbacks=[Rates()]).fit(model, small(photographs))
    curve = [(1 + math.cos(math.pi * batch / batches)) / 2 for batch in range(batches)]
    assert rates == [pytest.approx((factor, factor / 2)) for factor in curve]


class Average(Callback):
    """Follows the formula by hand, from the generator's weights after each batch."""

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.batches = 0

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.kept = weights(pl_module.network)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        decay = min(self.decay, (1 + self.batches) / (10 + self.batches))
        now = weights(pl_module.network)
        self.kept = [decay * kept + (1 - decay) * weight for kept, weight in zip(self.kept, now, strict=True)]
        self.batches += 1
        for kept, found in zip(self.kept, weights(pl_module.average.network), strict=True):
            torch.testing.assert_close(found, kept)
        assert self.batches == 1 or not same(weights(pl_module.average.network), now)


@pytest.mark.parametrize("batches", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("ratio", [(3, 1), (1, 2)])
def test_the_average_follows_its_formula_batch_by_batch(
    ratio: tuple[int, int], batches: int, photographs: Path, tmp_path: Path
) -> None:
    average = Average(0.9)
    settings: dict[str, Any] = {"max_epochs": -1, "max_steps": batches, "limit_val_batches": 0}
    model = watched(ratio, lr=1e-2, ema_decay=0.9)
    three_an_epoch = data(photographs, batch_size=4, crop_size=16)
    trainer(tmp_path, **settings, callbacks=[average]).fit(model, three_an_epoch)
    assert average.batches == batches


def test_the_average_is_what_is_scored_and_saved_beside_the_raw_weights(photographs: Path, tmp_path: Path) -> None:
    model = watched((3, 1), lr=1e-2, ema_decay=0.9)
    runner = trainer(tmp_path, max_epochs=2, limit_val_batches=0)
    runner.fit(model, data(photographs))
    runner.save_checkpoint(tmp_path / "both.ckpt")
    names = set(torch.load(tmp_path / "both.ckpt", weights_only=True)["state_dict"])
    assert {name.removeprefix("average.") for name in names if name.startswith("average.network.")} == {
        name for name in names if name.startswith("network.")
    }
    assert model.average is not None
    (averaged,) = trainer(tmp_path).validate(model, data(photographs), verbose=False)
    alone = gan()
    scores = []
    for network in (model.average.network, model.network):
        alone.network = network
        scores += trainer(tmp_path).validate(alone, data(photographs), verbose=False)
    assert averaged == scores[0]
    assert averaged["val/psnr"] != scores[1]["val/psnr"]


@pytest.mark.parametrize("clip_norm", [None, 1e-3, 1e9])
def test_clipping_gives_the_norm_asked_for(clip_norm: float | None, photographs: Path, tmp_path: Path) -> None:
    stepped: list[tuple[float, float]] = []

    class Norms(Watched):  # type: ignore[misc]
        def _descend(self, optimizer: Any, loss: Tensor, *, leads: bool) -> None:
            def note(adam: torch.optim.Optimizer, *_: Any) -> None:
                gradients = [p.grad.flatten() for group in adam.param_groups for p in group["params"]]
                self.norm = float(torch.cat(gradients).norm())

            handle = optimizer.optimizer.register_step_pre_hook(note)
            super()._descend(optimizer, loss, leads=leads)
            handle.remove()
            name = "generator" if optimizer is self._optimizer(0) else "discriminator"
            stepped.append((self.norm, float(self._latest[f"train/gradient_{name}"])))

    model = Norms(UNet(widths=[4]), MultiScalePatchGAN(widths=[4, 8]), generator_steps=1, clip_norm=clip_norm)
    trainer(tmp_path, limit_val_batches=0).fit(model, data(photographs))
    assert len(stepped) == 6
    for norm, before in stepped:
        assert before > 1e-3
        assert norm == pytest.approx(min(before, clip_norm or math.inf), rel=1e-3)


@pytest.mark.parametrize("other", ["none", "another", "stripped"])
def test_a_generator_is_scored_without_its_discriminator(other: str, photographs: Path, tmp_path: Path) -> None:
    model = watched((3, 1), ema_decay=0.9)
    runner = trainer(tmp_path, limit_val_batches=0)
    runner.fit(model, data(photographs))
    path = tmp_path / "whole.ckpt"
    runner.save_checkpoint(path)
    if other == "stripped":
        checkpoint = torch.load(path, weights_only=True)
        state = checkpoint["state_dict"]
        checkpoint["state_dict"] = {name: state[name] for name in state if not name.startswith("discriminator.")}
        torch.save(checkpoint, path)
    judge = {"none": None, "another": nn.Linear(3, 3), "stripped": MultiScalePatchGAN(widths=[4, 8])}[other]
    alone = AdversarialRestorer(UNet(widths=[4]), judge, ema_decay=0.9)
    (wanted,) = trainer(tmp_path).test(model, data(photographs), verbose=False)
    assert trainer(tmp_path).test(alone, data(photographs), ckpt_path=path, verbose=False) == [wanted]
    outputs = trainer(tmp_path).predict(AdversarialRestorer(UNet(widths=[4]), judge, ema_decay=0.9), data(photographs))
    assert outputs is not None


def test_a_generator_alone_is_not_trained(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"discriminator is missing: a generator alone can be tested"):
        trainer(tmp_path).fit(AdversarialRestorer(UNet(widths=[4])), data(photographs))


def test_a_checkpoint_that_lacks_the_discriminator_does_not_go_on(photographs: Path, tmp_path: Path) -> None:
    runner = trainer(tmp_path, limit_val_batches=0)
    runner.fit(watched((3, 1)), data(photographs))
    runner.save_checkpoint(tmp_path / "part.ckpt")
    checkpoint = torch.load(tmp_path / "part.ckpt", weights_only=True)
    del checkpoint["state_dict"]["discriminator.discriminators.0.0.bias"]
    torch.save(checkpoint, tmp_path / "part.ckpt")
    with pytest.raises(RuntimeError, match="Missing key"):
        trainer(tmp_path).fit(watched((3, 1)), data(photographs), ckpt_path=tmp_path / "part.ckpt")


@pytest.mark.parametrize(
    ("switch", "told"),
    [
        ({"gradient_clip_val": 0.5}, "gradient_clip_val=0.5 .*: set clip_norm=0.5 instead."),
        ({"accumulate_grad_batches": 2}, "accumulate_grad_batches=2 .*: give a larger batch_size"),
    ],
)
def test_lightning_s_switches_for_one_optimizer_are_refused_with_a_cure(
    switch: dict[str, Any], told: str, photographs: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=told):
        trainer(tmp_path, **switch).fit(gan(), data(photographs))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"clip_norm": 0.0}, "clip_norm=0.0: give a norm above 0, or None for no limit."),
        ({"ema_decay": 1.0}, "ema_decay=1.0: give 0 for no average, or a number below 1 such as 0.999."),
        ({"adversarial_weight": -1.0}, "adversarial_weight=-1.0: give 0 or more."),
    ],
)
def test_numbers_that_cannot_be_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as error:
        gan(**settings)
    assert str(error.value) == told


def test_the_health_of_both_networks_is_logged(photographs: Path, tmp_path: Path) -> None:
    rows: list[dict[str, float]] = []

    class Rows(Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            rows.append({name: float(value) for name, value in trainer.callback_metrics.items()})

    class Halves(nn.Module):
        """Two maps whose mean outputs are an image's mean, and half of it."""

        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, image: Tensor) -> list[Tensor]:
            return [self.scale * image, self.scale * 0.5 * image[..., :1, :1].mean() + 0 * image[..., :3]]

    model = AdversarialRestorer(UNet(widths=[4]), Halves(), generator_steps=3, discriminator_lr=1e-30)
    runner = trainer(tmp_path, max_epochs=2, callbacks=[Rows()])
    runner.fit(model, data(photographs))
    assert [(row["train/updates_generator"], row["train/updates_discriminator"]) for row in rows] == [
        (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2),
    ]  # fmt: skip
    assert "train/gradient_ratio" not in rows[1]
    last = rows[-1]
    ratio = last["train/gradient_generator"] / last["train/gradient_discriminator"]
    assert last["train/gradient_ratio"] == pytest.approx(ratio, rel=1e-5)
    assert 0 < last["train/d_real"] < 1
    assert {"val/checkerboard", "val/checkerboard_sharp"} <= set(runner.callback_metrics)
