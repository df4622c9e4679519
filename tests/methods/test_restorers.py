"""Every restorer: validation, test and prediction as the base defines them; checkpoints that hold no secrets."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.strategies import FSDPStrategy
from torch import Tensor, nn

from deblur_lightning.batch import to_8bit
from deblur_lightning.errors import UserError
from deblur_lightning.losses.adversarial import CrossEntropyGAN
from deblur_lightning.losses.perceptual import VGG19Perceptual, VGGPerceptual
from deblur_lightning.losses.reconstruction import L1
from deblur_lightning.methods.adversarial import AdversarialRestorer
from deblur_lightning.methods.base import Restorer
from deblur_lightning.metrics import psnr, ssim
from deblur_lightning.networks.patchgan import MultiScalePatchGAN
from deblur_lightning.networks.unet import UNet
from deblur_lightning.optim.schedules import Cosine
from tests.helpers.small import data, gan, load_a_small_network, perceptual_terms, same, srcnn, trainer, weights


@pytest.mark.parametrize("build", [srcnn, gan])
def test_scores_are_means_over_images_of_the_rounded_output(build: Any, photographs: Path, tmp_path: Path) -> None:
    model = build()
    (logged,) = trainer(tmp_path).test(model, data(photographs), verbose=False)
    module = data(photographs)
    module.setup("test")
    model.eval()
    wanted: dict[str, list[Tensor]] = {"psnr": [], "ssim": []}
    runner = trainer(tmp_path)
    outputs = runner.predict(model, module)
    assert outputs is not None
    for restored, item in zip(outputs, module.images["test"], strict=False):  # type: ignore[call-overload]
        sharp = item["sharp"][None] / 255
        wanted["psnr"].append(psnr(restored, sharp))
        wanted["ssim"].append(ssim(restored, sharp))
    for name in ("psnr", "ssim"):
        assert logged[f"test/{name}"] == pytest.approx(float(torch.cat(wanted[name]).mean()), abs=1e-4)
        gain = logged[f"test/{name}"] - logged[f"test/{name}_blurred"]
        assert logged[f"test/{name}_gain"] == pytest.approx(gain, abs=1e-4)
    assert logged["test/psnr_capped"] == 0


def test_prediction_is_rounded_to_8_bits(photographs: Path, tmp_path: Path) -> None:
    outputs = trainer(tmp_path).predict(srcnn(), data(photographs))
    assert outputs is not None
    assert all(torch.equal(to_8bit(image), image) for image in outputs)  # type: ignore[arg-type]


@pytest.mark.parametrize("build", [srcnn, gan])
def test_a_crop_changes_the_test_s_scores_alone_and_is_not_kept(build: Any, photographs: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build(crop_border=16)
    logged: dict[str, Any] = {}
    for crop in (0, 16):
        model.crop_border = crop
        (logged[f"test {crop}"],) = trainer(tmp_path).test(model, data(photographs), verbose=False)
        (logged[f"val {crop}"],) = trainer(tmp_path).validate(model, data(photographs), verbose=False)
    assert logged["test 0"]["test/psnr"] != logged["test 16"]["test/psnr"]
    assert logged["val 0"] == logged["val 16"]
    checkpoint = {"hyper_parameters": dict(build(crop_border=16).hparams)}
    assert checkpoint["hyper_parameters"]["crop_border"] == 16
    model.on_save_checkpoint(checkpoint)
    assert "crop_border" not in checkpoint["hyper_parameters"]


def test_a_negative_crop_is_refused() -> None:
    with pytest.raises(UserError) as error:
        srcnn(crop_border=-1)
    assert str(error.value) == "crop_border=-1: give 0 or more."


@pytest.mark.parametrize("build", [srcnn, gan])
def test_training_lowers_the_loss_on_what_it_sees(build: Any, photographs: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build(lr=3e-3)
    (before,) = trainer(tmp_path).validate(model, data(photographs), verbose=False)
    trainer(tmp_path, max_epochs=8, limit_val_batches=0).fit(model, data(photographs))
    (after,) = trainer(tmp_path).validate(model, data(photographs), verbose=False)
    assert after["val/psnr"] > before["val/psnr"] + 0.05


def test_the_learning_rate_is_the_one_given() -> None:
    (generator, discriminator), _ = gan(lr=0.25, discriminator_lr=0.5, betas=(0.1, 0.2)).configure_optimizers()
    assert [adam.param_groups[0]["lr"] for adam in (generator, discriminator)] == [0.25, 0.5]
    assert [adam.param_groups[0]["betas"] for adam in (generator, discriminator)] == [(0.1, 0.2)] * 2


def test_each_network_s_loss_leaves_the_other_without_gradient(photographs: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    class Gradients(AdversarialRestorer):  # type: ignore[misc]
        def _descend(self, optimizer: Any, loss: Tensor, *, leads: bool) -> None:
            self.zero_grad()
            own = self.network if optimizer is self._optimizer(0) else self.discriminator
            other = self.discriminator if own is self.network else self.network
            super()._descend(optimizer, loss, leads=leads)
            assert all(parameter.grad is not None for parameter in own.parameters())
            seen.append((type(own).__name__, any(parameter.grad is not None for parameter in other.parameters())))

    model = Gradients(UNet(widths=[4]), MultiScalePatchGAN(widths=[4, 8]), generator_steps=1)
    trainer(tmp_path, limit_val_batches=0).fit(model, data(photographs))
    assert seen == [("MultiScalePatchGAN", False), ("UNet", False)] * 3


def test_the_learning_rates_follow_the_schedule_batch_by_batch(photographs: Path, tmp_path: Path) -> None:
    rates: list[tuple[float, ...]] = []

    class Rates(AdversarialRestorer):  # type: ignore[misc]
        def on_train_batch_end(self, *_: Any) -> None:
            rates.append(tuple(adam.param_groups[0]["lr"] for adam in self.optimizers()))  # type: ignore[union-attr]

    model = Rates(UNet(widths=[4]), MultiScalePatchGAN(widths=[4, 8]), lr=1.0, discriminator_lr=0.5, schedule=Cosine())
    trainer(tmp_path, max_epochs=2, limit_val_batches=0).fit(model, data(photographs))
    curve = [(1 + math.cos(math.pi * batch / 6)) / 2 for batch in range(6)]
    assert rates == [pytest.approx((factor, factor / 2)) for factor in curve]


@pytest.mark.parametrize(
    "settings",
    [
        {"adversarial_weight": 700.0},
        {"reconstruction": perceptual_terms(700.0)},
        {"reconstruction": [L1(1.0), VGG19Perceptual(0.01)]},
    ],
)
def test_every_weight_counts(
    settings: dict[str, Any], photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VGGPerceptual, "load", load_a_small_network)
    trained = []
    for given in ({"reconstruction": perceptual_terms()}, {"reconstruction": perceptual_terms(), **settings}):
        torch.manual_seed(0)
        model = gan(**given)
        trainer(tmp_path, limit_val_batches=0).fit(model, data(photographs))
        trained.append(weights(model.network))
    assert not same(*trained)


def test_missing_vgg_weights_drop_the_term_with_one_warning_and_a_record(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "nothing"))
    model = gan(reconstruction=perceptual_terms())
    with pytest.warns(UserWarning, match="perceptual term is dropped") as warned:
        trainer(tmp_path, limit_val_batches=0).fit(model, data(photographs))
    assert sum("perceptual" in str(warning.message) for warning in warned) == 1
    assert [type(term) for term in model.reconstruction] == [L1]
    checkpoint: dict[str, Any] = {"state_dict": {}}
    model.on_save_checkpoint(checkpoint)
    loaded = gan()
    loaded.on_load_checkpoint(checkpoint)
    assert loaded.features == "vgg19.relu3_3 missing"


def test_present_vgg_weights_take_part(photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VGGPerceptual, "load", load_a_small_network)
    with_term, without = gan(reconstruction=perceptual_terms()), gan()
    for model in (with_term, without):
        trainer(tmp_path, limit_val_batches=0).fit(model, data(photographs))
    assert (with_term.features, without.features) == ("vgg19.relu3_3", "none")
    assert not any("vgg" in key for key in with_term.state_dict())


@pytest.mark.parametrize("build", [srcnn, gan])
def test_a_checkpoint_is_plain_data_and_brings_the_weights_back(build: Any, photographs: Path, tmp_path: Path) -> None:
    model: Restorer = build()
    runner = trainer(tmp_path, limit_val_batches=0)
    runner.fit(model, data(photographs))
    runner.save_checkpoint(tmp_path / "model.ckpt")
    plain = torch.load(tmp_path / "model.ckpt", weights_only=True)
    assert not any(isinstance(value, nn.Module) for value in plain["hyper_parameters"].values())
    again: Restorer = build()
    again.load_state_dict(plain["state_dict"])
    assert same(weights(again), weights(model))


def test_every_image_counts_alike_in_uneven_batches(photographs: Path, tmp_path: Path) -> None:
    results = []
    for size in (1, 2):  # three images: one batch of two and one of one
        torch.manual_seed(0)
        (logged,) = trainer(tmp_path).test(srcnn(), data(photographs, eval_batch_size=size), verbose=False)
        results.append(logged)
    assert results[0] == pytest.approx(results[1], abs=1e-4)


class SeesPixels(nn.Module):
    """A discriminator whose logits are the image itself."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, image: Tensor) -> list[Tensor]:
        return [self.scale * image]


