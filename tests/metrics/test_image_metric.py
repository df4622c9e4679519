"""Modules of other libraries become metrics of each image."""

import pytest
import torch
from torch import Tensor, nn
from torchmetrics.functional.image import visual_information_fidelity
from torchmetrics.image import (
    ErrorRelativeGlobalDimensionlessSynthesis,
    MultiScaleStructuralSimilarityIndexMeasure,
    VisualInformationFidelity,
)

from deblur_lightning.errors import UserError
from deblur_lightning.metrics import ImageMetric
from deblur_lightning.metrics.image_metric import as_metric


class Brightness(nn.Module):
    """Asks for the restored image alone."""

    def forward(self, image: Tensor) -> float:
        return image.mean().item()


class OfThree(nn.Module):
    def forward(self, one: Tensor, two: Tensor, three: Tensor) -> Tensor:
        return one + two + three


def pair(side: int = 44) -> tuple[Tensor, Tensor]:
    target = torch.rand(2, 3, side, side)
    return (target + torch.tensor([0.05, 0.2])[:, None, None, None] * torch.randn_like(target)).clamp(0, 1), target


def test_one_of_torchmetrics_is_called_image_by_image() -> None:
    metric, (preds, target) = as_metric(VisualInformationFidelity()), pair()
    assert metric.title == "visualinformationfidelity"
    assert metric.higher_is_better
    values = metric(preds, target)
    assert values.shape == (2,)
    for index in range(2):
        alone = slice(index, index + 1)
        assert values[index].item() == pytest.approx(visual_information_fidelity(preds[alone], target[alone]).item())
    assert torch.equal(metric(preds, target), values)


def test_no_image_is_kept() -> None:
    kept = ErrorRelativeGlobalDimensionlessSynthesis()
    as_metric(kept)(*pair())
    assert kept.preds == []
    kept(*pair())
    assert kept.preds != []  # what it does by itself


def test_one_that_needs_no_sharp_image_gets_none() -> None:
    metric, (preds, target) = as_metric(Brightness()), pair()
    assert metric.higher_is_better is None
    assert torch.allclose(metric(preds, target), preds.mean(dim=(1, 2, 3)))


def test_our_own_stay_as_they_are_and_what_takes_no_pair_is_refused() -> None:
    class Own(ImageMetric):
        title, higher_is_better = "own", True

        def forward(self, preds: Tensor, target: Tensor) -> Tensor:
            return (preds - target).abs().mean(dim=(1, 2, 3))

    own = Own()
    assert as_metric(own) is own
    assert own.told(0.5, 0.25) == "own: restored 0.5000, blurred 0.2500, higher is better"
    assert own.told(0.5) == "own: restored 0.5000, higher is better"
    with pytest.raises(UserError, match="OfThree is no metric"):
        as_metric(OfThree())


def test_what_it_cannot_score_is_told_in_a_line() -> None:
    metric = as_metric(MultiScaleStructuralSimilarityIndexMeasure(data_range=1.0))
    with pytest.raises(UserError, match=r"MultiScaleStructuralSimilarityIndexMeasure cannot score such images: .* 160"):
        metric(*pair())
