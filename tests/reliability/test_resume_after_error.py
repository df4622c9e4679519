"""An interrupted run that is continued ends with the weights of one that never stopped, bit for bit."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from deblur_lightning.losses.adversarial import WassersteinGP
from deblur_lightning.methods.base import Restorer
from deblur_lightning.methods.regression import RegressionRestorer
from deblur_lightning.networks.srcnn import SRCNN
from deblur_lightning.optim.schedules import Cosine, WarmUp
from tests.helpers.resuming import Interrupt
from tests.helpers.small import data, same, srcnn, trainer, weights
from tests.helpers.small import gan as constant_gan


def gan() -> Restorer:
    return constant_gan(schedule=Cosine(), adversarial=WassersteinGP(), clip_norm=1.0, ema_decay=0.9)


def falling_srcnn() -> Restorer:
    return srcnn(schedule=Cosine())


def averaged() -> Restorer:
    return RegressionRestorer(SRCNN(kernels=[3, 1, 3], widths=[4, 4]), schedule=WarmUp(0.3, Cosine()))


def fresh(build: Any) -> Restorer:
    torch.manual_seed(0)
    model: Restorer = build()
    return model


@pytest.mark.parametrize("build", [srcnn, falling_srcnn, gan, averaged])
@pytest.mark.parametrize(("batches", "workers"), [(1, 0), (2, 0), (2, 2), (3, 0), (4, 0)])  # of 3 in an epoch
def test_a_continued_run_equals_an_uninterrupted_one(
    build: Any, batches: int, workers: int, photographs: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"max_epochs": 3, "enable_checkpointing": True}
    whole = fresh(build)
    trainer(tmp_path / "whole", **settings).fit(whole, data(photographs, num_workers=workers))

    saving = ModelCheckpoint(tmp_path / "part", filename="at", every_n_train_steps=batches, save_top_k=1)
    with pytest.raises(RuntimeError, match="interrupted"):
        trainer(tmp_path / "part", callbacks=[saving, Interrupt(batches + 1)], **settings).fit(
            fresh(build), data(photographs, num_workers=workers)
        )
    continued = build()
    runner = trainer(tmp_path / "rest", **settings)
    runner.fit(continued, data(photographs, num_workers=workers), ckpt_path=tmp_path / "part" / "at.ckpt")
    assert runner.global_step == 9
    assert same(weights(continued), weights(whole))


def test_a_run_continued_from_its_last_validation_equals_an_uninterrupted_one(
    photographs: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"max_epochs": 3, "enable_checkpointing": True}
    whole = fresh(gan)
    trainer(tmp_path / "whole", **settings).fit(whole, data(photographs))
    saving = ModelCheckpoint(tmp_path / "part", monitor="val/psnr", save_last=True)
    with pytest.raises(RuntimeError, match="interrupted"):
        trainer(tmp_path / "part", callbacks=[saving, Interrupt(5)], **settings).fit(fresh(gan), data(photographs))
    continued = gan()
    runner = trainer(tmp_path / "rest", **settings)
    runner.fit(continued, data(photographs), ckpt_path=tmp_path / "part" / "last.ckpt")
    assert runner.global_step == 9
    assert same(weights(continued), weights(whole))
