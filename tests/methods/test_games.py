"""Every adversarial game and every distance trains a GAN, each its own way, also in mixed precision."""

from pathlib import Path
from typing import Any

import pytest
import torch

from deblur_lightning.losses.adversarial import (
    CrossEntropyGAN,
    HingeGAN,
    LeastSquaresGAN,
    RelativisticAverageGAN,
    WassersteinGP,
)
from deblur_lightning.losses.reconstruction import L1, SSIM, Charbonnier, FrequencyL1
from tests.helpers.small import data, gan, same, trainer, weights

GAMES = (CrossEntropyGAN, HingeGAN, LeastSquaresGAN, RelativisticAverageGAN, WassersteinGP)
DISTANCES = (L1, SSIM, Charbonnier, FrequencyL1)


@pytest.mark.parametrize("option", ["adversarial", "reconstruction"])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_each_loss_trains_its_own_way(option: str, precision: Any, photographs: Path, tmp_path: Path) -> None:
    trained = []
    for kind in GAMES if option == "adversarial" else DISTANCES:
        torch.manual_seed(0)
        model = gan(**{option: kind() if option == "adversarial" else [kind(weight=100.0)]})
        runner = trainer(tmp_path, precision=precision, max_epochs=2, limit_val_batches=0)
        runner.fit(model, data(photographs, batch_size=3))
        logged = runner.callback_metrics
        assert logged["train/loss_generator"].isfinite()
        assert ("train/loss_penalty" in logged) == (kind is WassersteinGP)
        if option == "reconstruction":
            assert logged[f"train/loss_{kind.title}"] > 0  # type: ignore[attr-defined]
        trained.append([*weights(model.network), *weights(model.discriminator)])  # type: ignore[arg-type]
    assert not any(same(one, other) for place, one in enumerate(trained) for other in trained[:place])
