"""The deconvolution's way of learning: the PSF from the blur itself, the regularisation from what is restored."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.downsampling import Downsampling
from deblur_lightning.degradations.gaussian import GaussianBlur
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.draws import Draws
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import convolve
from deblur_lightning.methods.deconv import DeconvRestorer, blur_mismatch, learned_psfs
from deblur_lightning.networks.deconv import FourierDeconv2d
from deblur_lightning.networks.regularised import MultiDeconv, RegularisedDeconv
from deblur_lightning.optim.schedules import Cosine
from deblur_lightning.sources.photos import Photos
from deblur_lightning.sources.preprocessed import Preprocessed
from tests.helpers.small import trainer


def data(blur: Degradation, **settings: Any) -> SyntheticBlur:
    arguments: dict[str, Any] = {"crop_size": 48, "batch_size": 4, "num_workers": 0, "flips": False} | settings
    return SyntheticBlur(Preprocessed(Photos(), grey=True, side=160), blur, **arguments)


def restorer(network: torch.nn.Module, **settings: Any) -> DeconvRestorer:
    return DeconvRestorer(network, **{"loss_border": 8, **settings})


def test_the_psf_is_learned_from_the_blur(tmp_path: Path) -> None:
    torch.manual_seed(0)
    blur = MotionBlur((5, 5), (30, 30))
    model = restorer(RegularisedDeconv(psf_size=7), schedule=Cosine())
    module = data(blur, epoch_length=800)
    trainer(tmp_path).fit(model, module)
    index = torch.zeros(1, dtype=torch.int64)
    true = torch.nn.functional.pad(blur.psf(Draws(0, "train", index, index))[0], (1, 1, 1, 1))
    assert (model.network.psf - true).abs().sum() < 0.1
    (scores,) = trainer(tmp_path).validate(model, module, verbose=False)
    assert scores["val/psnr_gain"] > 2


def test_without_the_blur_term_another_psf_is_learned(tmp_path: Path) -> None:
    found = []
    for weight in (0.0, 100.0):
        torch.manual_seed(0)
        model = restorer(RegularisedDeconv(psf_size=5), blur_weight=weight)
        trainer(tmp_path, max_steps=5).fit(model, data(GaussianBlur((1, 1), (5, 5)), epoch_length=80))
        found.append(model.network.psf.detach())
    assert (found[0] - found[1]).abs().max() > 1e-3


def test_the_psf_settles_before_the_rest_is_learned(tmp_path: Path) -> None:
    for settle, ratio_moves in ((0.9, False), (0.5, True)):
        torch.manual_seed(0)
        network = RegularisedDeconv(psf_size=5)
        before = {name: value.detach().clone() for name, value in network.named_parameters()}
        module = data(GaussianBlur((1, 1), (5, 5)), epoch_length=80)
        trainer(tmp_path, max_steps=4).fit(restorer(network, settle=settle), module)
        assert not torch.equal(network.roots, before["roots"])
        assert torch.equal(network.log_ratio, before["log_ratio"]) != ratio_moves


@pytest.mark.parametrize(("psf_size", "samples"), [(5, 400), (None, 100)])
def test_the_noise_is_measured_while_learning(tmp_path: Path, psf_size: int | None, samples: int) -> None:
    torch.manual_seed(0)
    network = RegularisedDeconv(psf_size)
    blur = Chain([GaussianBlur((1, 1), (5, 5)), SensorNoise(read=(2.0, 2.0))])
    settings = {} if psf_size is None else {"settle": 0.9}
    trainer(tmp_path).fit(restorer(network, schedule=Cosine(), **settings), data(blur, epoch_length=samples))
    assert network.spectra is not None
    signal, noise = network.spectra.powers()
    of_noise_and_rounding = (2 / 255) ** 2 + 1 / 12 / 255**2
    assert 0.9 < float(noise[8:].mean()) / of_noise_and_rounding < 1.15  # what the first, wrong PSF left is forgotten
    assert signal[2] > 30 * signal[16]


def test_without_own_level_something_else_is_learned(tmp_path: Path) -> None:
    found = []
    for own_level in (True, False):
        torch.manual_seed(0)
        model = restorer(MultiDeconv(2, 5, width=4, depth=2, own_level=own_level))
        trainer(tmp_path, max_steps=5).fit(model, data(GaussianBlur((1, 1), (5, 5)), epoch_length=80))
        found.append(model.network.inverses.log_ratio.detach())
    assert (found[0] - found[1]).abs().max() > 1e-3


def test_betas_change_what_is_learned(tmp_path: Path) -> None:
    found = []
    for betas in ((0.9, 0.999), (0.5, 0.9)):
        torch.manual_seed(0)
        model = restorer(RegularisedDeconv(psf_size=5), betas=betas)
        trainer(tmp_path, max_steps=5).fit(model, data(GaussianBlur((1, 1), (5, 5)), epoch_length=80))
        found.append(model.network.log_ratio.detach())
    assert not torch.equal(*found)


@pytest.mark.parametrize("network", [FourierDeconv2d(kernel_size=(3, 3)), MultiDeconv(2, 5, width=4, depth=2)])
def test_every_form_trains(network: torch.nn.Module, tmp_path: Path) -> None:
    before = [parameter.clone() for parameter in network.parameters()]
    model = restorer(network)
    trainer(tmp_path, max_steps=3).fit(model, data(GaussianBlur((1, 1), (5, 5)), epoch_length=16))
    assert all(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_layers_and_the_rest_have_rates_of_their_own(tmp_path: Path) -> None:
    model = restorer(MultiDeconv(2, 5, width=4, depth=2), lr=0.5, refine_lr=0.25)
    trainer(tmp_path, max_steps=1).fit(model, data(GaussianBlur((1, 1), (5, 5))))
    optimizer = model.optimizers()
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.25]  # type: ignore[union-attr]
    assert [len(group["params"]) for group in optimizer.param_groups] == [2, 4]  # type: ignore[union-attr]


def test_the_rate_follows_its_schedule(tmp_path: Path) -> None:
    rates: list[float] = []

    class Watched(DeconvRestorer):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            rates.append(self.optimizers().param_groups[0]["lr"])  # type: ignore[union-attr]
            return super().training_step(batch, batch_idx)

    model = Watched(RegularisedDeconv(psf_size=3), lr=1.0, loss_border=8, schedule=Cosine())
    trainer(tmp_path, max_steps=4).fit(model, data(GaussianBlur((1, 1), (3, 3)), epoch_length=16))
    assert rates == pytest.approx([1.0, 0.853553, 0.5, 0.146447], abs=1e-5)


def test_a_given_psf_is_used(tmp_path: Path) -> None:
    model = restorer(RegularisedDeconv(psf_size=None, noise_to_signal=[1e-3]))
    module = data(MotionBlur((9, 9)))
    (scores,) = trainer(tmp_path).test(model, module, verbose=False)
    assert scores["test/psnr_gain"] > 3
    assert learned_psfs(model.network) == []
    with pytest.raises(UserError, match="RegularisedDeconv needs the PSF of every image"):
        trainer(tmp_path).test(model, data(Downsampling()), verbose=False)


def test_the_rim_does_not_count(tmp_path: Path) -> None:
    model = restorer(RegularisedDeconv(psf_size=None), loss_border=8, blur_weight=0)
    model.trainer = trainer(tmp_path)
    model.log = lambda *given, **named: None  # type: ignore[method-assign, assignment]
    sharp = torch.rand(1, 1, 40, 40, generator=torch.Generator().manual_seed(0))
    psf = torch.ones(1, 1, 1)
    batch: Any = {"sharp": sharp, "blurred": sharp.clone(), "psf": psf, "psf_known": torch.tensor([True])}
    model.restore = lambda batch: batch["blurred"]  # type: ignore[method-assign, assignment]
    batch["blurred"][..., :8, :] += 1
    batch["blurred"][..., -8:] += 1
    assert model.training_step(batch, 0) == 0
    batch["blurred"][..., 8, 8] += 1
    assert model.training_step(batch, 0) > 0
    model.loss_border = 30  # of 40 pixels: a quarter is left out, as with 10
    batch["blurred"][..., 10:30, 10:30] += 1
    assert model.training_step(batch, 0).item() == pytest.approx(1)


def test_the_mismatch_is_zero_for_the_true_psf_alone() -> None:
    sharp = torch.rand(2, 3, 40, 41, generator=torch.Generator().manual_seed(0))
    psf = torch.rand(1, 5, 5, generator=torch.Generator().manual_seed(1))
    psf /= psf.sum()
    blurred = convolve(sharp, psf.expand(2, -1, -1))
    assert blur_mismatch(sharp, blurred, psf[0]) < 1e-10
    assert blur_mismatch(sharp, blurred, psf[0].flip(0, 1)) > 1e-3
    blurred[..., :6, :] = 0
    assert blur_mismatch(sharp, blurred, psf[0], loss_border=0) > 1e-3
    assert blur_mismatch(sharp, blurred, psf[0], loss_border=7) < 1e-10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": 0}, "lr=0"),
        ({"refine_lr": -1}, "refine_lr=-1"),
        ({"blur_weight": -1}, "blur_weight=-1"),
        ({"loss_border": -1}, "loss_border=-1"),
        ({"settle": 1.0}, "settle=1.0"),
        ({"settle": 0.5, "blur_weight": 0}, "settle=0.5"),
        ({"betas": (0.9, 1.0)}, r"betas=\[0.9, 1.0\]"),
        ({"crop_border": -1}, "crop_border=-1"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        DeconvRestorer(RegularisedDeconv(), **settings)
