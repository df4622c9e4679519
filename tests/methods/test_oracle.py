"""The oracle Wiener filter: measures what it is told, and nothing that is one filter for all places does better."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.linear_light import LinearLight
from deblur_lightning.degradations.mixture import InTurn
from deblur_lightning.degradations.motion import MotionBlur, motion_psf
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.errors import UserError
from deblur_lightning.functional.convolution import convolve
from deblur_lightning.functional.fourier import centred_transfer
from deblur_lightning.methods.oracle import MeasuredWiener, OracleWiener
from deblur_lightning.metrics import psnr
from deblur_lightning.networks.spectra import level, radial_power
from deblur_lightning.sources.dead_leaves import DeadLeaves
from deblur_lightning.sources.folder import Folder
from tests.helpers.small import trainer

BANDS = 16
MOTION = MotionBlur((5, 7), (0, 180))
PSF = motion_psf(torch.tensor([7.0]), torch.tensor([30.0]), size=7)


def data(root: Path, blur: Degradation = MOTION, **settings: Any) -> SyntheticBlur:
    settings = {"crop_size": 40, "batch_size": 4, "epoch_length": 64, "num_workers": 0} | settings
    return SyntheticBlur(Folder(root), blur, **settings)


def fitted(folder: Path, module: SyntheticBlur, **settings: Any) -> OracleWiener:
    model = OracleWiener(bands=BANDS)
    trainer(folder, **settings).fit(model, module)
    return model


def white(deviation: float, *shape: int) -> Tensor:
    return deviation * torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_white_noise_has_its_variance_at_every_radius() -> None:
    power = radial_power(0.5 + white(0.1, 200, 41, 36), BANDS).mean(dim=0)
    torch.testing.assert_close(power[2:], torch.full((BANDS - 2,), 0.01), rtol=0.08, atol=0)
    assert power[0] < 1e-8  # the mean is no part of it
    assert 0.008 < power[1] < 0.01  # nor of its neighbours


def test_the_window_keeps_a_smooth_image_out_of_the_high_frequencies() -> None:
    ramp = torch.linspace(0, 1, 64).expand(64, 64)
    power = radial_power(ramp, BANDS)
    assert power[5:].max() < 1e-5 * power[1]


@pytest.mark.parametrize(
    ("blur", "deviation"),
    [
        (MotionBlur((15, 15)), 1 / 255 / math.sqrt(12)),  # rounding to 8 bits
        (Chain([MOTION, SensorNoise((5, 5))]), 5 / 255),
    ],
)
def test_the_noise_is_measured_where_the_blur_is_known_exactly(
    blur: Degradation, deviation: float, tmp_path: Path
) -> None:
    module = SyntheticBlur(DeadLeaves(64), blur, crop_size=40, batch_size=8, num_workers=0)
    _, noise = fitted(tmp_path, module, limit_val_batches=0).network.powers()
    # at the ends of the range pixels are clipped, and the mean is left out
    torch.testing.assert_close(noise[2:], torch.full_like(noise[2:], deviation**2), rtol=0.25, atol=0)


def test_the_signal_is_that_of_the_sharp_training_images(photographs: Path, tmp_path: Path) -> None:
    blurs = (MOTION, Chain([MOTION, SensorNoise((9, 9))]))
    signals = [fitted(tmp_path, data(photographs, blur)).network.powers()[0] for blur in blurs]
    torch.testing.assert_close(signals[0], signals[1])
    module = data(photographs)
    module.setup("fit")
    sharp = [image["sharp"] / 255 for image in module.images["train"]]  # type: ignore[attr-defined]
    whole = torch.stack([radial_power(image, BANDS).mean(dim=0) for image in sharp]).mean(dim=0)
    assert (signals[0][2:-4] / whole[2:-4]).log().abs().max() < 0.7  # other windows, other crops


def test_more_or_less_regularisation_is_worse(photographs: Path, tmp_path: Path) -> None:
    module = data(photographs, Chain([MOTION, SensorNoise((4, 4))]))
    model = fitted(tmp_path, module)
    scores = []
    measured = model.network.sums.clone()
    for factor in (1, 0.2, 5):
        model.network.sums[1] = measured[1] * factor
        (logged,) = trainer(tmp_path).test(model, module, verbose=False)
        scores.append(logged["test/psnr"])
    assert scores[0] > max(scores[1:]) + 0.05
    assert logged["test/psnr_gain"] > 0.5


def network(noise: float = 1e-4) -> MeasuredWiener:
    """Told a spectrum that falls with the square of the frequency, and white noise."""
    built = MeasuredWiener(BANDS)
    built.sums[0] = 1e-3 / torch.linspace(0, 1, BANDS).clamp(min=0.01) ** 2
    built.sums[1] = noise
    built.count.fill_(1)
    return built


def test_the_mean_is_restored_as_it_was() -> None:
    flat = torch.full((1, 3, 30, 41), 0.3)
    torch.testing.assert_close(network(noise=0.1)(flat, PSF), flat, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (5, 60), (64, 63)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_any_size_and_precision(size: tuple[int, int], dtype: torch.dtype) -> None:
    image = torch.rand(2, 3, *size).to(dtype)
    restored = network()(image, PSF.expand(2, -1, -1).to(dtype))
    assert restored.shape == image.shape
    assert restored.isfinite().all()


def test_every_sample_has_its_psf_and_its_level() -> None:
    coarse = (
        torch.rand(2, 1, 9, 8, generator=torch.Generator().manual_seed(0)) * torch.tensor([1, 0.1])[:, None, None, None]
    )
    sharp = coarse.repeat_interleave(8, -1).repeat_interleave(8, -2)
    psf = torch.cat([PSF, motion_psf(torch.tensor([5.0]), torch.tensor([120.0]), size=7)])
    blurred = convolve(sharp, psf) + white(0.01, *sharp.shape)
    together = network()(blurred, psf)
    alone = torch.cat([network()(blurred[row : row + 1], psf[row : row + 1]) for row in range(2)])
    torch.testing.assert_close(together, alone, atol=1e-3, rtol=0)
    swapped = network()(blurred, psf.flip(0))
    assert (psnr(together, sharp) > psnr(swapped, sharp) + 2).all()


def test_images_of_more_contrast_than_usual_are_restored_as_well() -> None:
    sharp = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0)).repeat_interleave(8, -1)
    sharp = sharp.repeat_interleave(8, -2)
    blurred = convolve(sharp, PSF) + white(0.02, *sharp.shape)
    usual, unusual = network(), network()
    unusual.sums[0] /= 50
    torch.testing.assert_close(usual(blurred, PSF), unusual(blurred, PSF), atol=0.02, rtol=0)


def test_the_level_is_the_factor_of_the_power() -> None:
    size = (64, 48)
    otf = centred_transfer(PSF, size)[:, None]
    scene = white(1, 1, 1, *size)
    noise, signal = torch.full((64, 25), 1e-4), torch.full((64, 25), 0.01)
    for factor in (0.04, 1.0, 9.0):
        spectrum = torch.fft.rfft2(scene * (0.01 * factor) ** 0.5) * otf + torch.fft.rfft2(white(0.01, *size).flip(0))
        found = level(spectrum.abs() ** 2 / 64 / 48, otf, noise, signal)
        assert found.shape == (1, 1, 1, 1)
        assert float(found) == pytest.approx(factor, rel=0.12)


def test_without_any_noise_nothing_explodes() -> None:
    sharp = torch.rand(1, 1, 8, 8).repeat_interleave(6, -1).repeat_interleave(6, -2)
    restored = network(noise=0.0)(convolve(sharp, PSF, "circular"), PSF)
    assert restored.isfinite().all()
    assert restored.abs().max() < 10


def test_samples_of_unknown_psf_are_left_out_of_the_measurement(photographs: Path, tmp_path: Path) -> None:
    mixed = data(photographs, InTurn([MOTION, LinearLight(MOTION)]))
    model = fitted(tmp_path, mixed, limit_val_batches=0)
    assert 24 * 3 < float(model.network.count) < 40 * 3  # of 64 crops of three colours
    _, noise = model.network.powers()
    assert noise.max() < 2 / 255**2 / 12  # as of rounding alone


def test_unknown_psfs_are_refused(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^OracleWiener must be told the PSF.*use a blind method"):
        fitted(tmp_path, data(photographs, LinearLight(MOTION)))


def test_what_was_not_measured_is_refused(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="OracleWiener has measured nothing yet: run deblur fit first"):
        trainer(tmp_path).test(OracleWiener(), data(photographs), verbose=False)


def test_the_spectra_come_back_with_the_checkpoint(photographs: Path, tmp_path: Path) -> None:
    model = OracleWiener(bands=BANDS)
    runner = trainer(tmp_path, num_sanity_val_steps=1)
    runner.fit(model, data(photographs))
    assert runner.global_step == 16
    runner.save_checkpoint(tmp_path / "model.ckpt")
    (wanted,) = trainer(tmp_path).test(model, data(photographs), verbose=False)
    again = OracleWiener(bands=BANDS)
    (logged,) = trainer(tmp_path).test(again, data(photographs), ckpt_path=tmp_path / "model.ckpt", verbose=False)
    assert logged == wanted
    assert logged["test/psnr_gain"] > 5


def test_crops_without_room_for_the_bands_are_refused(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        fitted(tmp_path, data(photographs, crop_size=16))
    assert str(error.value) == (
        "Crops of 16x16 pixels, blurred by 7x7 taps, are too small for 16 bands: set crop_size=22 or fewer bands."
    )


@pytest.mark.parametrize("bands", [2, -1])
def test_too_few_bands_are_refused(bands: int) -> None:
    with pytest.raises(UserError) as error:
        OracleWiener(bands=bands)
    assert str(error.value) == f"bands={bands}: give 3 or more."


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_other_precisions_give_the_same_scores(precision: Any, photographs: Path, tmp_path: Path) -> None:
    scores = []
    for chosen in ("32-true", precision):
        runner = trainer(tmp_path, precision=chosen)
        runner.fit(OracleWiener(bands=BANDS), data(photographs))
        scores.append(float(runner.callback_metrics["val/psnr"]))
    assert scores[0] == pytest.approx(scores[1], abs=0.05)
