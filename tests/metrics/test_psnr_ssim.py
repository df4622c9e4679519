"""Metrics agree with scikit-image, are taken image by image, and clamp before they round."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torchmetrics.functional.image import structural_similarity_index_measure

from deblur_lightning.errors import UserError
from deblur_lightning.metrics import psnr_ssim
from deblur_lightning.metrics.psnr_ssim import (
    BAND,
    PSNR_CAP,
    luma,
    protocol,
    psnr,
    restoration_scores,
    ssim,
)

Metric = Callable[[Tensor, Tensor], Tensor]


def pair(batch: int = 4, channels: int = 3, height: int = 37, width: int = 52) -> tuple[Tensor, Tensor]:
    """A smooth random image beside a noisy one that leaves [0, 1]; the noise grows along the batch.

    No value lies halfway between two levels of 8 bits, where float32 and float64 may round apart.
    """
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(batch, channels, 5, 6, generator=generator)
    sharp = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    noise = torch.randn(sharp.shape, generator=generator) * torch.linspace(0.02, 0.3, batch)[:, None, None, None]
    jitter = 0.8 * torch.rand(sharp.shape, generator=generator) - 0.4
    preds, target = (((image * 255).round() + jitter) / 255 for image in (sharp + noise, sharp))
    return preds, target


def as_8bit(image: Tensor) -> np.ndarray:
    """Clamped and rounded by NumPy, in float64 with the channels last."""
    return np.round(np.clip(image.permute(1, 2, 0).double().numpy(), 0, 1) * 255) / 255


def reference_psnr(preds: Tensor, target: Tensor) -> float:
    return float(peak_signal_noise_ratio(as_8bit(target), as_8bit(preds), data_range=1))


def reference_ssim(preds: Tensor, target: Tensor) -> float:
    """scikit-image leaves out the 5 pixels at each edge: reflecting 5 beyond it makes it count every pixel."""
    around = ((5, 5), (5, 5), (0, 0))
    return float(
        structural_similarity(
            *(np.pad(as_8bit(image), around, mode="reflect") for image in (preds, target)),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=2,
        )
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_psnr_is_that_of_scikit_image(channels: int) -> None:
    preds, target = pair(channels=channels)
    wanted = [reference_psnr(p, t) for p, t in zip(preds, target, strict=True)]
    values = psnr(preds, target)
    assert values.dtype == torch.float64
    assert values.tolist() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_that_of_scikit_image(channels: int) -> None:
    preds, target = pair(channels=channels)
    wanted = [reference_ssim(p, t) for p, t in zip(preds, target, strict=True)]
    values = ssim(preds, target)
    assert values.dtype == torch.float64
    assert values.tolist() == pytest.approx(wanted, abs=1e-9)


def test_ssim_is_that_of_torchmetrics() -> None:
    preds, target = pair(height=12, width=6)
    exact = [torch.round(image.clamp(0, 1) * 255).double() / 255 for image in (preds, target)]
    wanted = structural_similarity_index_measure(*exact, data_range=1.0, reduction="none")
    torch.testing.assert_close(ssim(preds, target), wanted, rtol=0, atol=1e-9)


def flat(level: int) -> Tensor:
    return torch.full((1, 3, 40, 32), level / 255)


def test_flat_bright_areas_do_not_cancel() -> None:
    """Where nothing varies only the luminance counts; float32 says .998 of the first, .9999 of equal ones."""
    first, second, small = 250 / 255, 251 / 255, 0.01**2
    wanted = (2 * first * second + small) / (first**2 + second**2 + small)
    assert ssim(flat(250), flat(251)).item() == pytest.approx(wanted, abs=1e-10)
    assert wanted == pytest.approx(0.99999, abs=5e-6)
    assert [ssim(flat(level), flat(level)).item() for level in (0, 1, 254, 255)] == [1.0] * 4
    assert psnr(flat(250), flat(251)).item() == pytest.approx(20 * np.log10(255), abs=1e-9)


class _Largest(TorchDispatchMode):
    """Notes how many values the largest tensor has that any operation makes."""

    def __init__(self) -> None:
        super().__init__()
        self.values = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor) and not func.is_view:
            self.values = max(self.values, made.numel())
        return made


@pytest.mark.parametrize("band", [1, 3000, 7000])
def test_bands_change_no_score(band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    preds, target = pair()
    assert preds.numel() < BAND
    whole = restoration_scores(preds, target.roll(1, dims=-1), target)
    monkeypatch.setattr(psnr_ssim, "BAND", band)
    for name, values in restoration_scores(preds, target.roll(1, dims=-1), target).items():
        torch.testing.assert_close(values, whole[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_scores_of_a_large_image_take_no_more_memory(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psnr_ssim, "BAND", 12_000)
    largest = []
    for height in (300, 900):
        preds, target = pair(batch=1, height=height, width=100)
        with _Largest() as seen:
            metric(preds, target)
        largest.append(seen.values)
    assert largest[0] == largest[1] < 2 * 12_000 < 300 * 100


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_each_image_counts_for_itself(metric: Metric) -> None:
    preds, target = pair()
    whole = metric(preds, target)
    assert whole.shape == (4,)
    assert whole.unique().numel() == 4
    single = torch.cat([metric(p[None], t[None]) for p, t in zip(preds, target, strict=True)])
    assert single.shape == (4,)
    torch.testing.assert_close(whole, single, rtol=0, atol=1e-12)


def test_psnr_of_a_known_error() -> None:
    target = torch.full((1, 3, 16, 16), 100 / 255)
    assert psnr(target + 1 / 255, target).item() == pytest.approx(20 * np.log10(255), abs=1e-9)


def test_psnr_is_capped() -> None:
    target = torch.full((2, 3, 256, 256), 0.5)
    preds = target.clone()
    preds[1, 0, 0, 0] += 1 / 255  # 101 dB
    assert psnr(preds, target).tolist() == [PSNR_CAP, PSNR_CAP] == [100.0, 100.0]


def test_ssim_of_equal_images_is_one() -> None:
    _, target = pair()
    assert ssim(target, target).tolist() == [1.0] * 4


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_values_out_of_range_are_clamped(metric: Metric) -> None:
    _, target = pair(batch=2)
    target = (target > 0.5).float()
    beyond = target * 2 - 0.5  # 0 becomes -.5 and 1 becomes 1.5
    assert torch.equal(metric(beyond, target), metric(target, target))
    assert psnr(beyond, target).tolist() == [PSNR_CAP] * 2


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_images_are_rounded_to_8_bits(metric: Metric) -> None:
    preds, target = pair()
    levels = (preds.clamp(0, 1) * 255).round() / 255
    torch.testing.assert_close(metric(levels + 0.4 / 255, target), metric(levels, target), rtol=0, atol=0)
    assert not torch.equal(metric(levels + 0.6 / 255, target), metric(levels, target))


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_half_precision_input_is_scored_in_full(metric: Metric) -> None:
    preds, target = pair()
    levels = (preds.clamp(0, 1) * 255).round() / 255  # the nearest half is less than half a level away
    values = metric(levels.half(), target)
    assert values.dtype == torch.float64
    assert torch.equal(values, metric(levels, target))


def test_restoration_scores() -> None:
    restored, sharp = pair()
    restored.requires_grad_()
    blurred = sharp.roll(2, dims=-1)
    scores = restoration_scores(restored, blurred, sharp)
    assert set(scores) == {"psnr", "psnr_blurred", "psnr_gain", "ssim", "ssim_blurred", "ssim_gain", "psnr_capped"}
    for name, metric in {"psnr": psnr, "ssim": ssim}.items():
        assert torch.equal(scores[name], metric(restored, sharp).detach())
        assert torch.equal(scores[f"{name}_blurred"], metric(blurred, sharp))
        assert torch.equal(scores[f"{name}_gain"], scores[name] - scores[f"{name}_blurred"])
    assert all(value.shape == (4,) and not value.requires_grad for value in scores.values())


@pytest.mark.parametrize(
    ("channels", "crop", "name"), [(3, 0, "rgb8"), (1, 0, "grey8"), (3, 16, "rgb8-crop16"), (1, 4, "grey8-crop4")]
)
def test_the_protocol_s_name_tells_channels_and_crop(channels: int, crop: int, name: str) -> None:
    assert protocol(channels, crop) == name


def test_other_channels_have_no_protocol() -> None:
    with pytest.raises(UserError, match="Images have 4 channels, for which there is no protocol: give 1 or 3"):
        protocol(4)


def test_what_is_cropped_counts_in_no_score() -> None:
    restored, sharp = pair()
    blurred = sharp.roll(2, dims=-1)
    inner = [image[..., 5:-5, 5:-5] for image in (restored, blurred, sharp)]
    wanted = restoration_scores(*inner)
    for image in (restored, blurred):
        image[..., :5, :], image[..., -5:], image[..., :5], image[..., -5:, :] = 0, 1, 0, 1
    scores = restoration_scores(restored, blurred, sharp, crop_border=5)
    assert all(torch.equal(scores[name], value) for name, value in wanted.items())
    assert not torch.equal(scores["psnr"], restoration_scores(restored, blurred, sharp)["psnr"])


def test_images_that_a_crop_leaves_too_little_of_are_refused() -> None:
    image = torch.rand(1, 3, 20, 40)
    restoration_scores(image, image, image, crop_border=7)
    with pytest.raises(UserError) as error:
        restoration_scores(image, image, image, crop_border=8)
    assert str(error.value) == (
        "An image of 20x40 pixels is too small to cut off 8 at each edge: "
        "set crop_border=7 or less, or leave the image out."
    )


def test_capped_images_are_marked() -> None:
    restored, sharp = pair()
    restored[1] = sharp[1]
    assert restoration_scores(restored, restored, sharp)["psnr_capped"].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(("size", "fits"), [(5, False), (6, True)])
def test_ssim_says_what_is_too_small_for_it(size: int, fits: bool) -> None:
    image = torch.rand(1, 3, 20, size)
    if fits:
        assert ssim(image, image).tolist() == pytest.approx([1.0])
    else:
        with pytest.raises(UserError, match="An image of 20x5 pixels is too small for SSIM: give 6 a side"):
            ssim(image, image)


def test_doing_nothing_gains_nothing() -> None:
    blurred, sharp = pair()
    scores = restoration_scores(blurred, blurred, sharp)
    assert scores["psnr_gain"].abs().max() == 0
    assert scores["ssim_gain"].abs().max() == 0
    assert (restoration_scores(sharp, blurred, sharp)["psnr_gain"] > 0).all()


def test_luma_has_the_levels_of_the_standard() -> None:
    """The corners of rgb2ycbcr's documentation, and primaries by ITU-R BT.601."""
    colours = torch.tensor([[0.0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])[:, :, None, None]
    assert (luma(colours) * 255).round().flatten().tolist() == [16, 235, 81, 145, 41]
