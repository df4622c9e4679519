"""What is gained on each kind of blur is logged where there are several."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from deblur_lightning.callbacks.gain_by_blur import GainByBlur
from deblur_lightning.datamodules.pairs import RealPairs
from deblur_lightning.datamodules.synthetic import SyntheticBlur
from deblur_lightning.degradations.base import Degradation
from deblur_lightning.degradations.box import BoxBlur
from deblur_lightning.degradations.chain import Chain
from deblur_lightning.degradations.identity import Identity
from deblur_lightning.degradations.linear_light import LinearLight
from deblur_lightning.degradations.mixture import InTurn, Mixture
from deblur_lightning.degradations.motion import MotionBlur
from deblur_lightning.degradations.noise import SensorNoise
from deblur_lightning.draws import EVALUATION_SEED, Draws
from deblur_lightning.sources.folder import Folder
from deblur_lightning.sources.paired_folder import PairedFolder
from tests.helpers.small import data, srcnn, trainer
from tests.helpers.standins import write_pairs

MIXED = Chain([InTurn([BoxBlur(width=(5, 5)), LinearLight(MotionBlur())]), SensorNoise()])


def kinds(degradation: Degradation, count: int) -> list[str]:
    index = torch.arange(count)
    return degradation.kinds(Draws(EVALUATION_SEED, "val", torch.zeros_like(index), index))


def test_the_kind_is_that_of_the_member_that_was_drawn() -> None:
    mixture = Chain([Mixture([BoxBlur(width=(3, 3)), Mixture([Identity(), BoxBlur(width=(9, 9))])]), SensorNoise()])
    _, psf, _ = mixture(torch.rand(40, 1, 32, 32), Draws(0, "val", torch.zeros(40, dtype=torch.long), torch.arange(40)))
    identical = psf[:, psf.shape[1] // 2, psf.shape[2] // 2] == 1
    assert kinds(mixture, 40) == ["Identity" if sharp else "BoxBlur" for sharp in identical]
    assert 0 < identical.sum() < 40


def test_the_kind_of_a_chain_is_that_of_its_blurs() -> None:
    assert kinds(MIXED, 3) == ["BoxBlur", "MotionBlur", "BoxBlur"]
    assert kinds(Chain([BoxBlur(), MotionBlur()]), 1) == ["BoxBlur+MotionBlur"]
    assert kinds(Chain([SensorNoise()]), 1) == ["SensorNoise"]


class Gains(Callback):
    """Collects each validation image's gain."""

    def __init__(self) -> None:
        self.by_index: dict[int, float] = {}

    def on_validation_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: Any, *_: Any) -> None:
        self.by_index |= zip(batch["index"].tolist(), outputs["scores"]["psnr_gain"].tolist(), strict=True)


@pytest.mark.parametrize("batch", [1, 2])
def test_each_kind_has_the_mean_of_its_images(photographs: Path, tmp_path: Path, batch: int) -> None:
    blurs = SyntheticBlur(Folder(photographs), MIXED, crop_size=32, batch_size=4, eval_batch_size=batch, num_workers=0)
    gains = Gains()
    runner = trainer(tmp_path, callbacks=[GainByBlur(), gains], num_sanity_val_steps=1)
    runner.fit(srcnn(), blurs)
    logged = {name: float(value) for name, value in runner.callback_metrics.items() if "psnr_gain/" in name}
    first, second, third = gains.by_index.values()
    expected = {"val/psnr_gain/BoxBlur": (first + third) / 2, "val/psnr_gain/MotionBlur": second}
    assert logged == pytest.approx(expected, abs=1e-5)


def test_one_kind_alone_and_pairs_are_not_divided(photographs: Path, tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", *(f"{split}/{number}.png" for split in ("train", "val") for number in range(2)))
    pairs = RealPairs(PairedFolder(tmp_path / "pairs"), crop_size=16, batch_size=2, num_workers=0)
    for module in (data(photographs), pairs):
        runner = trainer(tmp_path, callbacks=[GainByBlur()])
        runner.fit(srcnn(), module)
        assert "val/psnr_gain" in runner.callback_metrics
        assert not any("psnr_gain/" in name for name in runner.callback_metrics)
