"""SRCNN's optimizer: the rates of its paper, layer by layer, and their schedule."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from deblur_lightning.errors import UserError
from deblur_lightning.methods.srcnn import SRCNNRestorer
from deblur_lightning.optim.schedules import Cosine
from tests.helpers.small import data, same, srcnn, trainer, weights


def fitted(photographs: Path, folder: Path, **settings: Any) -> SRCNNRestorer:
    torch.manual_seed(0)
    model = srcnn(**settings)
    trainer(folder, limit_val_batches=0).fit(model, data(photographs))
    return model


def moved(model: SRCNNRestorer) -> list[float]:
    """How far each convolution is from where it began."""
    torch.manual_seed(0)
    start = srcnn()
    pairs = zip(model.network.layers[::2], start.network.layers[::2], strict=True)
    return [float((now.weight - then.weight).detach().abs().max()) for now, then in pairs]  # type: ignore[union-attr]


def test_the_learning_rate_is_the_one_given(photographs: Path, tmp_path: Path) -> None:
    model = fitted(photographs, tmp_path, lr=0.125)
    optimizer: Any = model.optimizers()
    assert isinstance(optimizer.optimizer, torch.optim.Adam)
    assert [group["lr"] for group in optimizer.param_groups] == [0.125]


def test_the_last_layer_learns_at_a_rate_of_its_own(photographs: Path, tmp_path: Path) -> None:
    first, middle, last = moved(fitted(photographs, tmp_path, lr=1e-3, last_lr=1e-5))
    assert 5e-4 < first < 4e-3  # three steps of about the rate each
    assert 5e-4 < middle < 4e-3
    assert 5e-6 < last < 4e-5
    assert moved(fitted(photographs, tmp_path, lr=1e-3))[-1] > 5e-4


def test_the_schedule_counts(photographs: Path, tmp_path: Path) -> None:
    constant, falling = (weights(fitted(photographs, tmp_path, schedule=each)) for each in (None, Cosine()))
    assert not same(constant, falling)


def test_a_last_rate_needs_a_last_convolution(photographs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^last_lr=0.1: Linear has no convolution; leave it.$"):
        trainer(tmp_path).fit(SRCNNRestorer(nn.Linear(2, 2), last_lr=0.1), data(photographs))
    with pytest.raises(UserError, match=r"^last_lr=0.0: give a learning rate above 0.$"):
        srcnn(last_lr=0.0)
