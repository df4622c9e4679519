"""Turning sharp bytes into training pairs: scaling, trimming, rounding, and what is handed on untouched."""

import pytest
import torch
from torch import Tensor, nn

from deblur_lightning.batch import SharpBatch, to_8bit
from deblur_lightning.degradations.base import Degradation, DegradedBatch, degrade
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.draws import Draws


class Recorder(Degradation):
    """Halves the image, and keeps what it was given; ``weight`` stands for a learnt degradation."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.given: list[tuple[Tensor, Draws]] = []

    @property
    def margin(self) -> int:
        return 1

    def forward(self, sharp: Tensor, draws: Draws) -> DegradedBatch:
        self.given.append((sharp, draws))
        psf = torch.zeros(len(sharp), 3, 3)
        psf[:, 1, 1] = 1
        return DegradedBatch(sharp * self.weight, psf, torch.arange(len(sharp)) % 2 == 0)


def batch_of(count: int = 3, height: int = 40, width: int = 45) -> SharpBatch:
    generator = torch.Generator().manual_seed(0)
    return {
        "sharp": torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=generator),
        "index": 10 + torch.arange(count),
        "visit": 2 * torch.arange(count),
    }


def test_counters_are_passed_on() -> None:
    batch, recorder = batch_of(), Recorder()
    pairs = degrade(recorder, batch, seed=5, split="val", trim=0, rounding=False)
    _, draws = recorder.given[0]
    assert (draws.seed, draws.split) == (5, "val")
    assert torch.equal(draws.index, batch["index"])
    assert torch.equal(draws.visit, batch["visit"])
    assert torch.equal(pairs["index"], batch["index"])
    assert pairs["psf"].shape == (3, 3, 3)
    assert pairs["psf_known"].tolist() == [True, False, True]


def test_bytes_become_fractions() -> None:
    batch, recorder = batch_of(), Recorder()
    pairs = degrade(recorder, batch, seed=0, split="train", trim=0, rounding=False)
    wanted = batch["sharp"].double() / 255
    assert pairs["sharp"].dtype == pairs["blurred"].dtype == torch.float32
    torch.testing.assert_close(pairs["sharp"].double(), wanted, rtol=0, atol=1e-7)
    torch.testing.assert_close(pairs["blurred"].double(), wanted / 2, rtol=0, atol=1e-7)
    assert torch.equal(recorder.given[0][0], pairs["sharp"])
    assert set(pairs) == {"blurred", "sharp", "psf", "psf_known", "index"}


def test_rounding() -> None:
    exact, rounded = (
        degrade(MotionBlur(), batch_of(), seed=0, split="train", trim=7, rounding=rounding)["blurred"]
        for rounding in (False, True)
    )
    levels = rounded * 255
    assert (levels - levels.round()).abs().max() < 1e-4
    assert (exact * 255 - (exact * 255).round()).abs().max() > 0.4
    assert torch.equal(rounded, to_8bit(exact))


def test_rounding_clamps_what_overshoots() -> None:
    recorder = Recorder()
    nn.init.constant_(recorder.weight, 1.5)
    blurred = degrade(recorder, batch_of(), seed=0, split="train", trim=0, rounding=True)["blurred"]
    assert blurred.max() == 1


@pytest.mark.parametrize("trim", [0, 1, 7])
def test_blurred_and_sharp_are_trimmed_alike(trim: int) -> None:
    batch = batch_of()
    pairs = degrade(Recorder(), batch, seed=0, split="train", trim=trim, rounding=False)
    wanted = batch["sharp"][:, :, trim : 40 - trim, trim : 45 - trim] / 255
    torch.testing.assert_close(pairs["sharp"], wanted)
    torch.testing.assert_close(pairs["blurred"], wanted / 2)
    assert pairs["blurred"].is_contiguous()
    assert pairs["sharp"].is_contiguous()


@pytest.mark.parametrize(
    "blur",
    [MotionBlur(), MotionBlur(length=(15, 15), angle=(0, 0)), MotionBlur(length=(15, 15), angle=(90, 90))],
    ids=["any", "across", "down"],
)
def test_after_trimming_the_margin_nothing_depends_on_the_border(blur: MotionBlur) -> None:
    trim = blur.margin
    large = batch_of(height=60, width=62)
    window: SharpBatch = {**large, "sharp": large["sharp"][:, :, 10:50, 12:54].contiguous()}
    arguments = {"seed": 0, "split": "train", "rounding": False}
    whole = degrade(blur, large, trim=0, **arguments)  # type: ignore[arg-type]
    inside = degrade(blur, window, trim=trim, **arguments)  # type: ignore[arg-type]
    rows, columns = slice(10 + trim, 50 - trim), slice(12 + trim, 54 - trim)
    torch.testing.assert_close(inside["blurred"], whole["blurred"][:, :, rows, columns], rtol=0, atol=1e-6)
    assert torch.equal(inside["sharp"], whole["sharp"][:, :, rows, columns])
    assert torch.equal(inside["psf"], whole["psf"])
    untrimmed = degrade(blur, window, trim=0, **arguments)["blurred"]  # type: ignore[arg-type]
    assert (untrimmed - whole["blurred"][:, :, 10:50, 12:54]).abs().max() > 0.01


def test_no_gradient() -> None:
    pairs = degrade(Recorder(), batch_of(), seed=0, split="train", trim=0, rounding=False)
    assert not pairs["blurred"].requires_grad
    assert not pairs["sharp"].requires_grad


def test_autocast_is_switched_off() -> None:
    plain = degrade(MotionBlur(), batch_of(), seed=0, split="train", trim=0, rounding=False)
    with torch.autocast("cpu", torch.bfloat16):
        pairs = degrade(MotionBlur(), batch_of(), seed=0, split="train", trim=0, rounding=False)
        assert torch.is_autocast_enabled("cpu")
    for name in ("blurred", "sharp", "psf"):
        assert pairs[name].dtype == torch.float32
        assert torch.equal(pairs[name], plain[name])


def test_the_batch_is_left_as_it_was() -> None:
    batch = batch_of()
    before = {name: value.clone() for name, value in batch.items()}  # type: ignore[attr-defined]
    degrade(MotionBlur(), batch, seed=0, split="train", trim=7, rounding=True)
    assert all(torch.equal(batch[name], value) for name, value in before.items())  # type: ignore[literal-required]


def test_the_contract_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Degradation()  # type: ignore[abstract]