def test_the_discriminator_takes_the_sharp_image_for_real(photographs: Path, tmp_path: Path) -> None:
    seen: list[tuple[Tensor, Tensor]] = []
    batches: list[Any] = []

    class Game(CrossEntropyGAN):  # type: ignore[misc]
        def discriminator(self, real: Any, fake: Any) -> Tensor:
            seen.append((real[0].detach(), fake[0].detach()))
            return super().discriminator(real, fake)

    class Batches(Callback):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            batches.append(batch)

    # neither network moves: an untrained generator returns what it is given
    still = {"lr": 1e-30, "discriminator_lr": 1e-30, "generator_steps": 1}
    model = AdversarialRestorer(UNet(widths=[4]), SeesPixels(), Game(), **still)  # type: ignore[arg-type]
    trainer(tmp_path, limit_val_batches=0, callbacks=[Batches()]).fit(model, data(photographs))
    assert len(seen) == 3
    for (real, fake), batch in zip(seen, batches, strict=True):
        assert torch.allclose(real, batch["sharp"])
        assert torch.allclose(fake, batch["blurred"])


def test_srcnn_minimises_the_squared_error(photographs: Path, tmp_path: Path) -> None:
    losses: list[tuple[float, float]] = []

    class Losses(Callback):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            with torch.no_grad():
                self.expected = float((pl_module.restore(batch) - batch["sharp"]).square().mean())

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *_: Any) -> None:
            losses.append((float(outputs["loss"]), self.expected))

    trainer(tmp_path, limit_val_batches=0, callbacks=[Losses()]).fit(srcnn(), data(photographs))
    assert all(loss == pytest.approx(expected) for loss, expected in losses)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"lr": 0.0}, "lr=0.0: give a learning rate above 0."),
        ({"discriminator_lr": float("nan")}, "discriminator_lr=nan: give a learning rate above 0."),
        ({"betas": (0.5, 1.0)}, "betas=[0.5, 1.0]: give two numbers from 0 to below 1."),
    ],
)
def test_rates_that_cannot_be_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as error:
        gan(**settings)
    assert str(error.value) == told


@pytest.mark.parametrize(
    ("build", "settings", "told"),
    [
        (srcnn, {"precision": "bf16-true"}, "cannot hold 256 levels"),
        (gan, {"precision": "16-mixed"}, "set precision=bf16-mixed"),
        (gan, {"strategy": "fsdp"}, "set strategy=ddp"),
    ],
)
def test_what_a_method_cannot_do_is_refused_at_the_start(build: Any, settings: Any, told: str, tmp_path: Path) -> None:
    class Chosen(SimpleNamespace):
        precision, strategy = settings.get("precision", "32-true"), FSDPStrategy() if "strategy" in settings else None

    model = build()
    model._trainer = Chosen()
    with pytest.raises(UserError, match=told):
        model.setup("fit")


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
@pytest.mark.parametrize("build", [srcnn, gan])
def test_other_precisions_train_and_are_scored(build: Any, precision: Any, photographs: Path, tmp_path: Path) -> None:
    runner = trainer(tmp_path, precision=precision)
    runner.fit(build(), data(photographs))
    assert runner.callback_metrics["val/psnr"].isfinite()
